from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clew.errors import InputError
from clew.trackml import weights

PRIMARY = 4 << 52 | 1 << 36
SECONDARY = PRIMARY | 2 << 24 | 3 << 12 | 111
FOUR = np.array([10, 16 / 3, 3, 6]) / (10 + 16 / 3 + 3 + 6)


def two_particles() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a primary of pT 3 GeV, a secondary of pT 0.5 GeV, both of four hits, and one noise hit."""
    particles = pd.DataFrame(
        {
            "particle_id": [SECONDARY, PRIMARY],
            "vz": np.array([10, -1], dtype="f4"),
            "px": np.array([0.3, 0], dtype="f4"),
            "py": np.array([0.4, 3], dtype="f4"),
            "nhits": [4, 4],
        }
    )
    truth = pd.DataFrame(
        {
            "hit_id": [9, 5, 7, 1, 2, 3, 4, 6, 8],
            "particle_id": [PRIMARY] * 4 + [0] + [SECONDARY] * 4,
            "tz": np.array([1, 2, 3, 4, 0, 0, 6, 12, 9], dtype="f4"),
            "weight": np.float32(0),
        },
        index=range(100, 109),
    )
    return truth, particles


def test_phase1_weights_by_hand() -> None:
    truth, particles = two_particles()
    found = weights.weight_hits_phase1(truth, particles)
    columns = ["hit_id", "particle_id", "tz", "weight", "particle_nhits", "weight_pt", "ihit", "weight_order"]
    assert list(found.columns) == columns
    assert found.hit_id.tolist() == truth.hit_id.tolist()
    assert found.index.tolist() == list(range(9))
    assert found.particle_nhits.tolist() == [4, 4, 4, 4, 0, 4, 4, 4, 4]
    assert found.ihit.tolist() == [0, 1, 2, 3, 0, 3, 2, 1, 0]
    order = np.concatenate([FOUR, [0], FOUR[[3, 2, 1, 0]]])
    np.testing.assert_allclose(found.weight_order, order)
    np.testing.assert_allclose(found.weight_pt, [1] * 4 + [0] + [0.2] * 4)
    np.testing.assert_allclose(found.weight, order * found.weight_pt / 1.2)
    assert found.weight.sum() == pytest.approx(1)


def test_phase2_weights_by_hand() -> None:
    truth, particles = two_particles()
    found = weights.weight_hits_phase2(truth, particles)
    np.testing.assert_allclose(found.weight, np.append(FOUR, np.zeros(5)))
    assert found.generation.fillna(-1).tolist() == [0] * 4 + [-1] + [2] * 4
    assert found.vertex_id.dropna().unique().tolist() == [4]
    expected = ["vertex_id", "primary_id", "generation", "secondary_id", "process", "ihit", "weight_order"]
    assert list(found.columns)[6:] == expected


def test_weights_leave_their_input_alone() -> None:
    truth, particles = two_particles()
    truth_before, particles_before = truth.copy(), particles.copy()
    weights.weight_hits_phase1(truth, particles)
    weights.weight_hits_phase2(truth, particles)
    pd.testing.assert_frame_equal(truth, truth_before)
    pd.testing.assert_frame_equal(particles, particles_before)


def test_weights_refuse_bad_particles() -> None:
    truth, particles = two_particles()
    with pytest.raises(InputError, match="particles: no column nhits"):
        weights.weight_hits_phase1(truth, particles.drop(columns="nhits"))
    with pytest.raises(InputError, match="occurs a second time"):
        weights.weight_hits_phase1(truth, pd.concat([particles, particles]))
    with pytest.raises(InputError, match="same event"):
        weights.weight_hits_phase2(pd.concat([truth, truth]), particles)
