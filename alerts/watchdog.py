"""The watchdog: says when the house itself is late. Another process, plain SQL, another way out than the queue it watches.

It shares no code with the sweep, the rings and the ledger's runner; it reads what they should have done and tells the
operator by a mail of its own (CXMS_OPS_MAIL), `/healthz?detail=1` and `/prometheus`: once when it begins, once when it
is over. An incident that could not be mailed is tried again at the next look.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connections

from alerts.models import Incident
from cxms.lib import dispatch
from ledger import mail
from ledger.errors import DeliveryError
from ledger.mail import Letter

log = logging.getLogger(__name__)
HEARTBEAT = "watchdog"


@dataclass(frozen=True)
class Watch:
    """One question. The statement gives one row, how many things are wrong and since when the oldest; `what` says it."""

    name: str
    sql: str
    what: str


WATCHES: tuple[Watch, ...] = (
    Watch(
        "sweep",
        "select count(*), min(next_fire_at) from complaints_clock where next_fire_at < clock_timestamp() - interval '60 s'",
        "promise clocks that should have fired a minute ago and did not",
    ),
    Watch(
        "rings",
        "select count(*), min(next_at) from alerts_ring where next_at < clock_timestamp() - interval '60 s'",
        "repeats of escalations that are a minute late",
    ),
    Watch(
        "untold",
        """
        select count(*), min(e.written_at) from complaints_escalation e
        join complaints_ticket t on t.organisation_id = e.organisation_id and t.id = e.ticket_id and not t.is_history
        where e.written_at between clock_timestamp() - interval '1 day' and clock_timestamp() - interval '5 min'
          and e.acknowledged_at is null
          and not exists (
            select 1 from alerts_ring r where r.organisation_id = e.organisation_id and r.ticket_id = e.ticket_id
              and r.n_told = 0 and r.next_at > clock_timestamp())
          and not exists (
            select 1 from alerts_notice n where n.organisation_id = e.organisation_id and n.ticket_id = e.ticket_id
              and n.created_at >= e.written_at and (
                n.read_at is not null
                or n.held_until is not null
                or not exists (select 1 from alerts_hop h where h.organisation_id = n.organisation_id and h.notice_id = n.id)
                or exists (select 1 from alerts_hop h where h.organisation_id = n.organisation_id and h.notice_id = n.id
                  and h.state = 'accepted')))
        """,
        "escalations older than five minutes that reached nobody",
    ),
    Watch(
        "deliveries",
        "select count(*), min(run_at) from ledger_delivery where done_at is null and dead_at is null "
        "and run_at < clock_timestamp() - interval '60 s'",
        "deliveries that have been ready for a minute",
    ),
)
CLOCKWORK = "select extract(epoch from clock_timestamp() - at), at from ledger_heartbeat where name = 'clockwork'"
SILENT_SECONDS = 60.0


@dataclass(frozen=True)
class Finding:
    """What is wrong now, in how many cases, since when."""

    name: str
    n: int
    since: datetime | None
    what: str


def look() -> list[Finding]:
    """Asks every question anew. A question that cannot be asked is itself wrong: silence is not health."""
    found = [finding for watch in WATCHES if (finding := _ask(watch)) is not None]
    silent = _silent()
    return [*found, silent] if silent is not None else found


def _ask(watch: Watch) -> Finding | None:
    try:
        n, since = dispatch.rows(watch.sql)[0]
    except Exception as error:
        log.exception("the watchdog cannot ask %s", watch.name)
        connections["dispatcher"].close()
        return Finding(watch.name, 1, None, f"the watchdog cannot ask: {type(error).__name__}")
    return Finding(watch.name, int(n), since, watch.what) if n else None


def _silent() -> Finding | None:
    with connections["default"].cursor() as cursor:
        cursor.execute(CLOCKWORK)
        row = cursor.fetchone()
    if row is not None and float(row[0]) < SILENT_SECONDS:
        return None
    return Finding("clockwork", 1, row[1] if row else None, "the clockwork has not beaten for a minute")


def run(*, now: datetime, send: Callable[[Letter], None] = mail.send) -> list[Finding]:
    """One look: what is new is told, what is over is told. Returns what is wrong now."""
    found = {finding.name: finding for finding in look()}
    for row in Incident.objects.filter(ended_at__isnull=True):
        if row.name in found:
            row.n, row.seen_at = found[row.name].n, now
        else:
            row.ended_at = now
        row.save()
    for name, finding in found.items():
        fresh = {"since": finding.since or now, "seen_at": now, "n": finding.n, "what": finding.what}
        Incident.objects.get_or_create(name=name, ended_at=None, defaults=fresh)
    _tell(now, send)
    return list(found.values())


def _tell(now: datetime, send: Callable[[Letter], None]) -> None:
    for row in Incident.objects.filter(told_at__isnull=True, ended_at__isnull=True).order_by("id"):
        log.error("watchdog: %s: %s %s since %s", row.name, row.n, row.what, row.since.isoformat())
        if _mail(row, "begins", f"[CXMS] {row.name}: {row.n} {row.what}", send):
            row.told_at = now
            row.save(update_fields=["told_at"])
    over = Incident.objects.filter(told_at__isnull=False, ended_at__isnull=False, told_end_at__isnull=True)
    for row in over.order_by("id"):
        log.warning("watchdog: %s is over", row.name)
        if _mail(row, "over", f"[CXMS] {row.name}: over", send):
            row.told_end_at = now
            row.save(update_fields=["told_end_at"])


def _mail(row: Incident, part: str, subject: str, send: Callable[[Letter], None]) -> bool:
    """True when it was told, or nobody wants mail: then the log is the second channel."""
    if not settings.OPS_MAIL or not settings.SMTP_URL:
        return True
    ended = f"\nover: {row.ended_at.isoformat()}" if row.ended_at else ""
    text = f"{row.n} {row.what}\nsince: {row.since.isoformat()}{ended}\n{settings.SITE_URL}/healthz?detail=1"
    try:
        for to in settings.OPS_MAIL:
            send(Letter(to, subject, text, mail.message_id(f"watchdog-{row.id}-{part}")))
    except DeliveryError as error:
        log.error("watchdog: the mail did not leave: %s", error)
        return False
    return True


def open_incidents() -> list[dict[str, Any]]:
    """What is wrong now by the last look, for `/healthz?detail=1` and `/prometheus`."""
    rows = Incident.objects.filter(ended_at__isnull=True).order_by("id")
    return [{"name": row.name, "n": row.n, "what": row.what, "since": row.since.isoformat()} for row in rows]
