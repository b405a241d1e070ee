"""The walls of the database: who may log in, who passes row-level security, who owns what.

Called by `run` and the tests' set-up with a superuser's URL, before any migration. Safe to repeat. Tables and policies
are the migrations' business.

| role | logs in | passes RLS | for |
|---|---|---|---|
| cxms_owner | no | no | owns the database and the schema |
| cxms_migrator | yes | yes | migrations, backup, test set-up; member of owner and definer |
| cxms_app | yes | no | web, workers, tests |
| cxms_dispatcher | yes | no | lists due work, nothing else |
| cxms_definer | no | yes | owns the few SECURITY DEFINER functions |
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import errors, sql

from cxms.env.processes import write_atomically

EXTENSIONS = ("pg_trgm", "btree_gist")
# Any number: it only has to be the same for everybody who prepares roles in one cluster.
PREPARE_LOCK = 7_302_114

ROLES = {
    "cxms_owner": "NOLOGIN NOBYPASSRLS",
    "cxms_migrator": "LOGIN BYPASSRLS",
    "cxms_app": "LOGIN NOBYPASSRLS",
    "cxms_dispatcher": "LOGIN NOBYPASSRLS",
    "cxms_definer": "NOLOGIN BYPASSRLS",
}
MEMBERSHIPS = (
    ("cxms_owner", "cxms_migrator"),
    ("cxms_definer", "cxms_migrator"),
    ("cxms_definer", "cxms_owner"),
)
ROLE_SETTINGS = (
    ("cxms_app", "statement_timeout", "30s"),
    ("cxms_app", "lock_timeout", "5s"),
    ("cxms_app", "idle_in_transaction_session_timeout", "60s"),
    ("cxms_app", "timezone", "UTC"),
    ("cxms_migrator", "timezone", "UTC"),
    ("cxms_dispatcher", "timezone", "UTC"),
    ("cxms_dispatcher", "statement_timeout", "30s"),
)
# What a failing statement says in the server's log: its message, never its values nor the row it failed on. Voices are in both.
LOGIN_ROLES = ("cxms_app", "cxms_migrator", "cxms_dispatcher")
QUIET_LOG = (("log_min_error_statement", "panic"), ("log_error_verbosity", "terse"), ("log_parameter_max_length_on_error", "0"))
# Inside a database; templates carry these into their copies.
SCHEMA_GRANTS = (
    "ALTER SCHEMA public OWNER TO cxms_owner",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO PUBLIC",
    "GRANT CREATE, USAGE ON SCHEMA public TO cxms_owner, cxms_migrator",
    # PostgreSQL lets a function change hands only to a role that could have made it there.
    "GRANT CREATE, USAGE ON SCHEMA public TO cxms_definer",
    "ALTER DEFAULT PRIVILEGES FOR ROLE cxms_migrator IN SCHEMA public"
    " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cxms_app",
    "ALTER DEFAULT PRIVILEGES FOR ROLE cxms_migrator IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO cxms_app",
    "ALTER DEFAULT PRIVILEGES FOR ROLE cxms_migrator IN SCHEMA public GRANT SELECT ON TABLES TO cxms_definer",
)
# On a database; a copy does not inherit these.
DATABASE_GRANTS = (
    "REVOKE ALL ON DATABASE {} FROM PUBLIC",
    "GRANT CONNECT, TEMPORARY ON DATABASE {} TO cxms_app",
    "GRANT CONNECT, TEMPORARY, CREATE ON DATABASE {} TO cxms_migrator",
    "GRANT CONNECT ON DATABASE {} TO cxms_dispatcher",
)


def _fresh() -> str:
    return secrets.token_hex(24)


@dataclass(frozen=True)
class Passwords:
    """The secrets of one data directory: three logins and Django's key."""

    app: str = field(default_factory=_fresh)
    migrator: str = field(default_factory=_fresh)
    dispatcher: str = field(default_factory=_fresh)
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(50))


@dataclass(frozen=True)
class Urls:
    """One URL per role, all of the same database."""

    app: str
    migrator: str
    dispatcher: str
    superuser: str


def passwords_of(data_dir: Path) -> Passwords:
    """The secrets in `<data>/secrets.json`, made on first use, readable by its owner only."""
    path = data_dir / "secrets.json"
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        kept = {}
    passwords = Passwords(**kept)
    if asdict(passwords) != kept:
        data_dir.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(passwords), indent=1))
    return passwords


def prepare(superuser_url: str, database: str, passwords: Passwords) -> Urls:
    """Make or mend the roles, the database, its extensions and grants; return one URL per role.

    The superuser's URL may name any database of the cluster. Holds an advisory lock: two callers take turns.
    """
    with _connection(superuser_url) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARE_LOCK])
        _prepare_roles(cursor, passwords)
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if cursor.fetchone() is None:
            cursor.execute(
                sql.SQL("CREATE DATABASE {} OWNER cxms_owner TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(database)
                )
            )
        _prepare_database(cursor, database)
        inside = with_database(superuser_url, database)
        with _connection(inside) as inner:
            for extension in EXTENSIONS:
                inner.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA public")
            for statement in SCHEMA_GRANTS:
                inner.execute(statement)
    return urls_for(inside, passwords)


def urls_for(superuser_url: str, passwords: Passwords) -> Urls:
    """The URLs of the three logins in the database of the superuser's URL."""
    return Urls(
        app=_as_login(superuser_url, "cxms_app", passwords.app),
        migrator=_as_login(superuser_url, "cxms_migrator", passwords.migrator),
        dispatcher=_as_login(superuser_url, "cxms_dispatcher", passwords.dispatcher),
        superuser=superuser_url,
    )


def clone_database(superuser_url: str, template: str, name: str, *, patience_seconds: float = 60.0) -> None:
    """Make `name` a copy of `template`, dropping what bore the name; waits for sessions on the template to end."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER cxms_owner").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    deadline = time.monotonic() + patience_seconds
    drop_database(superuser_url, name)
    with _connection(superuser_url) as cursor:
        while True:
            try:
                cursor.execute(statement)
                break
            except errors.ObjectInUse:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        _prepare_database(cursor, name)


def drop_database(superuser_url: str, name: str) -> None:
    """Drop the database if there is one, ending its sessions."""
    with _connection(superuser_url) as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(database)}"))


def _prepare_roles(cursor: Any, passwords: Passwords) -> None:
    known = {"cxms_app": passwords.app, "cxms_migrator": passwords.migrator, "cxms_dispatcher": passwords.dispatcher}
    for role, attributes in ROLES.items():
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {role}")
        cursor.execute(f"ALTER ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION INHERIT {attributes}")
        if role in known:
            cursor.execute(f"ALTER ROLE {role} PASSWORD %s", [known[role]])
    for role, member in MEMBERSHIPS:
        cursor.execute(f"GRANT {role} TO {member}")
    for role, setting, value in ROLE_SETTINGS:
        cursor.execute(f"ALTER ROLE {role} SET {setting} = %s", [value])
    for role in LOGIN_ROLES:
        for setting, value in QUIET_LOG:
            # only a true superuser may; who rents a server says it there
            with suppress(errors.InsufficientPrivilege):
                cursor.execute(f"ALTER ROLE {role} SET {setting} = %s", [value])


def _prepare_database(cursor: Any, database: str) -> None:
    name = sql.Identifier(database)
    cursor.execute(sql.SQL("ALTER DATABASE {} OWNER TO cxms_owner").format(name))
    for statement in DATABASE_GRANTS:
        cursor.execute(sql.SQL(statement).format(name))


def _as_login(superuser_url: str, role: str, password: str) -> str:
    parts = urlsplit(superuser_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{host}"))


@contextmanager
def _connection(url: str) -> Iterator[Any]:
    """A cursor of a session that commits every statement; the session ends with the block."""
    connection = psycopg2.connect(url, connect_timeout=30)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
