"""Real engines for the tests: one PostgreSQL and one Valkey a session, a migrated template, a copy per worker.

Called by `tests/engines_plugin.py`. Sessions at the same time do not meet: each takes the first slot nobody holds. A
slot keeps its template between sessions and uses it again while the migrations stay the same; `fresh` starts from
nothing. Nothing here outlives the process that called `acquire`.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from cxms.env import processes, roles, schema
from cxms.env.engines import AlreadyRunning, Engines
from cxms.env.places import EngineError, account_for_engines, place_for

FRESH = "fresh-"
TEMPLATE = "cxms_template"
N_SLOTS = 32
# Valkey's number of databases: workers beyond it share.
N_CACHES = 16


@dataclass(frozen=True)
class Running:
    """Engines that run for a session: the superuser's URL of the template, and the cache's."""

    engines: Engines
    slot: Path
    passwords: roles.Passwords
    superuser_url: str
    redis_url: str


def acquire(state_dir: Path, *, fresh: bool = False) -> Running:
    """Start engines in a free slot below `state_dir` and prepare the roles and a kept or empty template."""
    if fresh:
        return _start(_fresh_slot(state_dir))
    for number in range(N_SLOTS):
        try:
            return _start(state_dir / f"slot-{number}")
        except AlreadyRunning:
            continue
    raise EngineError(f"all {N_SLOTS} slots in {state_dir} are taken")


def release(running: Running) -> None:
    running.engines.stop()
    if running.slot.name.startswith(FRESH):
        _remove(running.slot)


def migrate_template(running: Running, root: Path) -> None:
    """Bring the template to the migrations of the checkout; one that was made by others is made anew."""
    if schema.is_current(running.superuser_url, root):
        return
    roles.drop_database(_maintenance(running.superuser_url), TEMPLATE)
    roles.prepare(_maintenance(running.superuser_url), TEMPLATE, running.passwords)
    code, said = schema.migrate(root, environment_of(running.superuser_url, running.redis_url, running.passwords))
    if code != 0:
        raise EngineError(f"manage.py migrate failed on the test template:\n{said}")
    schema.mark_current(running.superuser_url, root)


def clone_for(superuser_url: str, redis_url: str, passwords: roles.Passwords, worker: str) -> dict[str, str]:
    """Make the worker's own copy of the template; return the variables that point at it."""
    name = f"cxms_test_{worker}"
    roles.clone_database(_maintenance(superuser_url), TEMPLATE, name)
    digits = "".join(filter(str.isdigit, worker))
    cache = urlunsplit(urlsplit(redis_url)._replace(path=f"/{(int(digits or -1) + 1) % N_CACHES}"))
    return environment_of(roles.with_database(superuser_url, name), cache, passwords)


def environment_of(superuser_url: str, redis_url: str, passwords: roles.Passwords) -> dict[str, str]:
    urls = roles.urls_for(superuser_url, passwords)
    return {
        "CXMS_SECRET_KEY": passwords.secret_key,
        "CXMS_DATABASE_URL": urls.app,
        "CXMS_MIGRATOR_URL": urls.migrator,
        "CXMS_DISPATCHER_URL": urls.dispatcher,
        "CXMS_SUPERUSER_URL": urls.superuser,
        "CXMS_REDIS_URL": redis_url,
    }


def _start(slot: Path) -> Running:
    engines = Engines(slot, durable=False)
    engines.start()
    try:
        passwords = roles.passwords_of(slot)
        urls = roles.prepare(engines.superuser_url, TEMPLATE, passwords)
        return Running(engines, slot, passwords, urls.superuser, engines.redis_url)
    except BaseException:
        engines.stop()
        raise


def _fresh_slot(state_dir: Path) -> Path:
    """A slot of this process alone; those of killed sessions are removed on the way."""
    for slot in state_dir.glob(f"{FRESH}*"):
        if processes.started_ticks(int(slot.name.removeprefix(FRESH))) is None:
            _remove(slot)
    return state_dir / f"{FRESH}{os.getpid()}"


def _remove(slot: Path) -> None:
    for folder in {slot, place_for(slot, account_for_engines())}:
        shutil.rmtree(folder)


def _maintenance(superuser_url: str) -> str:
    return roles.with_database(superuser_url, "postgres")
