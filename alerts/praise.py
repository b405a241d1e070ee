"""Praise reaches the person who earned it: the employee by his own channels, his store manager by the bell.

Follows `feedback.analysed`, and `feedback.classified` for what waited for a person's first word. The customer's words are quoted with personal data masked; who has no log-in is told by
his store manager.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from alerts import notices
from alerts.models import Notice
from feedback import masking, queries
from feedback.models import Analysis, Feedback
from tenancy import members
from tenancy.enums import Role
from tenancy.models import Member

PURPOSE = "praise"
FRESH = timedelta(days=7)
MOST = 200
QUOTE = 160


def tell(spans: Sequence[tuple[str, str]], *, organisation: int, now: datetime) -> int:
    """Tells of the praise among the analysed voices first..last, of each such span, that names an employee. Returns how many notices."""
    alone = [first for first, last in spans if first == last]
    inside = reduce(or_, (Q(feedback_id__gte=first, feedback_id__lte=last) for first, last in spans if first != last), Q(feedback_id__in=alone))
    rows = Analysis.objects.filter(inside, organisation_id=organisation, is_current=True, kind="praise")
    calls = {row.feedback_id: row for row in rows.order_by("feedback_id")}
    if not calls:
        return 0
    voices = Feedback.objects.filter(
        organisation_id=organisation, id__in=calls, staff_id__isnull=False, deleted_at__isnull=True, excluded_at__isnull=True
    ).filter(occurred_at__gt=now - FRESH)
    voices = voices.filter(queries.classified(organisation=organisation))
    found = list(voices.select_related("staff", "unit").order_by("id")[:MOST])
    own = Member.objects.filter(organisation_id=organisation, staff__in=[v.staff_id for v in found], left_at__isnull=True)
    by_staff = {member.staff_id: member for member in own.select_related("user")}
    return sum(len(_tell(voice, calls[voice.id], by_staff.get(voice.staff_id), organisation, now)) for voice in found)


def _tell(voice: Feedback, call: Analysis, member: Member | None, organisation: int, now: datetime) -> list[Notice]:
    path = voice.unit.path if voice.unit else "/"
    data: dict[str, Any] = {
        "quote": quote(voice.text, call.pii),
        "staff": voice.staff.name if voice.staff else "",
        "unit": voice.unit.name if voice.unit else "",
        "path": path,
    }
    readers = [member] if member is not None else []
    managers = members.holders({Role.STORE_MANAGER}, organisation=organisation, path=path) if voice.unit else []
    extra: dict[uuid.UUID, dict[str, Any]] = {manager.id: {"silent": True} for manager in managers}
    if member is not None:
        extra[member.id] = {"mine": True}
    people = list(dict.fromkeys([*readers, *managers]))
    key = f"{PURPOSE}:{voice.id}"
    return notices.tell(None, people, PURPOSE, key, data, organisation=organisation, now=now, extra=extra, feedback=voice.id)


def quote(text: str, pii: list[dict[str, Any]]) -> str:
    """The beginning of what was said, personal data written as its kind."""
    said = " ".join(masking.hidden(text, pii).split())
    return said if len(said) <= QUOTE else said[: QUOTE - 1] + "…"
