"""What a command needs to work beside a running `make run`: the addresses and secrets that run wrote down.

Called by `manage.py` before settings are read, and by `run`, which writes the file and removes it when it ends.
"""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from cxms.env.processes import write_atomically

FILE = "run.env"


def data_dir(root: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The data directory: `CXMS_DATA`, relative to the checkout, else `.data`."""
    return root / Path(environment.get("CXMS_DATA") or ".data").expanduser()


def write(folder: Path, values: Mapping[str, str]) -> None:
    write_atomically(folder / FILE, "".join(f"{name}={value}\n" for name, value in sorted(values.items())))


def forget(folder: Path) -> None:
    (folder / FILE).unlink(missing_ok=True)


def adopt(root: Path, environment: MutableMapping[str, str] = os.environ) -> bool:
    """Put what the running system wrote into the environment, where nothing is set yet; False when none runs.

    An environment that names its own database is left as it is: half of one system and half of another is worse.
    """
    if "CXMS_DATABASE_URL" in environment:
        return False
    try:
        text = (data_dir(root, environment) / FILE).read_text()
    except OSError:
        return False
    for line in text.splitlines():
        name, _, value = line.partition("=")
        environment.setdefault(name, value)
    return True
