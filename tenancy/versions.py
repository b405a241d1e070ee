"""The guard of every edit: a form names the version it was opened on, and a row that has moved on is not overwritten.

Called by the noun files of this app, and by others for rows of theirs that carry a `version`.
"""

from typing import Protocol

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError


class Stale(DomainError):
    """Somebody changed the row after the form was opened; nothing was written."""

    code = "stale"


class Versioned(Protocol):
    """A row with a version."""

    version: int


def check(row: Versioned, version: int | None) -> None:
    """Raises Stale unless the row, locked by the caller, still has this version. None asks for no guard."""
    if version is not None and row.version != version:
        raise Stale(_("你打开这一页以后，有人改过它。你写的都还在，请对照现在的内容，再存一次。"), field="version")
