"""Clew as it is used in a notebook: what objects show, data frames in and out, names that complete."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

import clew
from clew.cli.main import main
from clew.detector import trackml
from clew.event import Event
from clew.pipeline import Pipeline, Preset, Reconstruction


@pytest.fixture(scope="module")
def pipeline(plain_preset: str) -> Pipeline:
    return Pipeline.from_preset(Preset.parse(plain_preset, "plain", "here"))


@pytest.fixture(scope="module")
def toy(make_toy_event: Callable[..., Event]) -> Event:
    return make_toy_event(60, seed=4, smear=0.01, noise=50)


@pytest.fixture(scope="module")
def result(pipeline: Pipeline, toy: Event) -> Reconstruction:
    return pipeline.reconstruct(toy)


class TestWhatObjectsShow:
    def test_events_tell_their_sizes(self, toy: Event) -> None:
        n, n_particles = len(toy.hits), len(toy.particles.particle_id) if toy.particles else 0
        text = f"Event(event_id={toy.event_id}, hits={n}, cells=None, detector='TrackML', "
        assert repr(toy) == f"{text}particles={n_particles}, truth=True)"
        assert repr(toy.hits) == f"Hits(hits={n}, cells=None, detector='TrackML')"
        assert len(repr(toy.truth)) < 100
        assert len(repr(toy.particles)) < 100

    def test_reconstructions_tell_what_was_found(self, result: Reconstruction) -> None:
        assert f"tracks={result.n_tracks}" in repr(result)
        assert len(repr(result)) < 200

    def test_presets_tell_their_methods(self) -> None:
        shown = repr(Preset.load("clew"))
        assert shown.startswith(
            "Preset(name='clew', seeding='8 x ranked-triplets, overlaps', extend='recurrent'"
        )

    def test_a_notebook_gets_a_small_table(self, toy: Event, result: Reconstruction) -> None:
        for shown in (toy, toy.hits, result, Preset.load("finnie"), trackml()):
            html = shown._repr_html_()
            assert html.startswith("<table>")
            assert html.endswith("</table>")
            assert len(html) < 1000
        assert "<td>18,728</td>" in trackml()._repr_html_()

    def test_names_are_no_html(self, plain_preset: str) -> None:
        html = Preset.parse(plain_preset, "<b>&", "here")._repr_html_()
        assert "&lt;b&gt;&amp;" in html
        assert "<b>" not in html


class TestDataFrames:
    def test_events_survive_data_frames(self, toy: Event) -> None:
        frames = {part: toy.to_pandas(part) for part in ("hits", "particles", "truth")}
        again = clew.Event.from_pandas(**frames, event_id=toy.event_id)
        for part, frame in frames.items():
            pd.testing.assert_frame_equal(again.to_pandas(part), frame)

    def test_index_and_further_columns_are_left_aside(self, toy: Event) -> None:
        hits = toy.to_pandas().sample(frac=1, random_state=1)
        again = clew.Event.from_pandas(hits.assign(colour="red"))
        assert again.hits.hit_id.tolist() == hits["hit_id"].tolist()
        assert again.truth is None

    def test_a_data_frame_is_reconstructed_as_its_event(
        self, pipeline: Pipeline, toy: Event, result: Reconstruction
    ) -> None:
        labels = pipeline.reconstruct(toy.to_pandas()).labels
        np.testing.assert_array_equal(labels, result.labels)

    def test_tracks_come_as_a_data_frame(self, toy: Event, result: Reconstruction) -> None:
        frame = result.to_pandas()
        assert frame.columns.tolist() == ["hit_id", "track_id"]
        np.testing.assert_array_equal(frame["hit_id"], toy.hits.hit_id)
        np.testing.assert_array_equal(frame["track_id"], result.labels)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda hits: hits.drop(columns="z"), r"^data frame of hits: column z is missing"),
            (
                lambda hits: hits.assign(x=np.where(hits.index == 2, np.nan, hits["x"])),
                r"of hits, data row 3: x is",
            ),
            (lambda hits: hits.assign(x="far"), r"^data frame of hits: "),
            (lambda hits: hits.assign(hit_id=7), r"^data frame of hits, data row 2: hit_id 7 is also in"),
            (lambda hits: pd.concat([hits, hits[["x"]]], axis=1), r"^data frame of hits: "),
        ],
    )
    def test_wrong_data_frames_are_refused_in_one_line(
        self, toy: Event, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
    ) -> None:
        with pytest.raises(clew.InputError, match=message) as error:
            clew.Event.from_pandas(change(toy.to_pandas()))
        assert "\n" not in str(error.value)

    def test_a_table_that_there_is_not_is_refused(self, toy: Event) -> None:
        with pytest.raises(
            clew.InputError, match="has no table 'cells': choose one of hits, particles, truth"
        ):
            toy.to_pandas("cells")


class TestScore:
    def test_the_truth_scores_one(self, toy: Event) -> None:
        assert toy.truth is not None
        _, labels = np.unique(toy.truth.particle_id, return_inverse=True)
        assert clew.score(labels, toy) == pytest.approx((1.0, 1.0))

    def test_a_reconstruction_scores_as_its_labels(self, toy: Event, result: Reconstruction) -> None:
        scores = clew.score(result, toy)
        assert scores == clew.score(result.labels, toy)
        assert 0.5 < scores.phase1 <= 1.0

    def test_what_cannot_be_scored_is_refused(self, toy: Event, result: Reconstruction) -> None:
        with pytest.raises(clew.InputError, match="there are 3 labels"):
            clew.score(np.array([1, 1, 2]), toy)
        with pytest.raises(clew.InputError, match="has no truth"):
            clew.score(result, Event(1, toy.hits))


class TestWrongTypes:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda toy: clew.Event.from_pandas(toy.hits), "hits must be a pandas DataFrame, not a Hits"),
            (lambda toy: clew.Pipeline.from_preset(5), "a preset is a name, .* not a int"),
            (lambda toy: clew.score(0.5, toy), "score takes a Reconstruction or integer labels, not a float"),
            (lambda toy: clew.score(np.array([1]), toy.hits), "score takes the Event .* not a Hits"),
        ],
    )
    def test_wrong_types_are_named_with_the_right_one(
        self, toy: Event, call: Callable[[Event], object], message: str
    ) -> None:
        with pytest.raises(TypeError, match=message):
            call(toy)

    def test_the_pipeline_says_what_it_takes(self, pipeline: Pipeline) -> None:
        with pytest.raises(TypeError, match="takes an Event, its Hits or a DataFrame of hits, not a list"):
            pipeline.reconstruct([1, 2, 3])  # type: ignore[arg-type]


def python(*arguments: str) -> str:
    """Return what a new interpreter prints."""
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True).stdout


class TestNames:
    def test_public_names_and_submodules_complete(self) -> None:
        assert {"Pipeline", "score", "plots", "trackml", "detector", "__version__"} <= set(dir(clew))
        for name in clew.__all__:
            assert getattr(clew, name).__module__.startswith("clew.")

    def test_submodules_are_loaded_when_first_used(self) -> None:
        code = (
            "import sys, clew; assert not [m for m in sys.modules if m.startswith('clew.')];"
            "print(clew.trackml.score.__name__)"
        )
        printed = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        assert printed == "clew.trackml.score\n"

    def test_what_there_is_not_is_no_attribute(self) -> None:
        assert not hasattr(clew, "minotaur")
        assert not hasattr(clew, "_minotaur")

    def test_the_version_is_that_of_the_package(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert clew.__version__ == version("clew")
        with pytest.raises(SystemExit) as stopped:
            main(["--version"])
        assert stopped.value.code == 0
        assert capsys.readouterr().out == f"clew {clew.__version__}\n"

    def test_the_package_runs_as_a_module(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "clew", "--version"], capture_output=True, text=True, check=True
        )
        assert done.stdout == f"clew {clew.__version__}\n"


def test_train_and_info_list_the_same_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("tasks"))
    assert main(["train", "x", "--validation", "x", "-o", "x", "--task", "none"]) == 2
    assert capsys.readouterr().err.rstrip().endswith(f"choose one of {line.removeprefix('tasks').strip()}")
