import pytest

from clew.plots import draw_times


def test_draws_a_bar_per_row(png_size, tmp_path):
    rows = {"one": {"seeding": 1.0, "fitting": 2.0}, "two": {"seeding": 0.5, "ensemble": 0.1}}
    path = draw_times(rows, tmp_path / "times.png", "s per event")
    assert png_size(path) == (1500, 450)


def test_the_picture_grows_with_the_rows(png_size, tmp_path):
    row = {"seeding": 1.0}
    assert png_size(draw_times({"one": row}, tmp_path / "one.png"))[1] < 450


def test_an_error_while_drawing_leaves_the_old_picture(tmp_path):
    path = tmp_path / "times.png"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="Unknown symbol"):
        draw_times({r"$\nonsense$": {"seeding": 1.0}}, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
