"""员工问卷: rounds of one anonymous question to employees. Who answered and what was said are never in one place.

A person's signed link is good for one answer a round. Answering adds one to a count of his unit and rewrites the list of
who answered for the whole unit at once; neither bears a time, nothing is written to the ledger or the audit, and no
figure shows before the round is over. What an answer leaves behind is which of three groups it fell into.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from surveys.models import PulsePerson, PulseRound, PulseTally
from tenancy import audit, queries
from tenancy.models import Organisation, Staff
from tenancy.trees import below

SALT = "surveys.pulse"
OPEN_FOR = timedelta(days=14)
LEAST = 5


class PulseError(DomainError):
    """The round cannot be opened, closed or answered as asked."""


def open_round(*, organisation: int, now: datetime, actor: str) -> PulseRound:
    """A round for everybody present, two weeks long; asked again on the same day it is the one there is. Raises PulseError."""
    Organisation.objects.select_for_update().get(id=organisation)
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    same = PulseRound.objects.filter(organisation_id=organisation, local_day=today).first()
    if same is not None:
        return same
    if running(organisation=organisation, now=now) is not None:
        raise PulseError(_("上一轮还没结束"), code="running")
    people = list(Staff.objects.filter(organisation_id=organisation, left_at__isnull=True).order_by("employee_no"))
    if len(people) < LEAST:
        raise PulseError(_("至少要有 %(n)d 位在职员工，不然谁答了什么一看就知道") % {"n": LEAST}, code="too_few")
    row = PulseRound.objects.create(
        organisation_id=organisation, local_day=today, opened_at=now, opened_by=actor[:120], closes_at=now + OPEN_FOR, n_asked=len(people)
    )
    PulsePerson.objects.bulk_create(
        PulsePerson(id=new_id(), organisation_id=organisation, round=row, staff=one, unit_id=one.unit_id) for one in people
    )
    # the counts of every unit stand there from the beginning, so that no row's birth tells of an answer
    units = dict.fromkeys(one.unit_id for one in people)
    PulseTally.objects.bulk_create(PulseTally(id=new_id(), organisation_id=organisation, round=row, unit_id=key) for key in units)
    audit.note("pulse.opened", row.local_day, organisation=organisation, actor=actor, now=now, detail={"n": len(people)})
    return row


def close_round(key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> PulseRound:
    """Ends a round now; one that is over stays as it is."""
    row = PulseRound.objects.select_for_update().get(organisation_id=organisation, id=key)
    if row.closes_at > now:
        row.closes_at = now
        row.save(update_fields=["closes_at"])
        audit.note("pulse.closed", row.local_day, organisation=organisation, actor=actor, now=now)
    return row


def answer(key: uuid.UUID, score: int, *, organisation: int, now: datetime) -> bool:
    """Counts a person's answer (0–10) once; False when he had answered. Raises PulseError when the round is over."""
    if not 0 <= score <= 10:
        raise PulseError(_("选 0 到 10 之间的一个数"), code="out_of_scale", field="score")
    mine = PulsePerson.objects.filter(organisation_id=organisation, id=key).select_related("round").first()
    if mine is None:
        raise PulseError(_("没有这个链接"), code="not_found")
    unit = {"organisation_id": organisation, "round_id": mine.round_id, "unit_id": mine.unit_id}
    PulseRound.objects.select_for_update().get(organisation_id=organisation, id=mine.round_id)
    there = {row.id: row.has_answered for row in PulsePerson.objects.select_for_update().filter(**unit).order_by("id")}
    if PulseRound.objects.get(organisation_id=organisation, id=mine.round_id).closes_at <= now:
        raise PulseError(_("这一轮已经结束"), code="over")
    if there[key]:
        return False
    group = "promoters" if score >= 9 else "passives" if score >= 7 else "detractors"
    PulsePerson.objects.filter(**unit).update(has_answered=Case(When(id=key, then=Value(True)), default=F("has_answered")))
    PulseTally.objects.filter(**unit).update(**{group: F(group) + 1})
    return True


# ---- links ---------------------------------------------------------------------------------------------------------


def token(person: PulsePerson) -> str:
    """The signed token of a person's link."""
    return signing.dumps([person.organisation_id, person.id.hex], salt=SALT)


def read_token(text: str) -> tuple[int, uuid.UUID] | None:
    """(organisation, person of a round) of a token that is ours, else None."""
    try:
        organisation, key = signing.loads(text, salt=SALT)
        return int(organisation), uuid.UUID(key)
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None


def address(person: PulsePerson) -> str:
    """The whole address of a person's question."""
    return f"{settings.SITE_URL}/e/{token(person)}/"


def links(row: PulseRound, *, organisation: int, now: datetime, actor: str) -> list[tuple[str, str, str, str]]:
    """(number, name, unit, address) of everybody asked, whether he answered or not. Who took them is in the audit."""
    rows = PulsePerson.objects.filter(organisation_id=organisation, round=row).select_related("staff", "unit").order_by("staff__employee_no")
    audit.note("pulse.links", row.local_day, organisation=organisation, actor=actor, now=now)
    return [(one.staff.employee_no, one.staff.name, one.unit.name, address(one)) for one in rows]


# ---- questions -----------------------------------------------------------------------------------------------------


def running(*, organisation: int, now: datetime) -> PulseRound | None:
    """The round that takes answers now."""
    return PulseRound.objects.filter(organisation_id=organisation, closes_at__gt=now).order_by("-opened_at").first()


def rounds(*, organisation: int, paths: tuple[str, ...] = ("/",)) -> QuerySet[PulseRound]:
    """The rounds, the newest first, with how many of the subtrees were asked and answered as `n_here` and `n_said`."""
    rows = PulseRound.objects.filter(organisation_id=organisation).order_by("-opened_at")
    people = PulsePerson.objects.filter(below(paths), organisation_id=organisation).order_by()
    counts = people.values("round").annotate(asked=Count("id"), said=Count("id", filter=Q(has_answered=True)))
    found = {row["round"]: row for row in counts}
    whens = [When(id=key, then=Value(row["asked"])) for key, row in found.items()]
    said = [When(id=key, then=Value(row["said"])) for key, row in found.items()]
    return rows.annotate(n_here=Case(*whens, default=Value(0)), n_said=Case(*said, default=Value(0)))


def closed(*, organisation: int, now: datetime) -> QuerySet[PulseRound]:
    """The rounds that are over, the newest first."""
    return PulseRound.objects.filter(organisation_id=organisation, closes_at__lte=now).order_by("-opened_at")


def person(key: uuid.UUID, *, organisation: int) -> PulsePerson | None:
    """Somebody asked in a round, or None."""
    return PulsePerson.objects.filter(organisation_id=organisation, id=key).select_related("round", "unit").first()


def of_staff(staff: Staff, *, organisation: int, now: datetime) -> PulsePerson | None:
    """The person's place in the running round while he has not answered."""
    rows = PulsePerson.objects.filter(organisation_id=organisation, staff=staff, has_answered=False, round__closes_at__gt=now)
    return rows.select_related("round").first()
