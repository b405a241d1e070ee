"""改进点: what a voice asks to have improved, whose list it comes to, and what was decided of it.

A point is a voice and a topic: a need (topic ""), a product point or a service point. Which points a voice has follows
from its current analysis whenever it is read, so a correction or another reading changes them at once; only what was
decided is a row. The rule is said twice, by `points_of` and by the statement of `feedback.point_list`; a test compares them.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import topics
from feedback.enums import Kind, PointState, PointType
from feedback.models import Analysis
from feedback.point_models import PointMark, PointRoute
from feedback.voices import locked
from ledger.facts import record
from tenancy import audit, versions
from tenancy.capabilities import CAPABILITIES
from tenancy.models import Member, MemberRole, Organisation

NEEDS = ""
PRODUCT = (
    "product_quality", "product_function", "price", "promotion", "stock", "app_usability", "loyalty", "environment",
)  # fmt: skip
LEAST = 2
MOST = 400


class PointError(DomainError):
    """The point cannot be decided, or its list set, as asked."""


@dataclass(frozen=True)
class Route:
    """Where a topic's points go. owner: a present member, else nobody; `former`: who was, and has left."""

    topic: str
    side: str
    owner: Member | None = None
    former: Member | None = None
    version: int = 0


@dataclass(frozen=True)
class Point:
    """A point of one voice with its list and what was decided. name: the topic as it is called here, "" for a need."""

    topic: str
    name: str
    type: str
    owner: Member | None
    mark: PointMark | None

    @property
    def state(self) -> str:
        """What was decided."""
        return self.mark.state if self.mark else PointState.OPEN

    def get_state_display(self) -> str:
        """The same in words."""
        return str(PointState(self.state).label)

    def get_type_display(self) -> str:
        """The type in words."""
        return str(PointType(self.type).label)


def points_of(kind: str, mentions: Iterable[Mapping[str, Any]], sides: Mapping[str, str]) -> set[tuple[str, str]]:
    """The points of a voice as (type, topic): a need for a suggestion, one for each topic it speaks of with displeasure. Pure.

    sides: product or service by topic; one that is not there is of the service.
    """
    found = {(PointType.NEED.value, NEEDS)} if kind == Kind.SUGGESTION else set()
    unhappy = {str(mention["code"]) for mention in mentions if float(mention["sentiment"]) < 0}
    return found | {(str(sides.get(code, PointType.SERVICE.value)), code) for code in unhappy}


def shipped_side(topic: str) -> str:
    """The side a topic is on until somebody says otherwise."""
    if topic == NEEDS:
        return PointType.NEED.value
    return PointType.PRODUCT.value if topic in PRODUCT else PointType.SERVICE.value


def routes(*, organisation: int) -> dict[str, Route]:
    """Where the points of every topic go, the needs first. One statement."""
    found = {topic: Route(topic, shipped_side(topic)) for topic in (NEEDS, *topics.LABELS)}
    for row in PointRoute.objects.filter(organisation_id=organisation).select_related("owner"):
        here = row.owner if row.owner and row.owner.left_at is None else None
        found[row.topic] = Route(row.topic, row.side, here, row.owner if here is None else None, row.version)
    return found


def owners(*, organisation: int) -> list[Member]:
    """Who may keep a list: present members who may decide, by name."""
    held = MemberRole.objects.filter(organisation_id=organisation, role__in=CAPABILITIES["feedback:write"])
    rows = Member.objects.filter(organisation_id=organisation, left_at__isnull=True, id__in=held.values("member_id"))
    return list(rows.order_by("name", "id"))


def send(
    topic: str, side: str, owner: str, *, organisation: int, version: int | None, now: datetime, actor: str
) -> Route:
    """Says which side a topic is on and whose list it comes to, all that was said before included. owner: a member's key or "".

    Raises PointError; Stale when the form is older than the row.
    """
    Organisation.objects.select_for_update().get(id=organisation)
    if topic != NEEDS and topic not in topics.LABELS:
        raise PointError(_("没有这个主题"), code="unknown_topic", field="topic")
    if side not in ({PointType.NEED} if topic == NEEDS else {PointType.PRODUCT, PointType.SERVICE}):
        raise PointError(_("选产品或服务"), code="unknown_side", field="side")
    member = next((row for row in owners(organisation=organisation) if str(row.id) == owner), None)
    if owner and member is None:
        raise PointError(_("选一位能处理反馈的成员"), code="unknown_owner", field="owner")
    row = PointRoute.objects.filter(organisation_id=organisation, topic=topic).first()
    row = row or PointRoute(organisation_id=organisation, topic=topic, side=shipped_side(topic), version=0)
    versions.check(row, version)
    before, after = {"side": row.side, "point_owner": row.owner_id}, {"side": side, "point_owner": member.id if member else None}
    fields = [name for name in after if before[name] != after[name]]
    if fields:
        row.side, row.owner, row.version = side, member, row.version + 1
        row.save()
        detail = {"fields": fields, "side": side, "owner": str(member.id) if member else ""}
        audit.note("point_route.saved", topic or PointType.NEED, organisation=organisation, actor=actor, now=now, detail=detail)
        if member is not None:
            record("point_route.owned", topic or PointType.NEED.value, {"owner": str(member.id)}, organisation=organisation, now=now, actor=actor)
    return Route(topic, row.side, member, None, row.version)


def decide(
    feedback_id: uuid.UUID, topic: str, state: str, note: str, *, organisation: int, member: Member | None, version: int | None, now: datetime, actor: str,
) -> PointMark | None:  # fmt: skip
    """Takes a point up, sets it aside with a reason, or opens it again; what holds already is not written twice.

    member: who decides; None for a key, whose name is in `actor`.

    version: that of the mark when the page was drawn, 0 for none (None: no guard). None comes back for a point that was
    open and stays so. Raises VoiceUnknown, PointError, Stale.
    """
    if state not in PointState.values:
        raise PointError(_("没有这个决定"), code="unknown_state", field="state")
    said = " ".join(note.replace("\x00", "").split())
    if len(said) > MOST or (state == PointState.SET_ASIDE and len(said) < LEAST):
        raise PointError(_("写 %(a)d 至 %(b)d 字") % {"a": LEAST, "b": MOST}, code="bad_length", field="note")
    voice = locked(feedback_id, organisation)
    row = PointMark.objects.filter(organisation_id=organisation, feedback_id=voice.id, topic=topic).first()
    holds = (row.state, row.note) if row else (PointState.OPEN.value, "")
    if holds == (state, said) or holds[0] == state == PointState.OPEN:
        return row
    if voice.excluded_at is not None or not any(found == topic for _type, found in _said(voice.id, organisation)):
        raise PointError(_("标注改过了，这条反馈现在没有这个改进点"), code="no_such_point", field="topic")
    row = row or PointMark(organisation_id=organisation, feedback_id=voice.id, topic=topic, version=0)
    versions.check(row, version)
    row.state, row.note, row.decided_by, row.decided_at, row.version = state, said, member, now, row.version + 1
    row.decided_name = "" if member else actor.partition(":")[2][:120]
    row.save()
    detail = {"state": state, "topic": topic or PointType.NEED.value}
    audit.note("point.decided", voice.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def of_voice(feedback_id: uuid.UUID, *, organisation: int) -> list[Point]:
    """The points of one voice as they are now, needs first. Four statements, one for a voice without any."""
    said = _said(feedback_id, organisation)
    if not said:
        return []
    held, names = routes(organisation=organisation), topics.names(organisation=organisation)
    marks = PointMark.objects.filter(organisation_id=organisation, feedback_id=feedback_id).select_related("decided_by")
    by_topic = {row.topic: row for row in marks}
    found = []
    for _type, topic in sorted(said, key=lambda point: list(held).index(point[1]) if point[1] in held else len(held)):
        route = held.get(topic) or Route(topic, shipped_side(topic))
        found.append(Point(topic, names.get(topic, topic), route.side, route.owner, by_topic.get(topic)))
    return found


def _said(feedback_id: uuid.UUID, organisation: int) -> set[tuple[str, str]]:
    made = Analysis.objects.filter(organisation_id=organisation, feedback_id=feedback_id, is_current=True).first()
    return points_of(made.kind, made.topics, {}) if made else set()
