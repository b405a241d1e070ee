"""Followers and timers of the reports."""

from datetime import date, datetime

from cxms.lib import clock
from ledger.models import Fact
from reports import weekly_issue
from reports.weekly_mail import ReportFollower
from tenancy import queries


def due_organisations() -> list[int]:
    """Timer: where Monday 07:00 has passed and last week is not in hand yet."""
    return weekly_issue.due_organisations()


def begin_week(*, organisation: int) -> int:
    """Timer: takes last week in hand."""
    now = clock.now()
    week = weekly_issue.last_week(now, queries.organisation(organisation).timezone)
    return weekly_issue.begin(week, organisation=organisation, now=now)


def issue_requested(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`report.requested` → the reports of those scopes, frozen."""
    week = date.fromisoformat(fact.data["week"])
    weekly_issue.issue_slice(fact.data.get("units", [fact.subject]), week, organisation=organisation, now=now)


mail = ReportFollower()
