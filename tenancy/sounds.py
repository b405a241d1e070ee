"""Names found by their sound, among the few rows of an organisation's own: units, staff, members. Nothing here writes."""

from typing import Any

from django.db.models import QuerySet

from cxms.lib import name_sounds


def ids(rows: QuerySet[Any], q: str, *, is_person: bool = True) -> list[Any]:
    """Keys of the rows whose name begins with `q` in full pinyin or initials; none when `q` is no Latin word."""
    word = name_sounds.asked(q)
    if not word:
        return []
    named = rows.order_by().values_list("pk", "name")
    return [key for key, name in named if word in name_sounds.keys(name, is_person=is_person)]
