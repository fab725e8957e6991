"""Particles through detector and field by Fatras, ACTS' fast track simulation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import Modules
from clew.detector.shapes import Description
from clew.simulation.blueprint import build_blueprint
from clew.simulation.field import write_field_map
from clew.simulation.generator import Generated
from clew.simulation.geometry import acts_modules, build_detector
from clew.simulation.volumes import kinds_of

__all__ = ["Crossings", "Transport", "transport"]

_LOWEST_MOMENTUM: Final = 0.05  # GeV


@dataclass(frozen=True)
class Crossings:
    """Where particles crossed modules, sorted by particle and along its path.

    Attributes
    ----------
    particle : ndarray of shape (n_crossings,), int64
        Row of the particle.
    module : ndarray of shape (n_crossings,), int32
        Row of the module.
    position : ndarray of shape (n_crossings, 3), float64, mm
    momentum : ndarray of shape (n_crossings, 3), float64, GeV
        Behind the module: after scattering and energy loss.
    """

    particle: Int64Array
    module: Int32Array
    position: Float64Array
    momentum: Float64Array

    def __len__(self) -> int:
        return len(self.module)

    def take(self, chosen: Any) -> Crossings:
        """Return some of the crossings, by mask or rows."""
        return Crossings(
            self.particle[chosen], self.module[chosen], self.position[chosen], self.momentum[chosen]
        )

    @classmethod
    def join(cls, parts: list[Crossings]) -> Crossings:
        """Return all crossings of the parts, one part after the other."""
        names = ("particle", "module", "position", "momentum")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Transport:
    """The detector, its field and its material, kept for all events of a process."""

    def __init__(self, material: bool = True, description: Description | None = None) -> None:
        self._material = material
        self.modules: Modules
        if description is None:
            self._take_trackml()
        else:
            self._take(description)
        self.kinds = kinds_of(self.modules, description)

    def _take(self, description: Description) -> None:
        import acts

        self._geometry, self.modules, self._rows = build_blueprint(description, self._material)
        self._field = acts.ConstantBField(acts.Vector3(0.0, 0.0, description.field * acts.UnitConstants.T))

    def _take_trackml(self) -> None:
        import acts

        self._detector = build_detector(self._material)
        self._geometry = self._detector.trackingGeometry()
        self.modules, self._rows = acts_modules(self._detector)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "field.txt"
            write_field_map(path)
            self._field = acts.MagneticFieldMapXyz(
                file=str(path), lengthUnit=acts.UnitConstants.mm, bFieldUnit=acts.UnitConstants.T
            )

    def cross(self, particles: Generated, seed: int) -> Crossings:
        """Carry charged particles through the detector.

        Parameters
        ----------
        particles : Generated
        seed : int
            Of scattering and energy loss.
        """
        import acts
        from acts.examples import FatrasSimulation, RandomNumbers, Sequencer
        from acts.examples.arrow import ArrowSimHitOutputConverter

        quiet = acts.logging.FATAL
        if len(particles) == 0:
            return self._collect(np.zeros((0, 3)), *(np.zeros(0),) * 8)
        source, sink = _elements(particles)
        sequencer = Sequencer(events=1, numThreads=1, logLevel=quiet, trackFpes=False)
        sequencer.addAlgorithm(source)
        sequencer.addAlgorithm(
            FatrasSimulation(
                level=quiet,
                inputParticles="particles",
                outputParticles="simulated",
                outputSimHits="crossings",
                randomNumbers=RandomNumbers(seed=seed),
                trackingGeometry=self._geometry,
                magneticField=self._field,
                generateHitsOnSensitive=True,
                emScattering=self._material,
                emEnergyLossIonisation=self._material,
                emEnergyLossRadiation=self._material,
                emPhotonConversion=False,
                pMin=_LOWEST_MOMENTUM,
            )
        )
        sequencer.addAlgorithm(
            ArrowSimHitOutputConverter(
                level=quiet, inputSimHits="crossings", inputParticles="particles", outputTable="table"
            )
        )
        sequencer.addAlgorithm(sink)
        sequencer.run()
        names = ("true_x", "true_y", "true_z", "time", "particle_id", "volume_id", "layer_id", "surface_id")
        return self._collect(sink.momentum, *(sink.columns[name] for name in names))

    def _collect(self, momentum: Float64Array, *columns: Any) -> Crossings:
        x, y, z, time, particle, volume, layer, surface = columns
        order = np.lexsort((time, particle))
        rows = self._rows[volume.astype(np.int64), layer.astype(np.int64), surface.astype(np.int64)]
        position = np.stack([x, y, z], axis=1).astype(np.float64)
        return Crossings(particle.astype(np.int64), rows, position, momentum).take(order)


@lru_cache(maxsize=2)
def transport(material: bool, description: Description | None = None) -> Transport:
    """Return this process's transport; building it takes a second."""
    return Transport(material, description)


def _elements(particles: Generated) -> tuple[Any, Any]:
    """Return the algorithms that hand particles to Fatras and take its crossings back."""
    import acts
    import pyarrow as pa
    from acts.arrow import ArrowTable
    from acts.examples import (
        IAlgorithm,
        ProcessCode,
        ReadDataHandle,
        SimHitContainer,
        SimParticleContainer,
        WriteDataHandle,
    )

    class Source(IAlgorithm):
        def __init__(self) -> None:
            super().__init__("source", acts.logging.FATAL)
            self._out = WriteDataHandle(self, SimParticleContainer, "particles")
            self._out.initialize("particles")

        def execute(self, context: Any) -> Any:
            self._out(context, _acts_particles(particles))
            return ProcessCode.SUCCESS

    class Sink(IAlgorithm):
        def __init__(self) -> None:
            super().__init__("sink", acts.logging.FATAL)
            self._hits = ReadDataHandle(self, SimHitContainer, "crossings")
            self._hits.initialize("crossings")
            self._table = ReadDataHandle(self, ArrowTable, "table")
            self._table.initialize("table")
            self.columns: dict[str, Any] = {}
            self.momentum: Float64Array = np.zeros((0, 3))

        def execute(self, context: Any) -> Any:
            batch = pa.RecordBatch._import_from_c_capsule(
                *self._table(context.eventStore).__arrow_c_array__()
            )
            columns = {name: batch.column(name).values.to_numpy() for name in batch.schema.names}
            known = columns["particle_id"] < len(particles)
            self.columns = {name: column[known].copy() for name, column in columns.items()}
            hits = compress(self._hits(context.eventStore), known)
            vectors = [hit.momentum4After for hit in hits]
            flat = [(p[0], p[1], p[2]) for p in vectors]
            self.momentum = np.array(flat, dtype=np.float64).reshape(-1, 3)
            return ProcessCode.SUCCESS

    return Source(), Sink()


def _acts_particles(particles: Generated) -> Any:
    from acts import PdgParticle, Vector3, Vector4
    from acts.examples import SimParticle, SimParticleContainer
    from acts.fatras import Barcode

    container = SimParticleContainer()
    momentum = np.linalg.norm(particles.momentum, axis=1)
    direction = (particles.momentum / momentum[:, None]).tolist()
    columns = (particles.pdg.tolist(), particles.position.tolist(), direction, momentum.tolist())
    for number, (pdg, position, towards, size) in enumerate(zip(*columns, strict=True), start=1):
        barcode = Barcode()
        barcode.vertexPrimary = 1
        barcode.particle = number
        particle = SimParticle(barcode, PdgParticle(pdg))
        particle.fourPosition = Vector4(*position, 0.0)
        particle.direction = Vector3(*towards)
        particle.absoluteMomentum = size
        container.insert(particle)
    return container
