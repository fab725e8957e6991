"""Where a helix meets cylinders and discs, against circles cut by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.detector import trackml
from clew.motion.crossings import HELIX, arc_to_layer, bend, next_crossing, propagate
from clew.records import new_record

SURFACES = trackml().surfaces
FIRST, SECOND, DISC = 7, 8, 11  # cylinders of 32 and 72 mm, the disc at z = 600 mm
AHEAD, AGAIN = 8.0, 30.0  # mm; the least arcs of the TrackML detector


def helix_at(x: float, y: float, z: float, psi: float, curvature: float, slope: float) -> Any:
    helix = new_record(HELIX)
    helix.x, helix.y, helix.z = x, y, z
    helix.psi, helix.curvature, helix.slope = psi, curvature, slope
    return helix


def arcs_on_circle(x: float, y: float, psi: float, curvature: float, radius: float) -> list[float]:
    """Return the arcs within a turn at which a circle cuts another one around the origin."""
    own = 1 / curvature  # signed: the centre is to the left
    centre = np.array([x - own * np.sin(psi), y + own * np.cos(psi)])
    distance = np.hypot(*centre)
    along = (radius**2 - own**2 + distance**2) / (2 * distance)
    if radius <= abs(along):
        return []
    across = np.sqrt(radius**2 - along**2)
    towards = centre / distance
    arcs = []
    for side in (1, -1):
        point = along * towards + side * across * np.array([-towards[1], towards[0]])
        start, end = np.array([x, y]) - centre, point - centre
        turn = np.arctan2(end[1], end[0]) - np.arctan2(start[1], start[0])
        arcs.append((np.sign(curvature) * turn) % (2 * np.pi) * abs(own))
    return arcs


@settings(deadline=None)  # the first example compiles
@given(
    r=st.floats(20.0, 150.0),
    psi=st.floats(-3.1, 3.1),
    curvature=st.floats(1e-4, 2e-2),
    left=st.booleans(),
    again=st.booleans(),
)
def test_a_circle_meets_a_cylinder_where_it_is_cut_by_hand(
    r: float, psi: float, curvature: float, left: bool, again: bool
) -> None:
    curvature = curvature if left else -curvature
    least, turn = AGAIN if again else AHEAD, 2 * np.pi / abs(curvature)
    cut = arcs_on_circle(r, 0.0, psi, curvature, 72.0)
    # a cut that is as far as the least arc, or where the circles but touch, is decided by rounding
    if any(abs(arc - edge) < 1e-3 for arc in cut for edge in (0.0, least, turn)):
        return
    if len(cut) == 2 and abs(cut[0] - cut[1]) < 1e-2:
        return
    expected = min((arc if arc > least else arc + turn for arc in cut), default=np.inf)
    arc = arc_to_layer(r, 0.0, 0.0, (np.cos(psi), np.sin(psi)), curvature, 0.0, SURFACES[SECOND], again)
    assert arc == pytest.approx(expected, rel=1e-6)


def test_a_straight_line_meets_a_cylinder_ahead() -> None:
    arc = arc_to_layer(32.0, 0.0, 0.0, (1.0, 0.0), 0.0, 0.0, SURFACES[SECOND], False)
    assert arc == pytest.approx(40.0, abs=1e-3)
    through_the_middle = arc_to_layer(32.0, 0.0, 0.0, (-1.0, 0.0), 0.0, 0.0, SURFACES[SECOND], False)
    assert through_the_middle == pytest.approx(104.0, abs=1e-3)


@pytest.mark.parametrize(
    ("z", "slope", "expected"),
    [
        (500.0, 2.0, 50.0),
        (700.0, -2.0, 50.0),
        (500.0, -2.0, np.inf),
        (500.0, 0.0, np.inf),
        (592.1, 2.0, np.inf),
        (591.9, 2.0, 4.05),
        (607.9, -2.0, np.inf),
        (608.1, -2.0, 4.05),
    ],
)
def test_a_helix_meets_a_disc_ahead_of_it(z: float, slope: float, expected: float) -> None:
    arc = arc_to_layer(50.0, 0.0, z, (1.0, 0.0), 1e-3, slope, SURFACES[DISC], False)
    assert arc == pytest.approx(expected)


@pytest.mark.parametrize("curvature", [2e-3, -2e-3, 1e-13])
def test_a_helix_goes_along_its_circle(curvature: float) -> None:
    helix = helix_at(10.0, -5.0, 3.0, 0.4, curvature, 0.7)
    propagate(helix, 200.0)
    turned = 0.4 + 200.0 * curvature
    if abs(curvature) > 1e-6:
        x = 10.0 + (np.sin(turned) - np.sin(0.4)) / curvature
        y = -5.0 - (np.cos(turned) - np.cos(0.4)) / curvature
    else:
        x, y = 10.0 + 200.0 * np.cos(0.4), -5.0 + 200.0 * np.sin(0.4)
    found = (helix.x, helix.y, helix.z, helix.psi)
    assert found == pytest.approx((x, y, 3.0 + 140.0, turned), rel=1e-9)


def test_a_flat_track_crosses_the_cylinders_in_their_order_and_leaves() -> None:
    helix, layer, met = helix_at(0.0, 0.0, 0.0, 0.3, 1e-8, 0.0), -1, []
    while True:
        layer, arc = next_crossing(helix, layer, SURFACES, 1060.0, 0.0)
        propagate(helix, arc)
        met.append((layer, round(float(np.hypot(helix.x, helix.y)), 3)))
        if layer < 0:
            break
    cylinders = [(k, float(SURFACES[k].position)) for k in (7, 8, 9, 10, 24, 25, 26, 27, 40, 41)]
    assert met == [*cylinders, (-1, 1060.0)]


@pytest.mark.parametrize(("slope", "layer"), [(491.0 / 32.0 - 0.01, 7), (491.0 / 32.0 + 0.01, 11)])
def test_a_cylinder_ends_at_its_reach(slope: float, layer: int) -> None:
    helix = helix_at(0.0, 0.0, 0.0, 0.0, 1e-8, slope)
    assert next_crossing(helix, -1, SURFACES, 1060.0, 0.0)[0] == layer


@pytest.mark.parametrize(
    ("r", "margin", "layer"),
    [
        (30.1, 0.0, 0),
        (29.9, 0.0, -1),
        (29.9, 0.2, 0),
        (176.4, 0.0, 0),
        (176.6, 0.0, -1),
        (176.6, 0.2, 0),
    ],
)
def test_a_disc_has_an_inner_and_an_outer_edge(r: float, margin: float, layer: int) -> None:
    helix = helix_at(r, 0.0, 500.0, 0.5 * np.pi, 1e-8, 1e3)  # it meets the disc after 0.1 mm
    assert next_crossing(helix, -1, SURFACES[[DISC]], 1060.0, margin)[0] == layer


def test_the_curvature_follows_the_field_of_the_coil() -> None:
    solenoid = trackml().solenoid
    centre = solenoid.centre[2]
    helix = helix_at(0.0, 0.0, 1000.0, 0.0, 0.0, 2.0)
    bend(helix, 500.0, solenoid.map, 200.0, 1e-3, centre)
    _, axial = solenoid.field(np.zeros(2), np.array([1500.0 - centre, 200.0 - centre]))
    assert helix.curvature == pytest.approx(1e-3 * axial[0] / axial[1], rel=1e-6)
    assert helix.curvature < 0.999e-3
