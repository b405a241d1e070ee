"""Backup and restore: `python -m cxms.env.backup save FOLDER` beside a running system, `load FOLDER` into an empty place.

A backup is a folder: `database.dump` (pg_dump's own format, as the migrating role, which passes the walls),
`manifest.json` (rows of every table in the very snapshot that was dumped, digest, versions) and, where our own data
directory holds it, `secrets.json`: without the same key signed links and sealed secrets would be dead.
A restore counts every table again and looks at the walls; it says "verified" or fails, never something between.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2

from cxms.env import beside, roles, run
from cxms.env.binaries import find_postgres
from cxms.env.engines import Engines
from cxms.env.places import EngineError
from cxms.env.processes import write_atomically

DUMP, MANIFEST, SECRETS = "database.dump", "manifest.json", "secrets.json"
TABLES = (
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1"
)
WALLED = "SELECT count(*) FROM pg_class WHERE relforcerowsecurity"
# Heartbeats and sessions move while nobody works; what they hold is not worth a failed restore.
RESTLESS = {"ledger_heartbeat", "django_session"}


def save(folder: Path, migrator_url: str, *, secret_key: str = "") -> dict[str, Any]:
    """Write a backup of the database into an empty or new folder; return its manifest."""
    if folder.exists() and any(folder.iterdir()):
        raise EngineError(f"{folder} is not empty: give a new folder, old backups are never overwritten")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    connection = psycopg2.connect(migrator_url, connect_timeout=10)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone() or ("",)
            dump = folder / DUMP
            _program("pg_dump", migrator_url, "--format=custom", f"--snapshot={snapshot}", f"--file={dump}")
            manifest = {
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"),  # noqa: TID251  a command's own clock
                "sha256": _digest(dump),
                "rows": _rows(cursor),
                "n_walled": _one(cursor, WALLED),
                "server": _one(cursor, "SHOW server_version"),
            }
    finally:
        connection.close()
    if secret_key:
        write_atomically(folder / SECRETS, json.dumps({"secret_key": secret_key}))
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
    return manifest


def load(folder: Path, superuser_url: str, database: str, passwords: roles.Passwords) -> dict[str, Any]:
    """Restore a backup into a database that holds no organisation, and verify it; return the manifest.

    Raises EngineError when the backup is damaged, the place is taken, or a single count or wall differs.
    """
    manifest = read(folder)
    inside = roles.with_database(superuser_url, database)
    if _is_taken(superuser_url, database):
        raise EngineError(f"the database {database} already holds organisations: restore into an empty one")
    roles.drop_database(superuser_url, database)
    roles.prepare(superuser_url, database, passwords)
    # the restoring role makes the objects anew: it may neither own the schema nor repeat what `prepare` granted
    _program("pg_restore", inside, "--exit-on-error", "--single-transaction", f"--dbname={database}", str(folder / DUMP))
    roles.prepare(superuser_url, database, passwords)
    verify(manifest, inside)
    return manifest


def verify(manifest: Mapping[str, Any], superuser_url: str) -> None:
    """Compare every table's rows and the number of walls with the manifest. Raises EngineError naming what differs."""
    connection = psycopg2.connect(superuser_url, connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            found, n_walled = _rows(cursor), _one(cursor, WALLED)
    finally:
        connection.close()
    wrong = [
        f"{name}: {found.get(name)} instead of {count}"
        for name, count in manifest["rows"].items()
        if found.get(name) != count and name not in RESTLESS
    ]
    if n_walled != manifest["n_walled"]:
        wrong.append(f"walls: {n_walled} instead of {manifest['n_walled']}")
    if wrong:
        raise EngineError("the restored database differs from the backup:\n  " + "\n  ".join(wrong))


def read(folder: Path) -> dict[str, Any]:
    """The manifest of an undamaged backup. Raises EngineError."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        digest = _digest(folder / DUMP)
    except (OSError, ValueError) as error:
        raise EngineError(f"{folder} is not a backup of ours: {error}") from error
    if digest != manifest["sha256"]:
        raise EngineError(f"{folder / DUMP} is damaged: its digest is not the manifest's")
    return manifest


def _is_taken(superuser_url: str, database: str) -> bool:
    connection = psycopg2.connect(superuser_url, connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if cursor.fetchone() is None:
                return False
    finally:
        connection.close()
    connection = psycopg2.connect(roles.with_database(superuser_url, database), connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            if not _one(cursor, "SELECT to_regclass('tenancy_organisation') IS NOT NULL"):
                return False
            return bool(_one(cursor, "SELECT EXISTS (SELECT 1 FROM tenancy_organisation)"))
    finally:
        connection.close()


def _rows(cursor: Any) -> dict[str, int]:
    cursor.execute(TABLES)
    return {name: int(_one(cursor, f'SELECT count(*) FROM "{name}"')) for (name,) in cursor.fetchall()}


def _one(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    row = cursor.fetchone()
    return row[0] if row else None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _program(name: str, url: str, *arguments: str) -> None:
    """Runs one of PostgreSQL's programs against a URL; the password travels in the environment, never in a list."""
    parts = urlsplit(url)
    program = find_postgres(None).bin_dir / name
    env = {
        **os.environ,
        "PGHOST": parts.hostname or "127.0.0.1",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.strip("/"),
    }
    done = subprocess.run([str(program), "--no-password", *arguments], env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise EngineError(f"{name} failed:\n{done.stderr.strip()[-2000:]}")


def main(arguments: list[str]) -> int:
    """The command line: save beside what runs, load into what stands still."""
    command, folder = (arguments[0], Path(arguments[1])) if len(arguments) == 2 else ("", Path())
    try:
        if command == "save":
            said = _save_here(folder)
        elif command == "load":
            said = _load_here(folder)
        else:
            print("usage: bin/backup FOLDER · bin/restore FOLDER", file=sys.stderr)
            return 2
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    print(said)
    return 0


def _save_here(folder: Path) -> str:
    beside.adopt(run.ROOT)
    url = os.environ.get("CXMS_MIGRATOR_URL")
    if not url:
        raise EngineError("nothing runs here: start the system, or set CXMS_MIGRATOR_URL")
    manifest = save(folder, url, secret_key=os.environ.get("CXMS_SECRET_KEY", ""))
    return f"saved {sum(manifest['rows'].values())} rows of {len(manifest['rows'])} tables to {folder}"


def _load_here(folder: Path) -> str:
    options = run.Options.of(os.environ)
    read(folder)
    kept = roles.passwords_of(options.data_dir)
    if (folder / SECRETS).exists():
        key = json.loads((folder / SECRETS).read_text())["secret_key"]
        kept = roles.Passwords(**(asdict(kept) | {"secret_key": key}))
        write_atomically(options.data_dir / "secrets.json", json.dumps(asdict(kept), indent=1))
    given = options.given.get("CXMS_SUPERUSER_URL")
    if given:
        manifest = load(folder, given, run.DATABASE, kept)
    else:
        engines = Engines(options.data_dir, postgres=True, valkey=False)
        engines.start()
        try:
            manifest = load(folder, engines.superuser_url, run.DATABASE, kept)
        finally:
            engines.stop()
    return f"restored and verified {sum(manifest['rows'].values())} rows of {len(manifest['rows'])} tables"


def is_available() -> bool:
    """Whether PostgreSQL's dump programs are on this machine."""
    folder = find_postgres(None).bin_dir
    return all((folder / name).exists() or shutil.which(name) for name in ("pg_dump", "pg_restore"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
