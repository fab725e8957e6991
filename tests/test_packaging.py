"""The list of packages in setup.cfg is what the folders hold; an unlisted one would miss from the wheel."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("core", "seeding", "extend", "fitting", "ensemble", "data")


@pytest.fixture(scope="module")
def options():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["options"]


def folders_with_code() -> dict[str, str]:
    """Return import name -> folder of every folder that holds an __init__.py."""
    folders = {path.parent.relative_to(ROOT) for top in SOURCES for path in (ROOT / top).rglob("__init__.py")}
    return {import_name(folder): folder.as_posix() for folder in folders}


def import_name(folder: Path) -> str:
    parts = folder.parts[1:] if folder.parts[0] == "core" else folder.parts
    return ".".join(("clew", *parts))


def test_every_folder_with_code_is_a_listed_package(options):
    assert sorted(options["packages"].split()) == sorted(folders_with_code())


def test_every_package_is_mapped_to_its_folder(options):
    lines = options["package_dir"].strip().splitlines()
    mapped = dict(line.split(" = ") for line in lines)
    assert mapped == folders_with_code()


def test_only_one_name_is_installed(options):
    assert {name.split(".")[0] for name in options["packages"].split()} == {"clew"}
