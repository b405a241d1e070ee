"""The only way in: opens both walls for one organisation. Used by requests, tasks, commands and factories alike.

Wall 1 is django-scopes (an unscoped query raises), wall 2 is row-level security keyed by the transaction-local setting
`app.organisation`. The scope is a transaction: what happened inside commits when it closes well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction
from django_scopes import scope

_open: ContextVar[int | None] = ContextVar("organisation", default=None)


class ScopeRefused(RuntimeError):
    """A second organisation was asked for inside the scope of a first."""


def current_organisation() -> int | None:
    """The organisation whose scope is open here, or None."""
    return _open.get()


@contextmanager
def organisation_scope(organisation: int) -> Iterator[None]:
    """Opens both walls for `organisation` (its primary key) in one transaction, and closes them on leaving."""
    outer = _open.get()
    if outer is not None and outer != organisation:
        raise ScopeRefused(f"organisation {outer} is open; {organisation} was asked for inside")
    if outer == organisation and connection.in_atomic_block:
        yield
        return
    token = _open.set(organisation)
    try:
        with scope(organisation=organisation), transaction.atomic():
            _set(str(organisation))
            yield
            # inside an outer transaction the setting would outlive us; a rollback puts it back by itself
            if not transaction.get_rollback():
                _set("")
    finally:
        _open.reset(token)


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config('app.organisation', %s, true)", [value])
