from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clew.tracks import NO_HIT, Candidates, Seeds

ROWS = st.lists(st.lists(st.integers(0, 50), max_size=7), max_size=6)


def candidates(rows: list[list[int]]) -> Candidates:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Candidates(np.array([hit for row in rows for hit in row], dtype=np.int32), offsets)


def rows(found: Candidates) -> list[list[int]]:
    return [found[i].tolist() for i in range(len(found))]


@given(ROWS)
def test_head_and_tail_are_slices(lists: list[list[int]]) -> None:
    found = candidates(lists)
    for row, head, tail in zip(lists, found.head(3), found.tail(3), strict=True):
        assert head[head != NO_HIT].tolist() == row[:3]
        assert tail[tail != NO_HIT].tolist() == row[-3:]


@given(ROWS)
def test_rows_come_back_from_a_padded_array(lists: list[list[int]]) -> None:
    assert rows(Candidates.from_rows(candidates(lists).head(7))) == lists


@given(ROWS, st.data())
def test_selecting_picks_whole_candidates(lists: list[list[int]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, max(0, len(lists) - 1)), max_size=4) if lists else st.just([]))
    picked = candidates(lists).select(np.array(chosen, dtype=np.int64))
    assert rows(picked) == [lists[i] for i in chosen]


@given(ROWS)
def test_reversing_twice_is_nothing(lists: list[list[int]]) -> None:
    assert rows(candidates(lists).reversed().reversed()) == lists
    assert rows(candidates(lists).reversed()) == [row[::-1] for row in lists]


def test_extension_goes_behind_and_before() -> None:
    middle = candidates([[1, 2], [3], [4]])
    outward = candidates([[5], [], [6, 7]])
    inward = candidates([[8, 9], [10], []])
    assert rows(middle.extended(outward, inward)) == [[9, 8, 1, 2, 5], [10, 3], [4, 6, 7]]


def test_spread_leaves_the_others_empty() -> None:
    assert rows(candidates([[1, 2], [3]]).spread(np.array([1, 3]), 5)) == [[], [1, 2], [], [3], []]


def test_concatenation_keeps_order() -> None:
    assert rows(Candidates.concatenate([candidates([[1], []]), candidates([[2, 3]])])) == [[1], [], [2, 3]]


def test_labels_start_at_one_and_mark_free_hits_zero() -> None:
    assert candidates([[3], [0, 1]]).labels(5).tolist() == [2, 2, 0, 1, 0]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_labels_survive_the_way_through_candidates(values: list[int]) -> None:
    labels = np.array(values, dtype=np.int32)
    again = Candidates.from_labels(labels).labels(len(labels))
    assert ((labels[:, None] == labels) & (labels[:, None] > 0)).tolist() == (
        (again[:, None] == again) & (again[:, None] > 0)
    ).tolist()


def test_candidates_from_labels_follow_the_given_order() -> None:
    labels = np.array([7, 0, 7, 2, 7], dtype=np.int32)
    assert rows(Candidates.from_labels(labels, np.array([4, 3, 2, 1, 0]))) == [[3], [4, 2, 0]]


def test_no_candidates_have_no_hits() -> None:
    assert rows(Candidates.empty(2)) == [[], []]
    assert Candidates.empty(2).labels(3).tolist() == [0, 0, 0]


def test_triplets_are_the_first_hits_on_three_layers() -> None:
    layer = np.array([7, 7, 8, 8, 9, 10, 7], dtype=np.int32)
    found = candidates([[0, 1, 2, 3, 4, 5], [6, 2, 3], [], [1, 3, 5, 4]])
    assert found.triplets(layer).tolist() == [[0, 2, 4], [1, 3, 5]]
    assert Candidates.empty().triplets(layer).shape == (0, 3)


def test_seeds_of_passes_are_put_together_the_shorter_padded() -> None:
    three = Seeds(np.array([[1, 2, 3]], dtype=np.int32), Candidates.empty(), np.zeros(1), 4)
    five = Seeds(np.array([[4, 5, 6, 7, 8]], dtype=np.int32), candidates([[4, 5, 6, 7, 8, 9]]))
    both = Seeds.concatenate([three, five])
    assert both.hits.tolist() == [[1, 2, 3, NO_HIT, NO_HIT], [4, 5, 6, 7, 8]]
    assert both.hits.dtype == np.int32
    assert rows(both.found) == [[4, 5, 6, 7, 8, 9]]
