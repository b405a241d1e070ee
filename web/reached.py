"""Lines of a ticket's timeline that say how people were told: each hop, and who said he is on it."""

from collections import defaultdict
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from alerts import hops
from alerts.enums import HopState
from alerts.models import Hop, Notice
from alerts.sinks.table import SINKS
from complaints import acknowledgements
from complaints.models import Ticket
from web.timeline import Entry


def lines(ticket: Ticket) -> list[Entry]:
    """The attempts, those of one notice in one line, and the acknowledgements."""
    organisation = ticket.organisation_id
    by_notice: dict[Notice, list[Hop]] = defaultdict(list)
    for hop in hops.of_ticket(ticket.id, organisation=organisation):
        by_notice[hop.notice].append(hop)
    found = [
        Entry(rows[0].created_at, "send", _("送达"), _line(notice, rows), can_cite=False) for notice, rows in by_notice.items()
    ]
    said = acknowledgements.of_ticket(ticket, organisation=organisation)
    found += [Entry(row.at, "check", _("%(name)s：在跟进") % {"name": row.member.name}, "", can_cite=False) for row in said]
    return found


def _line(notice: Notice, rows: list[Hop]) -> str:
    name = rows[0].recipient.name
    if notice.data.get("stands_for"):
        name = _("%(name)s（代%(who)s）") % {"name": name, "who": notice.data["stands_for"]}
    tries = _("；").join(_hop(row) for row in rows)
    return _("%(name)s：%(tries)s") % {"name": name, "tries": tries}


def _hop(row: Hop) -> str:
    names = {
        "channel": SINKS[row.kind].label() if row.kind in SINKS else row.kind,
        "at": _clock(row.finished_at or row.sent_at or row.created_at),
        "what": HopState(row.state).label,
    }
    said = _("%(channel)s %(at)s %(what)s") % names
    return f"{said} ({row.error[:80]})" if row.error else said


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%H:%M:%S")
