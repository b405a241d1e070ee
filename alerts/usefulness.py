"""Was it useful? A reader's yes or no on a notice, and the share of useful ones per kind of notice.

A kind is the notice's purpose; of the ladder's, warnings and breaches are two kinds. The share is useful over judged,
with its Wilson interval; below five judged it is not shown. Nobody's judgement is shown by name.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When

from alerts.models import Notice
from metrics import statistics
from tenancy.models import Member

FEW = 5
WARNING = "warning"
BREACH = "breach"
SAID = ("told", "judged", "yes", "no")


@dataclass(frozen=True)
class Precision:
    """One kind of notice. share, low, high: 0..1, None below five judged or where nobody judged."""

    kind: str
    n_told: int
    n_judged: int
    n_useful: int | None
    share: float | None
    low: float | None
    high: float | None

    @property
    def suppressed(self) -> bool:
        """True when some judged, and too few to say anything."""
        return 0 < self.n_judged < FEW


def judge(notice_id: uuid.UUID, member: Member, useful: bool | None, *, organisation: int, now: datetime) -> Notice | None:
    """The reader's word on his own notice; None takes it back, the same again changes nothing. None: not his."""
    rows = Notice.objects.select_for_update().filter(organisation_id=organisation, id=notice_id, recipient=member)
    row = rows.first()
    if row is not None and row.useful != useful:
        row.useful, row.judged_at = useful, now if useful is not None else None
        row.save(update_fields=["useful", "judged_at"])
    return row


def of_days(days: int, *, organisation: int, now: datetime) -> QuerySet[Any]:
    """The notices of the last days, each with its `kind`."""
    breach = Q(data__level="1") | Q(data__level__startswith="+")
    kind = Case(
        When(Q(purpose="escalation") & breach, then=Value(BREACH)),
        When(purpose="escalation", then=Value(WARNING)),
        default=F("purpose"),
        output_field=CharField(),
    )
    rows = Notice.objects.filter(organisation_id=organisation, created_at__gt=now - timedelta(days=days), created_at__lte=now)
    return rows.annotate(kind=kind)


def precision(days: int, *, organisation: int, now: datetime) -> list[Precision]:
    """Each kind told in the last days, the most told first."""
    sums = of_days(days, organisation=organisation, now=now).values("kind").annotate(
        told=Count("id"), judged=Count("id", filter=Q(useful__isnull=False)), yes=Count("id", filter=Q(useful=True))
    )
    return [_precision(row["kind"], row["told"], row["judged"], row["yes"]) for row in sums.order_by("-told", "kind")]


def _precision(kind: str, told: int, judged: int, yes: int) -> Precision:
    if judged < FEW:
        return Precision(kind, told, judged, None, None, None, None)
    found = statistics.wilson(yes, judged)
    return Precision(kind, told, judged, yes, found.value, found.low, found.high)


def behind(kind: str, said: str, days: int, *, organisation: int, now: datetime) -> QuerySet[Any]:
    """The notices behind a number. What few judged is not told apart by what they said."""
    rows = of_days(days, organisation=organisation, now=now).filter(kind=kind)
    few = rows.filter(useful__isnull=False).count() < FEW
    if said in {"yes", "no"} and not few:
        rows = rows.filter(useful=said == "yes")
    elif said != "told":
        rows = rows.filter(useful__isnull=False)
    return rows.select_related("ticket", "ticket__unit").order_by("-created_at", "-id")
