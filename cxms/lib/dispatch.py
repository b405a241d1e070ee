"""The dispatcher's eye: raw SELECTs over every tenant's due work, by a role that may see nothing else."""

from typing import Any

from django.db import connections


def rows(sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """Runs one SELECT as the dispatcher role, outside any tenant's scope and any transaction of the caller."""
    with connections["dispatcher"].cursor() as cursor:
        cursor.execute(sql, parameters or [])
        return list(cursor.fetchall())
