import pytest

from clew.errors import InputError
from clew.plots import draw_learning_curve

LOG = "epoch,learning_rate,loss,val_loss\n0,0.001,0.5,0.6\n1,0.001,0.2,0.25\n2,0.001,0.1,0.3\n"


@pytest.mark.parametrize("text", [LOG, "epoch,loss\n0,0.5\n"])
def test_draws_a_log_with_and_without_validation(text, png_size, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(text)
    path = draw_learning_curve(log, tmp_path / "curve.png")
    assert png_size(path) == (1200, 750)


@pytest.mark.parametrize(
    "text", ["", "epoch,loss\n", "epoch,mae\n0,1\n", "epoch,loss\n0,low\n", "epoch,loss\n0\n"]
)
def test_refuses_what_is_no_log(text, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(text)
    with pytest.raises(InputError, match=r"log\.csv"):
        draw_learning_curve(log, tmp_path / "curve.png")
    assert not (tmp_path / "curve.png").exists()


def test_refuses_a_missing_log(tmp_path):
    with pytest.raises(InputError, match=r"no\.csv: cannot read"):
        draw_learning_curve(tmp_path / "no.csv", tmp_path / "curve.png")
