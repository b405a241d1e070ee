"""Folders the engines' account can reach, and one pair of engines for tests that do not stop them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxms.env.engines import Engines


def _folder() -> Iterator[Path]:
    # Not tmp_path: that is closed to others, and as root the engines run as somebody else.
    folder = Path(tempfile.mkdtemp(prefix="cxms-env-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    yield from _folder()


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    for folder in _folder():
        with Engines(folder / "data", durable=False) as running:
            yield running
