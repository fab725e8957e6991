from __future__ import annotations

from pathlib import Path

import pytest

from clew.errors import ConfigError
from clew.pipeline.preset import DEFAULT_PRESET, FollowConfig, Preset, available_presets


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


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[seeding]", "[seeding", "^here: not valid TOML"),
        (
            "[seeding]",
            "[fiting]\n[seeding]",
            "^here: unknown key 'fiting': choose among description, seeding",
        ),
        ("[fitting]", "[follow]", r"^here: the table \[fitting\] is missing"),
        ("[[extend]]", "[extend]", r"^here: extend must be a list: write \[\[extend\]\]"),
        ("[seeding]\nmethod", "seeding", "^here: seeding must be a table"),
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
