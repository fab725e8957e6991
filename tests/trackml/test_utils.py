from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import InputError
from clew.trackml import utils

COMPONENTS = ["vertex_id", "primary_id", "generation", "secondary_id", "process"]


def test_decode_particle_id_by_hand() -> None:
    # 0x004 | 0x0001 | 0x002 | 0x003 | 0x06f, and the particle whose every bit is set.
    frame = pd.DataFrame({"particle_id": [0x004_0001_002_003_06F, 0, -1]})
    found = utils.decode_particle_id(frame)
    assert found is frame
    assert list(found.columns) == ["particle_id", *COMPONENTS]
    assert found[COMPONENTS].to_numpy().tolist() == [
        [4, 1, 2, 3, 111],
        [0, 0, 0, 0, 0],
        [0xFFF, 0xFFFF, 0xFFF, 0xFFF, 0xFFF],
    ]
    assert {str(dtype) for dtype in found[COMPONENTS].dtypes} == {"uint64"}


FIELD = st.integers(0, 0xFFF)
PARTICLES = st.tuples(st.integers(0, 0x7FF), st.integers(0, 0xFFFF), FIELD, FIELD, FIELD)


@given(st.lists(PARTICLES, min_size=1, max_size=20))
def test_decode_particle_id_undoes_packing(particles) -> None:
    packed = [v << 52 | p << 36 | g << 24 | s << 12 | c for v, p, g, s, c in particles]
    found = utils.decode_particle_id(pd.DataFrame({"particle_id": packed}))
    assert list(map(tuple, found[COMPONENTS].to_numpy().tolist())) == particles


@pytest.mark.parametrize("prefix", ["", "t"])
def test_position_quantities_by_hand(prefix: str) -> None:
    frame = pd.DataFrame({f"{prefix}x": [3.0, -1.0], f"{prefix}y": [4.0, 0.0], f"{prefix}z": [12.0, 0.0]})
    found = utils.add_position_quantities(frame, prefix=prefix)
    assert found is frame
    assert found[f"{prefix}rho"].tolist() == [5, 1]
    assert found[f"{prefix}r"].tolist() == [13, 1]
    np.testing.assert_allclose(found[f"{prefix}phi"], [np.arctan2(4, 3), np.pi])


@pytest.mark.parametrize("prefix", ["", "t"])
def test_momentum_quantities_by_hand(prefix: str) -> None:
    frame = pd.DataFrame({f"{prefix}px": [3.0, 0.0], f"{prefix}py": [4.0, -2.0], f"{prefix}pz": [12.0, 0.0]})
    found = utils.add_momentum_quantities(frame, prefix=prefix)
    assert found is frame
    assert found[f"{prefix}pt"].tolist() == [5, 2]
    assert found[f"{prefix}p"].tolist() == [13, 2]
    np.testing.assert_allclose(found[f"{prefix}pphi"], [np.arctan2(4, 3), -np.pi / 2])
    np.testing.assert_allclose(found[f"{prefix}peta"], [np.log(5), 0])


def test_quantities_need_their_columns() -> None:
    with pytest.raises(InputError, match="data: no column tx, ty, tz"):
        utils.add_position_quantities(pd.DataFrame({"x": [1.0]}), prefix="t")
    with pytest.raises(InputError, match="data: no column pz"):
        utils.add_momentum_quantities(pd.DataFrame({"px": [1.0], "py": [1.0]}))
    with pytest.raises(InputError, match="data: no column particle_id"):
        utils.decode_particle_id(pd.DataFrame({"px": [1.0]}))
