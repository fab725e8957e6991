"""What the tests of pictures share: reading a PNG's size from its header, and degraded labels."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clew.event import Event


@pytest.fixture
def png_size() -> Callable[[Path], tuple[int, int]]:
    """Return a function that checks a PNG's signature and gives its width and height in pixels."""

    def size(path: Path) -> tuple[int, int]:
        head = path.read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", head[16:24])
        return width, height

    return size


@pytest.fixture
def degraded() -> Callable[[Event], np.ndarray]:
    """Return a function that gives true labels with every third particle missed."""

    def labels(event: Event) -> np.ndarray:
        return np.where(event.truth.particle_id % 3 == 0, 0, event.truth.particle_id).astype(np.int32)

    return labels
