"""A backup comes back whole or not at all: rows, walls, and the application's own eyes on them."""

import json
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from cxms.env import backup, roles
from cxms.env.engines import Engines
from cxms.env.places import EngineError
from tests.cxms.env.test_roles import WALLED_TABLE, session

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("env")]
SECRETS = roles.Passwords()


@pytest.fixture(scope="module")
def urls(engines: Engines) -> roles.Urls:
    urls = roles.prepare(engines.superuser_url, "original", SECRETS)
    with session(urls.migrator) as cursor:
        cursor.execute(WALLED_TABLE)
        cursor.execute("CREATE TABLE tenancy_organisation (id int PRIMARY KEY, name text)")
        cursor.execute("INSERT INTO tenancy_organisation VALUES (1, '一'), (2, '二')")
        cursor.execute("INSERT INTO secret (organisation_id, words) SELECT 1 + i % 2, '话' || i FROM generate_series(1, 5000) i")
    return urls


def seen(url: str, organisation: int) -> int:
    with session(url) as cursor:
        cursor.execute("SELECT set_config('cxms.organisation', %s, false)", [str(organisation)])
        cursor.execute("SELECT count(*) FROM secret")
        return int(cursor.fetchone()[0])


def test_rows_walls_and_the_key_come_back(engines: Engines, urls: roles.Urls, tmp_path: Path) -> None:
    manifest = backup.save(tmp_path / "b", urls.migrator, secret_key="the-key")
    assert manifest["rows"]["secret"] == 5002
    assert manifest["n_walled"] == 1
    assert json.loads((tmp_path / "b" / "secrets.json").read_text()) == {"secret_key": "the-key"}
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
    backup.load(tmp_path / "b", engines.superuser_url, "restored", SECRETS)
    app = roles.with_database(urls.app, "restored")
    assert [seen(app, n) for n in (1, 2, 3)] == [seen(urls.app, n) for n in (1, 2, 3)] == [2501, 2501, 0]
    with session(app) as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("ALTER TABLE secret DISABLE ROW LEVEL SECURITY")
    with session(app) as cursor:
        cursor.execute("SELECT n_secrets()")
        assert cursor.fetchone()[0] == 5002


def test_what_is_written_during_the_dump_is_left_out_of_both(urls: roles.Urls, tmp_path: Path, monkeypatch: Any) -> None:
    real = backup._program

    def slowly(name: str, url: str, *arguments: str) -> None:
        with session(urls.migrator) as cursor:
            cursor.execute("INSERT INTO secret (organisation_id, words) VALUES (1, 'late')")
        real(name, url, *arguments)

    monkeypatch.setattr(backup, "_program", slowly)
    before = seen(urls.app, 1)
    manifest = backup.save(tmp_path / "b", urls.migrator)
    assert seen(urls.app, 1) == before + 1
    assert manifest["rows"]["secret"] == before + seen(urls.app, 2)
    with session(urls.migrator) as cursor:
        cursor.execute("DELETE FROM secret WHERE words = 'late'")


def test_a_damaged_backup_a_taken_place_and_a_missing_row_are_refused(
    engines: Engines, urls: roles.Urls, tmp_path: Path
) -> None:
    backup.save(tmp_path / "b", urls.migrator)
    with pytest.raises(EngineError, match="already holds organisations"):
        backup.load(tmp_path / "b", engines.superuser_url, "original", SECRETS)
    with pytest.raises(EngineError, match="not empty"):
        backup.save(tmp_path / "b", urls.migrator)
    backup.load(tmp_path / "b", engines.superuser_url, "short", SECRETS)
    inside = roles.with_database(engines.superuser_url, "short")
    with session(inside) as cursor:
        cursor.execute("DELETE FROM secret WHERE words = '话7'")
    with pytest.raises(EngineError, match="secret: 5001 instead of 5002"):
        backup.verify(backup.read(tmp_path / "b"), inside)
    with session(inside) as cursor:
        cursor.execute("INSERT INTO secret (organisation_id, words) VALUES (1, '话7')")
        cursor.execute("ALTER TABLE secret NO FORCE ROW LEVEL SECURITY")
    with pytest.raises(EngineError, match="walls: 0 instead of 1"):
        backup.verify(backup.read(tmp_path / "b"), inside)
    dump = tmp_path / "b" / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-100])
    with pytest.raises(EngineError, match="damaged"):
        backup.load(tmp_path / "b", engines.superuser_url, "never", SECRETS)
    with pytest.raises(EngineError, match="not a backup"):
        backup.read(tmp_path)
