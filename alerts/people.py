"""The rungs over a ticket and what is known of their people: who is away, quiet, on duty, and who stands in.

Reads only. `alerts.reach` decides, pure; `alerts.notices` writes what it decided.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from alerts import reach
from alerts.models import Cover, Reach, Shift, Snooze
from alerts.reach import Person, Turn
from complaints import ladder
from complaints.models import Ticket
from tenancy import queries
from tenancy.enums import Role
from tenancy.models import Member, MemberRole

Key = uuid.UUID
DUTY = ladder.DUTY
OWN: tuple[frozenset[str], ...] = (
    frozenset({Role.FRONTLINE, Role.STORE_MANAGER}),
    frozenset({Role.STORE_MANAGER}),
    frozenset({Role.REGION_MANAGER}),
    frozenset({Role.EXECUTIVE}),
    frozenset({Role.CX_MANAGER, Role.ADMIN}),
)
# a circle of deputies, or a long line of absent ones, is not followed for ever
MOST_DEPUTIES = 5


def path_of(ticket: Ticket) -> str:
    """Where the ticket lies in the tree: its unit, else the headquarters."""
    return ticket.unit.path if ticket.unit else queries.root_path(organisation=ticket.organisation_id)


def ladder_rungs(ticket: Ticket, *, now: datetime) -> list[list[Key]]:
    """Who joins at each level by the ticket's own policy version, and the last resort; nearest first.

    As shipped: owner (or the queue), store, region, executives with the duty officer, and those who run the desk.
    """
    said = ladder.rungs(ticket.policy.ladder)
    owner = _owner(ticket, now)
    roles = [set(rung) & set(ladder.ROLES) | (OWN[0] if ladder.OWNER in rung and owner is None else set()) for rung in said]
    held = holders_by_rung(ticket, roles, now=now)
    duty = on_duty(ticket, DUTY, now=now) if any(ladder.DUTY in rung for rung in said) else []
    named = members_named({who.removeprefix(ladder.MEMBER) for rung in said for who in rung}, organisation=ticket.organisation_id)
    found = []
    for rung, keys in zip(said, held, strict=True):
        first = [owner] if owner is not None and ladder.OWNER in rung else []
        last = duty if ladder.DUTY in rung else []
        by_name = [named[who.removeprefix(ladder.MEMBER)] for who in rung if who.removeprefix(ladder.MEMBER) in named]
        found.append(list(dict.fromkeys([*first, *keys, *last, *by_name])))
    return found


def owner_rungs(ticket: Ticket, *, now: datetime) -> list[list[Key]]:
    """Whose the ticket is, else the queue; then store and region: for what is said about the work, whatever the policy."""
    owner = _owner(ticket, now)
    found = holders_by_rung(ticket, OWN[:3], now=now)
    return [[owner] if owner is not None else found[0], *found[1:]]


def _owner(ticket: Ticket, now: datetime) -> Key | None:
    """Whose the ticket is while he, or who stands in for him, is there; else None: the queue is told."""
    if ticket.owner_id is None:
        return None
    known = persons([ticket.owner_id], ticket=ticket, now=now)
    return ticket.owner_id if reach.present(ticket.owner_id, known) is not None else None


def members_named(emails: Iterable[str], *, organisation: int) -> dict[str, Key]:
    """E-mail → member, of those who have not left."""
    wanted = [email for email in emails if "@" in email]
    rows = Member.objects.filter(organisation_id=organisation, user__email__in=wanted, left_at__isnull=True) if wanted else Member.objects.none()
    return dict(rows.values_list("user__email", "id"))


def holders_by_rung(ticket: Ticket, rungs: Iterable[Iterable[str]], *, now: datetime) -> list[list[Key]]:
    """Who holds one of each rung's roles over the ticket's unit, narrowed to whose turn it is where there is a rota."""
    organisation, path = ticket.organisation_id, path_of(ticket)
    rows = MemberRole.objects.filter(organisation_id=organisation, member__left_at__isnull=True).select_related("member", "unit")
    near = sorted((row for row in rows if path.startswith(row.unit.path)), key=lambda row: (-len(row.unit.path), row.member.name))
    turns = _turns(organisation, path, now)
    found = []
    for roles in rungs:
        held = [row for row in near if row.role in set(roles)]
        on = [row for row in held if (row.unit_id, row.role) not in turns or row.member_id in turns[row.unit_id, row.role]]
        found.append(list(dict.fromkeys(row.member_id for row in on or held)))
    return found


def on_duty(ticket: Ticket, role: str, *, now: datetime) -> list[Key]:
    """Whose turn it is in a rota of this role at or above the ticket's unit, the nearest unit first."""
    turns = _turns(ticket.organisation_id, path_of(ticket), now)
    return [key for (_unit, name), keys in turns.items() if name == role for key in keys]


def _turns(organisation: int, path: str, now: datetime) -> dict[tuple[Key, str], list[Key]]:
    """(unit, role) → whose turn it is now, for every rota over the path in which it is somebody's turn."""
    shifts = Shift.objects.filter(organisation_id=organisation, member__left_at__isnull=True).select_related("unit")
    weekly: dict[tuple[Key, str], list[Turn[Key]]] = defaultdict(list)
    zones: dict[Key, str] = {}
    for row in sorted(shifts, key=lambda row: (-len(row.unit.path), row.weekday, row.from_minute, row.id)):
        if path.startswith(row.unit.path):
            weekly[row.unit_id, row.role].append(Turn(row.member_id, row.weekday, row.from_minute, row.to_minute))
            zones[row.unit_id] = row.unit.timezone
    if not weekly:
        return {}
    covers: dict[tuple[Key, str], list[Key]] = defaultdict(list)
    active = Cover.objects.filter(organisation_id=organisation, from_at__lte=now, to_at__gt=now, member__left_at__isnull=True)
    for cover in active.order_by("from_at", "id"):
        covers[cover.unit_id, cover.role].append(cover.member_id)
    default = queries.organisation(organisation).timezone
    found = {}
    for (unit, role), turns in weekly.items():
        local = now.astimezone(queries.zone(zones[unit] or default))
        whose = covers.get((unit, role)) or reach.on_turn(turns, weekday=local.weekday(), minute=local.hour * 60 + local.minute)
        if whose:
            found[unit, role] = list(dict.fromkeys(whose))
    return found


def persons(keys: Iterable[Key], *, ticket: Ticket, now: datetime) -> dict[Key, Person[Key]]:
    """What the decision must know of these members and of those who stand in for them."""
    organisation = ticket.organisation_id
    local = now.astimezone(queries.zone(queries.organisation(organisation).timezone))
    minute = local.hour * 60 + local.minute
    asleep = Snooze.objects.filter(organisation_id=organisation, ticket=ticket, until__gt=now)
    sleeping = set(asleep.values_list("member_id", flat=True))
    found: dict[Key, Person[Key]] = {}
    wanted = set(keys)
    for _turn in range(MOST_DEPUTIES):
        if not wanted:
            break
        rows = Member.objects.filter(organisation_id=organisation, id__in=wanted).select_related("user")
        how = {row.member_id: row for row in Reach.objects.filter(organisation_id=organisation, member__in=wanted)}
        for member in rows:
            found[member.id] = _person(member, how.get(member.id), minute, member.id in sleeping, now)
        wanted = {p.deputy for p in found.values() if p.is_away and p.deputy is not None} - found.keys()
    return found


def _person(member: Member, how: Reach | None, minute: int, sleeps: bool, now: datetime) -> Person[Key]:
    away = member.left_at is not None or member.absent or not member.user.is_active
    if how is None:
        return Person(member.id, is_away=away, is_quiet=sleeps)
    if how.away_from is not None and how.away_to is not None:
        away = away or how.away_from <= now < how.away_to
    quiet = sleeps or reach.in_hours(minute, how.quiet_from, how.quiet_to)
    return Person(member.id, is_away=away, is_quiet=quiet, deputy=how.deputy_id)


def silent(members: Iterable[Member], *, organisation: int, now: datetime) -> dict[Key, dict[str, Any]]:
    """What marks the notices of those who are quiet now: for the bell alone. For what can wait till they look."""
    local = now.astimezone(queries.zone(queries.organisation(organisation).timezone))
    minute = local.hour * 60 + local.minute
    rows = Reach.objects.filter(organisation_id=organisation, member__in=[one.id for one in members])
    return {row.member_id: {"silent": True} for row in rows if reach.in_hours(minute, row.quiet_from, row.quiet_to)}
