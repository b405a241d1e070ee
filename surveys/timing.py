"""The timers of surveys: mails whose instant has come, and answers that fell silent."""

from datetime import datetime

from cxms.lib import dispatch
from surveys import answers, invitations

DUE = """
    select organisation_id, min(at) from (
        select organisation_id, release_at as at from surveys_invitation where release_at <= clock_timestamp()
        union all
        select organisation_id, enter_at from surveys_response where enter_at <= clock_timestamp()
    ) due group by 1 order by 2
"""
NEXT = """
    select least((select min(release_at) from surveys_invitation where release_at is not null),
                 (select min(enter_at) from surveys_response where enter_at is not null))
"""


def due_organisations() -> list[int]:
    """Who has a mail to release or an answer to enter. As the dispatcher, outside any scope."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def next_at() -> datetime | None:
    """The next instant at which either comes."""
    found: datetime | None = dispatch.rows(NEXT)[0][0]
    return found


def sweep(*, organisation: int, now: datetime) -> int:
    """One batch of both, in the open scope. Returns how many."""
    return invitations.release(organisation=organisation, now=now) + answers.enter_silent(
        organisation=organisation, now=now
    )
