from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from clew.errors import ConfigError
from clew.extend.windows.grower import FollowConfig
from clew.pipeline.preset import DEFAULT_PRESET, Preset, available_presets


@pytest.mark.parametrize("name", available_presets())
def test_shipped_presets_survive_writing_and_reading(name: str) -> None:
    preset = Preset.load(name)
    again = Preset.parse(preset.to_toml(), name, "here")
    assert again.resolved() == preset.resolved()
    assert again.to_toml() == preset.to_toml()


def test_the_default_is_shipped() -> None:
    assert DEFAULT_PRESET in available_presets()


def test_a_preset_may_be_a_file(plain_preset: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"{plain_preset}\n[follow]\noutward = 1\n")
    preset = Preset.load(path)
    assert preset.name == "mine"
    assert preset.follow == FollowConfig(outward=1)


def test_the_resolved_preset_names_settings_left_at_their_default(plain_preset: str) -> None:
    resolved = Preset.parse(plain_preset, "plain", "here").resolved()
    assert "neighbours" in resolved["fitting"]
    assert resolved["follow"] == {"outward": FollowConfig().outward, "inward": FollowConfig().inward}


def test_settings_that_are_none_are_left_out_of_the_resolved_preset(plain_preset: str) -> None:
    text = plain_preset.replace('method = "helix"', 'method = "network"')
    (table,) = Preset.parse(text, "plain", "here").resolved()["extend"]
    assert "network" not in table
    assert "field_offset" not in table["helix"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[seeding]", "[seeding", "^here: not valid TOML"),
        (
            "[seeding]",
            "[fiting]\n[seeding]",
            "^here: unknown key 'fiting': choose among description, base, seeding",
        ),
        ("[fitting]", "[follow]", r"^here: the table \[fitting\] is missing"),
        ("[[extend]]", "[extend]", r"^here: extend must be a list: write \[\[extend\]\]"),
        ("[seeding]\nmethod", "seeding", "^here: seeding must be a table"),
        ("[seeding]", "base = 3\n[seeding]", "^here: base must be the name of a preset or of a .toml file"),
        ("[seeding]", "base = 'fini'\n[seeding]", "^here, base: unknown preset 'fini': choose one of"),
        ("[seeding]", "base = 'no.toml'\n[seeding]", "^here, base: no.toml: cannot read the preset"),
        ('"nearest"', '"nearby"', r"\[fitting\]: unknown method 'nearby': choose one of"),
        ('"nearest"', '"nearest"\nneighbors = 3', r"\[fitting\]: unknown key 'neighbors'"),
        ('"helix"', '"helix"\nwings = 2', r"\[\[extend\]\] number 1: unknown key 'wings'"),
        ("[seeding]", "[follow]\noutwards = 2\n[seeding]", r"^here, \[follow\]: unknown key 'outwards'"),
        ("[seeding]", '[follow]\noutward = "far"\n[seeding]', r"^here, \[follow\]: outward: .*integer"),
    ],
)
def test_wrong_presets_are_refused_with_place_and_remedy(
    plain_preset: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        Preset.parse(plain_preset.replace(old, new), "plain", "here")
    assert "\n" not in str(error.value)


def test_unknown_presets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown preset 'fini': choose one of .*finnie"):
        Preset.load("fini")
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot read the preset"):
        Preset.load(tmp_path / "nowhere.toml")


def test_what_a_preset_gives_is_put_over_its_base() -> None:
    text = """
    base = "sprace"
    [fitting]
    max_distance = 4.0
    [ensemble]
    method = "claims"
    [follow]
    inward = 1
    """
    mine, base = (Preset.parse(text, "mine", "here").resolved(), Preset.load("sprace").resolved())
    assert mine["fitting"] == base["fitting"] | {"max_distance": 4.0}  # no method: merged
    assert mine["ensemble"]["method"] == "claims"  # a method: replaced
    assert "max_lost" not in mine["ensemble"]
    assert mine["follow"] == {"outward": base["follow"]["outward"], "inward": 1}
    assert mine["seeding"] == base["seeding"]


def test_lists_replace_those_of_the_base() -> None:
    text = 'base = "finnie"\n[[extend]]\nmethod = "helix"\n[seeding]\n[[seeding.passes]]\neps = 0.1\n'
    mine = Preset.parse(text, "mine", "here").resolved()
    assert [table["method"] for table in mine["extend"]] == ["helix"]
    assert mine["seeding"]["method"] == "unrolled"
    assert [one["eps"] for one in mine["seeding"]["passes"]] == [0.1]


def test_a_base_may_be_a_file_that_has_one_itself(tmp_path: Path) -> None:
    lower, upper = tmp_path / "lower.toml", tmp_path / "upper.toml"
    lower.write_text('base = "clew"\ndescription = "lower"\n[fitting]\npull = 4.0\n')
    upper.write_text(f'base = "{lower}"\n[ensemble]\nleast_hits = 5\n')
    mine = Preset.load(upper)
    assert mine.name == "upper"
    assert len(mine.seeding) == len(Preset.load("clew").seeding)
    assert (mine.fitting["pull"], mine.fitting["least_gain"]) == (4.0, 1.0)
    assert mine.ensemble["least_hits"] == 5
    assert "base" not in mine.to_toml()


def test_bases_in_a_circle_are_refused(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(f'base = "{other}"\n')
    other.write_text(f'base = "{one}"\n')
    with pytest.raises(ConfigError, match=r"base goes in a circle, .*one.toml -> .*other.toml -> .*one.toml"):
        Preset.load(one)


@pytest.mark.parametrize("name", ["tracknet", "finnie-wide", "sprace"])
def test_shipped_presets_on_a_base_hold_only_what_differs(name: str) -> None:
    text = (resources.files("clew.pipeline.presets") / f"{name}.toml").read_text(encoding="utf-8")
    assert "base = " in text
    assert "[ensemble]" not in text
    assert Preset.load(name).ensemble["method"]


def test_fingerprint_follows_the_content_of_the_weights(tmp_path: Path) -> None:
    (name,) = {table["weights"] for table in Preset.load("clew").resolved()["extend"]}
    for ending in (".npz", ".json"):
        shipped = resources.files("clew.extend.weights") / f"{name}{ending}"
        (tmp_path / f"net{ending}").write_bytes(shipped.read_bytes())
    text = f'base = "clew"\nextend = [{{ method = "recurrent", weights = "{tmp_path}/net.npz" }}]\n'
    preset = Preset.parse(text, "mine", "mine")
    before = preset.fingerprint()
    assert preset.fingerprint() == before
    (tmp_path / "net.npz").write_bytes(b"other")
    assert preset.fingerprint() != before
