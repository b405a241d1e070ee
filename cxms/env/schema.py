"""Whether a database has every migration of this checkout, without importing Django to find out.

Called by `run` and `services`, for which two seconds of `manage.py migrate` that finds nothing to do are too many.
The mark is a comment on the database itself, so it can never outlive it.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from cxms.env import processes

# Whose change can bring a migration: ours, third parties' through the lock, and the list of installed apps.
SOURCES = ("*/migrations/*.py", "uv.lock", "cxms/settings.py", "cxms/settings/*.py")


def fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def is_current(superuser_url: str, root: Path) -> bool:
    """Whether `mark_current` was called on this database for this very checkout and nothing migrated it since."""
    connection = psycopg2.connect(superuser_url, connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            )
            row = cursor.fetchone()
            return row is not None and row[0] == _mark(cursor, root)
    finally:
        connection.close()


def mark_current(superuser_url: str, root: Path) -> None:
    connection = psycopg2.connect(superuser_url, connect_timeout=10)
    try:
        with connection, connection.cursor() as cursor:
            name = sql.Identifier(urlsplit(superuser_url).path.strip("/"))
            cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS %s").format(name), [_mark(cursor, root)])
    finally:
        connection.close()


def migrate(
    root: Path, environment: Mapping[str, str], each_second: Callable[[], None] = lambda: None
) -> tuple[int, str]:
    """Run `manage.py migrate` as the migrator; return its exit code and what it said."""
    return processes.run_tied(
        [sys.executable, "manage.py", "migrate", "--no-input"],
        env={**os.environ, **environment, "CXMS_ROLE": "migrator"},
        cwd=root,
        each_second=each_second,
    )


def _mark(cursor: "psycopg2.extensions.cursor", root: Path) -> str:
    """The checkout's fingerprint and the last row of Django's own book of migrations."""
    cursor.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL")
    row = cursor.fetchone()
    if row is None or not row[0]:
        return ""
    cursor.execute("SELECT count(*), max(id) FROM django_migrations")
    count, last = cursor.fetchone() or (0, 0)
    return f"{fingerprint(root)} {count} {last}"
