"""What containers call: `python -m cxms.env.deploy migrate` once before a release, `… healthy NAME` as a health check.

`migrate` makes or mends the roles with the passwords of the environment and migrates; safe to repeat, two at once take
turns. `healthy web|live` asks the port, `healthy worker|clockwork|watchdog` asks PostgreSQL when that process last beat.
"""

import http.client
import os
import socket
import sys
from collections.abc import Mapping

import psycopg2

from cxms.env import roles, schema
from cxms.env.places import EngineError
from cxms.env.run import DATABASE, ROOT

FRESH_SECONDS = 20.0
PASSWORDS = ("CXMS_APP_PASSWORD", "CXMS_MIGRATOR_PASSWORD", "CXMS_DISPATCHER_PASSWORD", "CXMS_SECRET_KEY")
WEAK = {"", "change-me"}


def passwords_of(environment: Mapping[str, str]) -> roles.Passwords:
    """The secrets given by the environment. Raises EngineError naming those that are missing or left as in the example."""
    weak = [name for name in PASSWORDS if environment.get(name, "") in WEAK]
    if weak:
        raise EngineError(f"set {', '.join(weak)}: each a long random text of its own (openssl rand -hex 24)")
    app, migrator, dispatcher, key = (environment[name] for name in PASSWORDS)
    return roles.Passwords(app=app, migrator=migrator, dispatcher=dispatcher, secret_key=key)


def migrate(environment: Mapping[str, str]) -> str:
    """Prepares the roles and migrates; returns what it did. Raises EngineError."""
    superuser = environment.get("CXMS_SUPERUSER_URL", "")
    if not superuser:
        raise EngineError("set CXMS_SUPERUSER_URL: whoever makes the roles must be PostgreSQL's superuser")
    secrets = passwords_of(environment)
    urls = roles.prepare(superuser, environment.get("CXMS_DATABASE", DATABASE), secrets)
    if schema.is_current(urls.superuser, ROOT):
        return "roles prepared, nothing to migrate"
    values = {
        "CXMS_SECRET_KEY": secrets.secret_key,
        "CXMS_DATABASE_URL": urls.app,
        "CXMS_MIGRATOR_URL": urls.migrator,
        "CXMS_DISPATCHER_URL": urls.dispatcher,
    }
    code, said = schema.migrate(ROOT, values)
    if code != 0:
        raise EngineError(f"manage.py migrate failed:\n{said}")
    schema.mark_current(urls.superuser, ROOT)
    return "roles prepared, migrated"


def is_healthy(name: str, environment: Mapping[str, str]) -> bool:
    """Whether the named process of this container does its work."""
    if name == "web":
        return _answers(int(environment.get("CXMS_PORT") or 8000))
    if name == "live":
        with socket.create_connection(("127.0.0.1", int(environment.get("CXMS_LIVE_PORT") or 8001)), timeout=3):
            return True
    connection = psycopg2.connect(environment["CXMS_DATABASE_URL"], connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM clock_timestamp() - at) FROM ledger_heartbeat WHERE name = %s", [name]
            )
            row = cursor.fetchone()
            return row is not None and float(row[0]) < FRESH_SECONDS
    finally:
        connection.close()


def _answers(port: int) -> bool:
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        asking.request("GET", "/healthz", headers={"Host": "localhost"})
        return asking.getresponse().status == 200
    finally:
        asking.close()


def main(arguments: list[str]) -> int:
    """The command line."""
    try:
        if arguments == ["migrate"]:
            print(migrate(os.environ))
            return 0
        if len(arguments) == 2 and arguments[0] == "healthy" and arguments[1] in {"web", "live", "worker", "clockwork"}:
            return 0 if is_healthy(arguments[1], os.environ) else 1
    except (EngineError, OSError, psycopg2.Error, http.client.HTTPException) as error:
        print(error, file=sys.stderr)
        return 1
    print("usage: python -m cxms.env.deploy migrate | healthy web|live|worker|clockwork", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
