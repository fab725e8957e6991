"""Compiled kernels are kept for the code that they were compiled from, and for no other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    "clew/__init__.py": "",
    "clew/index.py": "def cell(): return 1\n",
    "clew/cli.py": "from clew.index import cell\n",
    "seeding/__init__.py": "from clew.seeding.search import search\n",
    "seeding/search.py": "import numba\nfrom clew.walk import walk\nfrom clew.index import (\n    cell,\n)\n",
    "clew/walk.py": "from clew.index import cell\nfrom clew.seeding import search\n",  # a circle ends
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a package as it stands in a checkout, with a stage's folder beside it."""
    for name, code in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(code)
    return tmp_path / "clew"


@pytest.mark.parametrize(
    "edited", ["clew/index.py", "clew/walk.py", "seeding/search.py", "seeding/__init__.py"]
)
def test_an_edit_of_any_imported_file_changes_the_digest(package: Path, tmp_path: Path, edited: str) -> None:
    before = digest_after_edit(tmp_path, None)
    assert digest_after_edit(tmp_path, edited) != before


def test_an_edit_of_another_file_does_not(package: Path, tmp_path: Path) -> None:
    before = digest_after_edit(tmp_path, None)
    assert digest_after_edit(tmp_path, "clew/cli.py") == before


def digest_after_edit(folder: Path, edited: str | None) -> str:
    """Return the digest of the search as a new process computes it."""
    if edited is not None:
        (folder / edited).write_text(FILES[edited] + "# edited\n")
    code = (
        "import sys, pathlib, clew.kernel_cache as c; print(c.code_digest(*map(pathlib.Path, sys.argv[1:])))"
    )
    command = [sys.executable, "-c", code, str(folder / "seeding/search.py"), str(folder / "clew")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


KERNELS = """
from typing import NamedTuple
from clew.kernels import kernel

class {name}(NamedTuple):
    value: float

@kernel
def doubled(pair):
    return {factor} * pair.value

print(doubled({name}(1.0)))
"""


def test_a_file_whose_classes_were_renamed_is_compiled_again(tmp_path: Path) -> None:
    """numba itself fails here: it cannot read the index, which names the class that is gone."""
    script = tmp_path / "search.py"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    for name, factor, shown in (("Pair", 2, "2.0"), ("Couple", 2, "2.0"), ("Couple", 3, "3.0")):
        script.write_text(KERNELS.format(name=name, factor=factor))
        command = [sys.executable, "-B", "-c", "import search"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == shown
    assert len(list((tmp_path / "cache").glob("search-*"))) == 1  # what is of no use any more is gone
