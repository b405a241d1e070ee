"""Which account engines run as, and which folders that account can use.

Called by the engines and by what finds their programs. As root the engines run as `nobody`; a folder `nobody` cannot
reach is replaced by one below /var/tmp, made ours alone before anything is put there.
"""

import hashlib
import os
import pwd
import stat
from pathlib import Path

from cxms.env.processes import Account

PUBLIC_PLACE = Path("/var/tmp")


class EngineError(Exception):
    """An engine cannot be found, started or reached; the message says what to do about it."""


def account_for_engines() -> Account | None:
    """The account engines run as: our own (None), or `nobody` when we are root."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EngineError("running as root needs an account named nobody to run PostgreSQL as") from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def can_reach(path: Path, account: Account | None) -> bool:
    """Whether the account may pass through every folder above the path and read what is there, by the mode bits."""
    if account is None:
        return os.access(path, os.R_OK)
    path = path.resolve()
    return all(_may_enter(folder.stat(), account) for folder in (*path.parents, path))


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def own_folder(path: Path) -> Path:
    """Make a folder below a place anybody may write to, refusing one that somebody else put there first."""
    path.mkdir(mode=0o755, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise EngineError(f"{path} is not ours alone; remove it and start again")
    path.chmod(0o755)
    return path


def place_for(data_dir: Path, account: Account | None) -> Path:
    """The folder for the engines' files: the data directory where the account can live there, else one in /var/tmp.

    The same data directory always gives the same place, as long as the folders above it keep their modes.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir = data_dir.resolve()
    if account is not None and data_dir.stat().st_uid == os.geteuid():
        data_dir.chmod(data_dir.stat().st_mode | 0o011)
    if can_reach(data_dir, account) and _keeps_modes(data_dir, account):
        return data_dir
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return own_folder(PUBLIC_PLACE / f"cxms-{os.geteuid()}-{name}")


def give_to(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _keeps_modes(folder: Path, account: Account | None) -> bool:
    """Whether a file there can be closed to others and given away: shared mounts often cannot do either."""
    trial = folder / f".trial-{os.getpid()}"
    try:
        trial.mkdir(mode=0o700)
        give_to(trial, account)
        return stat.S_IMODE(trial.stat().st_mode) == 0o700
    except OSError:
        return False
    finally:
        if trial.exists():
            trial.rmdir()
