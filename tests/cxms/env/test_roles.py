"""The walls of the database hold for the application and open for the migrator."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from cxms.env import roles, schema, services
from cxms.env.engines import Engines

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("env")]

WALLED_TABLE = """
CREATE TABLE secret (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organisation_id int, words text);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE secret FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON secret USING (organisation_id = nullif(current_setting('cxms.organisation', true), '')::int);
INSERT INTO secret (organisation_id, words) VALUES (1, 'one'), (2, 'two');
CREATE FUNCTION n_secrets() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS 'SELECT count(*) FROM secret';
ALTER FUNCTION n_secrets() OWNER TO cxms_definer;
"""


@contextmanager
def session(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def one(url: str, statement: str) -> object:
    with session(url) as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


@pytest.fixture(scope="module")
def urls(engines: Engines) -> roles.Urls:
    urls = roles.prepare(engines.superuser_url, "walls", roles.Passwords())
    with session(urls.migrator) as cursor:
        cursor.execute(WALLED_TABLE)
    return urls


def test_application_sees_its_organisation_only(urls: roles.Urls) -> None:
    assert one(urls.app, "SELECT count(*) FROM secret") == 0
    with session(urls.app) as cursor:
        cursor.execute("SET cxms.organisation = '2'")
        cursor.execute("SELECT words FROM secret")
        assert cursor.fetchall() == [("two",)]
        with pytest.raises(errors.InsufficientPrivilege):
            cursor.execute("INSERT INTO secret (organisation_id, words) VALUES (1, 'smuggled')")
    assert one(urls.migrator, "SELECT count(*) FROM secret") == 2


@pytest.mark.parametrize(
    "attempt",
    [
        "SET row_security = off; SELECT * FROM secret",
        "ALTER TABLE secret DISABLE ROW LEVEL SECURITY",
        "ALTER ROLE cxms_app BYPASSRLS",
        "SET ROLE cxms_migrator",
        "SET ROLE cxms_owner",
        "SET ROLE cxms_definer",
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE EXTENSION citext",
        "CREATE DATABASE mine",
        "TRUNCATE secret",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
def test_application_cannot_step_over_the_wall(urls: roles.Urls, attempt: str) -> None:
    with session(urls.app) as cursor, pytest.raises(errors.InsufficientPrivilege):
        cursor.execute(attempt)


def test_application_may_make_temporary_tables_and_has_its_limits(urls: roles.Urls) -> None:
    with session(urls.app) as cursor:
        cursor.execute("CREATE TEMPORARY TABLE mine (id int)")
    limits = {name: one(urls.app, f"SHOW {name}") for name in ("statement_timeout", "lock_timeout", "timezone")}
    assert limits == {"statement_timeout": "30s", "lock_timeout": "5s", "timezone": "UTC"}
    assert one(urls.app, "SHOW idle_in_transaction_session_timeout") == "1min"
    assert one(urls.app, "SHOW default_transaction_isolation") == "read committed"
    assert one(urls.migrator, "SHOW statement_timeout") == "0"


def test_definer_functions_see_past_the_wall_and_dispatcher_sees_no_table(urls: roles.Urls) -> None:
    assert one(urls.app, "SELECT n_secrets()") == 2
    with session(urls.dispatcher) as cursor, pytest.raises(errors.InsufficientPrivilege):
        cursor.execute("SELECT count(*) FROM secret")


def test_roles_have_exactly_these_powers(urls: roles.Urls) -> None:
    with session(urls.superuser) as cursor:
        cursor.execute(
            "SELECT rolname, rolcanlogin, rolbypassrls, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication"
            " FROM pg_roles WHERE rolname LIKE 'cxms%' ORDER BY 1"
        )
        assert cursor.fetchall() == [
            ("cxms_app", True, False, False),
            ("cxms_definer", False, True, False),
            ("cxms_dispatcher", True, False, False),
            ("cxms_migrator", True, True, False),
            ("cxms_owner", False, False, False),
        ]


def test_preparing_again_changes_nothing_but_mends_a_bent_role(urls: roles.Urls, engines: Engines) -> None:
    with session(urls.superuser) as cursor:
        cursor.execute("ALTER ROLE cxms_app BYPASSRLS")
    again = roles.prepare(engines.superuser_url, "walls", roles.Passwords())
    assert one(again.app, "SELECT count(*) FROM secret") == 0
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(urls.app)


def test_a_copy_has_the_walls_and_the_owner_of_its_template(engines: Engines) -> None:
    passwords = roles.Passwords()
    template = roles.prepare(engines.superuser_url, "walled", passwords)
    with session(template.migrator) as cursor:
        cursor.execute(WALLED_TABLE)
    for _ in range(2):
        roles.clone_database(engines.superuser_url, "walled", "copy")
    copy = roles.urls_for(roles.with_database(engines.superuser_url, "copy"), passwords)
    assert one(copy.app, "SELECT count(*) FROM secret") == 0
    assert one(copy.app, "SELECT similarity('排队太久', '排队太久')") == 1.0
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'copy'"
    assert one(copy.superuser, owner) == "cxms_owner"
    roles.drop_database(engines.superuser_url, "copy")
    assert one(engines.superuser_url, "SELECT count(*) FROM pg_database WHERE datname = 'copy'") == 0


def test_secrets_are_made_once_and_kept_private(folder: Path) -> None:
    first = roles.passwords_of(folder)
    assert roles.passwords_of(folder) == first
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len({first.app, first.migrator, first.dispatcher, first.secret_key}) == 4


PROJECT = """
import os, sys, psycopg2
assert sys.argv[1:] == ["migrate", "--no-input"] and os.environ["CXMS_ROLE"] == "migrator"
c = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
c.cursor().execute("create table django_migrations (id int); insert into django_migrations values (1);"
                   "create table kept (word text); insert into kept values ('template')")
c.commit()
"""


def test_test_sessions_take_different_slots_and_keep_a_template_while_it_is_true(folder: Path) -> None:
    root, state = folder / "project", folder / "state"
    (root / "app" / "migrations").mkdir(parents=True)
    (root / "app" / "migrations" / "0001.py").write_text("")
    (root / "manage.py").write_text(PROJECT)
    first = services.acquire(state)
    second = services.acquire(state)
    assert first.slot != second.slot
    services.release(second)
    services.migrate_template(first, root)
    values = services.clone_for(first.superuser_url, first.redis_url, first.passwords, "gw3")
    assert one(values["CXMS_DATABASE_URL"], "SELECT word FROM kept") == "template"
    assert values["CXMS_DATABASE_URL"].endswith("/cxms_test_gw3")
    assert values["CXMS_REDIS_URL"].endswith("/4")
    services.release(first)

    again = services.acquire(state)
    assert again.slot == first.slot
    assert schema.is_current(again.superuser_url, root)
    (root / "app" / "migrations" / "0001.py").write_text("changed")
    assert not schema.is_current(again.superuser_url, root)
    services.migrate_template(again, root)
    assert schema.is_current(again.superuser_url, root)
    services.release(again)


def test_the_servers_log_keeps_no_row_and_no_value(engines: Engines) -> None:
    """A failing statement of a log-in says its message; the same of the superuser shows what would stand there."""
    urls = roles.prepare(engines.superuser_url, "quiet", roles.Passwords())
    log = engines.place / "postgres.log"

    def said(url: str, word: str) -> str:
        offset = log.stat().st_size
        with session(url) as cursor:
            if url == urls.app:
                cursor.execute("SET cxms.organisation = '1'")
            for statement in ("INSERT INTO once VALUES (%s)", "INSERT INTO once VALUES (%s)", "SELECT %s::text, 1/0"):
                try:
                    cursor.execute(statement, [word])
                except psycopg2.Error:
                    continue
        return log.read_bytes()[offset:].decode()

    with session(urls.migrator) as cursor:
        cursor.execute("CREATE TABLE once (words text PRIMARY KEY)")
    whole = said(urls.superuser, "打13812345678")
    assert whole.count("13812345678") >= 3  # the statements and the row
    for url in (urls.app, urls.migrator):
        told = said(url, "打13912345678")
        assert "duplicate key" in told and "division by zero" in told
        assert "13912345678" not in told and "DETAIL" not in told and "STATEMENT" not in told
