"""`python -m clew.simulation.pythia_data`: install Pythia's data files where chromo looks for them.

chromo downloads them from its own host on first use.  Where only a package index can be reached, the same
files come from the source distribution of pythia8mc; nothing of it is built.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

__all__ = ["install"]

_RELEASE: Final = "pythia8mc==8.317.0"
_MARKER: Final = "Pythia8_v007"
_FOLDERS: Final = ("xmldoc", "pdfdata", "tunes")


def install() -> Path:
    """Put xmldoc, pdfdata and tunes into chromo's folder; returns that folder."""
    import chromo

    target = Path(chromo.__file__).parent / "iamdata" / "Pythia8"
    if (target / _MARKER).is_file() and all((target / name).is_dir() for name in _FOLDERS):
        return target
    with TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        subprocess.run(
            [*download, "--no-deps", "--no-binary", ":all:", "--dest", folder, _RELEASE], check=True
        )
        _unpack(next(Path(folder).glob("*.tar.gz")), target)
    (target / _MARKER).touch()
    return target


def _unpack(archive: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if "Pythia8" not in path.parts:
                continue
            inner = path.parts[path.parts.index("Pythia8") + 1 :]
            if len(inner) > 1 and inner[0] in _FOLDERS and path.parts[-len(inner) - 2] == "share":
                member.name = str(PurePosixPath(*inner))
                tar.extract(member, target, filter="data")


if __name__ == "__main__":
    print(f"Pythia's data files: {install()}")  # noqa: T201
