"""分群: filters of the pages of figures under a name, one's own or shared; one click puts them on. Figures stay the reader's."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text
from reports.models import Segment
from tenancy import audit
from tenancy.members import Seat
from tenancy.models import Member, Unit

KEYS = ("unit", "tier", "channel", "touchpoint")
MOST = 20


class SegmentError(DomainError):
    """The segment cannot be kept as asked."""


@dataclass(frozen=True)
class Wanted:
    """A name, the filters by `KEYS` (empty ones left out), and whether everybody who reads figures sees it."""

    name: str
    filters: Mapping[str, str]
    is_shared: bool = False


def of_seat(seat: Seat, *, organisation: int) -> list[Segment]:
    """One's own first, then shared ones by name; those of a unit outside one's subtrees are left out."""
    mine, shared = Q(member=seat.member), Q(is_shared=True) & ~Q(member=seat.member)
    held = Segment.objects.filter(organisation_id=organisation).order_by("name", "created_at")
    rows = [*held.filter(mine)[:MOST], *held.filter(shared)[: 2 * MOST]]
    codes = {row.filters["unit"] for row in rows if row.filters.get("unit")}
    paths = dict(Unit.objects.filter(organisation_id=organisation, code__in=codes, retired_at=None).values_list("code", "path")) if codes else {}
    seen = [row for row in rows if not row.filters.get("unit") or (path := paths.get(row.filters["unit"])) and (seat.sees_all or seat.sees(path))]
    return sorted(seen, key=lambda row: row.member_id != seat.member.id)[:MOST]


def add(key: uuid.UUID, wanted: Wanted, seat: Seat, *, organisation: int, now: datetime, actor: str) -> Segment:
    """Keeps a segment; the same key again gives the member's first. Raises SegmentError."""
    key = uuid.uuid5(key, str(seat.member.id))  # a key of another's form is another's
    Member.objects.select_for_update().get(organisation_id=organisation, id=seat.member.id)  # a second tap waits here
    there = Segment.objects.filter(organisation_id=organisation, id=key, member=seat.member).first()
    if there is not None:
        return there
    name, filters = clean_text(wanted.name.strip())[:40], {key: value for key, value in wanted.filters.items() if key in KEYS and value}
    mine = Segment.objects.filter(organisation_id=organisation, member=seat.member)
    if not name:
        raise SegmentError(_("给分群起个名字"), code="no_name", field="name")
    if not filters:
        raise SegmentError(_("先选一个条件，再存成分群"), code="no_filters", field="name")
    if mine.filter(name=name).exists():
        raise SegmentError(_("已有叫这个名字的分群"), code="name_taken", field="name")
    if mine.count() >= MOST:
        raise SegmentError(_("最多存 %(n)d 个分群，先删掉一个") % {"n": MOST}, code="too_many", field="name")
    row = Segment.objects.create(
        id=key, organisation_id=organisation, member=seat.member, name=name, filters=filters, is_shared=wanted.is_shared, created_at=now
    )
    audit.note("segment.added", row.id, organisation=organisation, actor=actor, now=now, detail={"shared": wanted.is_shared, "filters": sorted(filters)})
    return row


def remove(key: uuid.UUID, seat: Seat, *, organisation: int, now: datetime, actor: str) -> None:
    """Takes one's own segment away. Raises SegmentError when it is not there or somebody else's."""
    gone, _n = Segment.objects.filter(organisation_id=organisation, id=key, member=seat.member).delete()
    if not gone:
        raise SegmentError(_("没有这个分群"), code="unknown", field="")
    audit.note("segment.removed", key, organisation=organisation, actor=actor, now=now)
