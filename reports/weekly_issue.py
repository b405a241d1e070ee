"""Issuing: on Monday 07:00 of the organisation's zone the week before is frozen, a report per scope, a copy per reader.

The timer takes a week in hand once (`WeeklyRun`) and records `report.requested` per slice of scopes; ⋯ `report.copied` → mail. Issuing again changes nothing: what is issued stays.
"""

import logging
import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import DatabaseError, transaction

from cxms.lib import dispatch
from ledger.facts import record, record_many
from metrics.sharing import sharing
from reports import weekly
from reports.models import WeeklyCopy, WeeklyReport, WeeklyRun
from reports.queries import readers
from tenancy import queries
from tenancy.models import Member, Unit

logger = logging.getLogger(__name__)
# scopes a transaction: seconds, not minutes
SLICE = 25
# whose local clock has passed Monday 07:00 of a week that is not in hand yet; who came later in the week waits for the next
DUE = """
    select o.id from tenancy_organisation o
    where date_trunc('week', now() at time zone o.timezone) + interval '7 hours' <= now() at time zone o.timezone
      and o.created_at < (date_trunc('week', now() at time zone o.timezone) + interval '7 hours') at time zone o.timezone
      and not exists (
        select 1 from reports_weeklyrun r where r.organisation_id = o.id
        and r.week = (date_trunc('week', now() at time zone o.timezone) - interval '7 days')::date)
"""


def due_organisations() -> list[int]:
    """Organisations whose report of last week is due. Runs as the dispatcher."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def last_week(now: datetime, timezone: str) -> date:
    """The Monday of the last whole week in a zone."""
    today = queries.local_today(now, timezone)
    return today - timedelta(days=today.weekday() + 7)


def begin(week: date, *, organisation: int, now: datetime) -> int:
    """Takes a week in hand, once: asks for a report per scope that has a reader, SLICE scopes a fact. Returns how many scopes."""
    _run, fresh = WeeklyRun.objects.get_or_create(
        organisation_id=organisation, week=week, defaults={"started_at": now}
    )
    if not fresh:
        return 0
    scopes = [str(unit.id) for unit in readers(organisation=organisation)]
    slices = [scopes[start : start + SLICE] for start in range(0, len(scopes), SLICE)]
    if slices:
        _ask(slices, week, organisation, now)
    return len(scopes)


def _ask(slices: Iterable[list[str]], week: date, organisation: int, now: datetime) -> None:
    facts = [("report.requested", units[0], {"week": week.isoformat(), "units": units}) for units in slices]
    record_many(facts, organisation=organisation, now=now)


def issue_slice(units: list[str], week: date, *, organisation: int, now: datetime) -> None:
    """The reports of some scopes in one transaction, what they ask of the whole tree found once.

    One that fails among others is asked for again by itself, so that it holds up nobody else's.
    """
    people = readers(organisation=organisation)
    rows = {str(unit.id): unit for unit in Unit.objects.filter(organisation_id=organisation, id__in=units)}
    with sharing():
        for key in units:
            if key not in rows:
                continue
            try:
                with transaction.atomic():
                    issue(rows[key], week, organisation=organisation, now=now, people=people)
            except DatabaseError:
                raise  # the connection or the lock: everything is tried again together
            except Exception:
                if len(units) == 1:
                    raise
                logger.exception("the weekly report of %s is tried again by itself", key)
                _ask([[key]], week, organisation, now)


def issue(
    unit: Unit, week: date, *, organisation: int, now: datetime, people: Mapping[Unit, list[Member]] | None = None
) -> WeeklyReport:
    """The report of a unit and week, frozen now unless it is already issued; a copy for every reader of that scope."""
    report = WeeklyReport.objects.filter(organisation_id=organisation, unit=unit, week=week).first()
    if report is None:
        content = weekly.content(organisation=organisation, unit=unit, week=week, now=now)
        report = WeeklyReport.objects.create(
            organisation_id=organisation, unit=unit, week=week, content=content, issued_at=now
        )
        record("report.issued", report.id, {"week": week.isoformat(), "unit": unit.code}, organisation=organisation, now=now)
    found = readers(organisation=organisation) if people is None else people
    _copy(report, found.get(unit, []), organisation, now)
    return report


def _copy(report: WeeklyReport, people: Iterable[Member], organisation: int, now: datetime) -> None:
    there = set(
        WeeklyCopy.objects.filter(organisation_id=organisation, report=report).values_list("member_id", flat=True)
    )
    rows = [
        WeeklyCopy(organisation_id=organisation, report=report, member=person, created_at=now)
        for person in people
        if person.id not in there
    ]
    WeeklyCopy.objects.bulk_create(rows)
    if rows:
        record_many([("report.copied", row.id, {"send": 1}) for row in rows], organisation=organisation, now=now)


def send_again(copy_id: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> WeeklyCopy | None:
    """Mails a copy once more, as issued. None when there is no such copy."""
    rows = WeeklyCopy.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, id=copy_id)
    copy = rows.select_related("report", "report__unit").first()
    if copy is not None:
        data = {"send": copy.n_sent + 1}
        copy.mailed_at = None
        copy.save(update_fields=["mailed_at"])
        record("report.copied", copy.id, data, organisation=organisation, now=now, actor=actor)
    return copy


def opened(report: WeeklyReport, member: Member, *, organisation: int, now: datetime) -> None:
    """Notes that a reader opened his copy; others who may see the report are not counted."""
    copy = WeeklyCopy.objects.select_for_update().filter(organisation_id=organisation, report=report, member=member).first()
    if copy is not None:
        copy.read_at, copy.n_reads = copy.read_at or now, copy.n_reads + 1
        copy.save(update_fields=["read_at", "n_reads"])
