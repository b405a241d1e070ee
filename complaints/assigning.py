"""Assignment at work: the candidates of a ticket, the suggestion with its reasons, the automatic one, and its settings."""

import json
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.models import Count, Max
from django.utils.translation import gettext as _

from complaints import assignment, moves
from complaints.assignment import WEIGHTS, Candidate, Reason
from complaints.models import AssignmentRule, Skill, Ticket
from complaints.queries import OPEN, by_id
from cxms.lib.errors import DomainError
from tenancy import audit
from tenancy.enums import Role
from tenancy.models import Member, MemberRole, Unit
from tenancy.queries import root_path

TAKERS = (Role.FRONTLINE, Role.STORE_MANAGER, Role.REGION_MANAGER, Role.CX_MANAGER)
ACTOR = "assignment"


class AssigningError(DomainError):
    """The settings of assignment cannot be changed as asked."""


@dataclass(frozen=True)
class Suggestion:
    """Who should take a ticket (None: nobody can) and why; `why` is what the move keeps."""

    member: Member | None
    reasons: tuple[Reason, ...]

    @property
    def why(self) -> str:
        """The reasons as the move carries them."""
        return json.dumps([asdict(reason) for reason in self.reasons], ensure_ascii=False)


def reasons_of(why: str) -> list[Reason]:
    """What a move's `why` says; nothing when it was not written by us."""
    try:
        found = json.loads(why) if why else []
        return [Reason(str(r["code"]), str(r["who"]), int(r["n"])) for r in found]
    except (ValueError, TypeError, KeyError):
        return []


def suggest(ticket: Ticket) -> Suggestion:
    """The choice for a ticket as things stand. Five statements, however many colleagues there are."""
    organisation = ticket.organisation_id
    path = ticket.unit.path if ticket.unit else root_path(organisation=organisation)
    members: dict[str, Member] = {}
    distance: dict[str, int] = {}
    rows = MemberRole.objects.filter(organisation_id=organisation, role__in=TAKERS, member__left_at__isnull=True)
    for row in rows.select_related("member", "member__user", "unit"):
        if path.startswith(row.unit.path):
            key, far = str(row.member_id), path.count("/") - row.unit.path.count("/")
            members[key] = row.member
            distance[key] = min(far, distance.get(key, far))
    found = [_candidate(key, members[key], distance[key]) for key in members]
    choice = assignment.choose(_weighed(found, organisation), ticket.topics)
    return Suggestion(members[choice.key] if choice.key else None, choice.reasons)


def _candidate(key: str, member: Member, distance: int) -> Candidate:
    return Candidate(key, member.name, distance, is_absent=member.absent)


def _weighed(candidates: list[Candidate], organisation: int) -> list[Candidate]:
    keys = [uuid.UUID(candidate.key) for candidate in candidates]
    skills: dict[str, set[str]] = defaultdict(set)
    for member, topic in Skill.objects.filter(organisation_id=organisation, member__in=keys).values_list("member", "topic"):
        skills[str(member)].add(topic)
    held = Ticket.objects.filter(organisation_id=organisation, owner__in=keys, state__in=OPEN)
    n_open: dict[str, int] = defaultdict(int)
    load: dict[str, int] = defaultdict(int)
    last: dict[str, datetime] = {}
    for row in held.values("owner", "severity").annotate(n=Count("id"), last=Max("opened_at")):
        key = str(row["owner"])
        n_open[key] += row["n"]
        load[key] += row["n"] * WEIGHTS[row["severity"]]
        last[key] = max(row["last"], last.get(key, row["last"]))
    return [
        Candidate(c.key, c.name, c.distance, frozenset(skills[c.key]), n_open[c.key], load[c.key], last.get(c.key), c.is_absent)
        for c in candidates
    ]


def is_on(unit: Unit | None, *, organisation: int) -> bool:
    """True when tickets of this unit are assigned by themselves: the nearest rule upwards decides, none means no."""
    path = unit.path if unit else root_path(organisation=organisation)
    rules = AssignmentRule.objects.filter(organisation_id=organisation).select_related("unit")
    above = [rule for rule in rules if path.startswith(rule.unit.path)]
    return bool(above) and max(above, key=lambda rule: len(rule.unit.path)).is_on


def assign_opened(ticket_id: uuid.UUID, *, organisation: int) -> Ticket | None:
    """A fresh ticket goes to whom the choice names, where that is switched on and nobody has it yet."""
    ticket = by_id(ticket_id, organisation=organisation)
    if ticket is None or ticket.owner_id or ticket.is_history or ticket.state not in OPEN:
        return None
    if not is_on(ticket.unit, organisation=organisation):
        return None
    found = suggest(ticket)
    if found.member is None:
        return None
    fields = {"assignee": found.member.user.email, "why": found.why}
    return moves.apply(ticket.id, "assign", fields, organisation=organisation, actor=ACTOR, version=ticket.version)


# ---- settings ------------------------------------------------------------------------------------------------------


def rules(*, organisation: int) -> dict[uuid.UUID, bool]:
    """Unit → switched on or off; a unit without a rule follows the one above."""
    return dict(AssignmentRule.objects.filter(organisation_id=organisation).values_list("unit_id", "is_on"))


def choose_rule(unit: Unit, wanted: str, *, organisation: int, now: datetime, actor: str) -> None:
    """Switches assignment of a subtree `on` or `off`, or lets it `follow` the unit above."""
    if wanted not in {"on", "off", "follow"}:
        raise AssigningError(_("没有这种选择"), code="unknown_value", field="rule")
    rows = AssignmentRule.objects.filter(organisation_id=organisation, unit=unit)
    if wanted == "follow":
        rows.delete()
    else:
        AssignmentRule.objects.update_or_create(organisation_id=organisation, unit=unit, defaults={"is_on": wanted == "on"})
    detail = {"fields": ["assignment"], "rule": wanted}
    audit.note("assignment.chosen", unit.id, organisation=organisation, actor=actor, now=now, detail=detail)


def skills(*, organisation: int) -> dict[uuid.UUID, list[str]]:
    """Member → topics he handles."""
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    rows = Skill.objects.filter(organisation_id=organisation).order_by("topic")
    for member, topic in rows.values_list("member", "topic"):
        found[member].append(topic)
    return dict(found)


def choose_skills(
    member: Member, topics: Collection[str], was: Collection[str], *, organisation: int, now: datetime, actor: str
) -> None:
    """Sets the topics a member handles; `was`: what the form was opened on. Raises AssigningError when that has moved on."""
    Member.objects.select_for_update().get(organisation_id=organisation, id=member.id)
    rows = Skill.objects.filter(organisation_id=organisation, member=member)
    if set(rows.values_list("topic", flat=True)) != set(was):
        raise AssigningError(_("你打开这一页以后，有人改过它。你写的都还在，请对照现在的内容，再存一次。"), code="stale", field="version")
    rows.exclude(topic__in=topics).delete()
    fresh = [Skill(organisation_id=organisation, member=member, topic=topic) for topic in sorted(set(topics) - set(was))]
    Skill.objects.bulk_create(fresh)
    detail = {"fields": ["skills"], "topics": sorted(topics)}
    audit.note("skills.chosen", member.id, organisation=organisation, actor=actor, now=now, detail=detail)
