"""还原: what happened, from every source in one line; five fields; what is signed stands, a correction is a new version.

A source is cited by its key; what it said is copied into the record when it is signed, so the record never changes under
its reader. Callers: the ticket page, its record page, and `complaints.moves`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from complaints.clocks import Moment
from complaints.enums import CUSTOMERS
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Move, Ticket
from complaints.move_fields import FIVE, MoveFieldError
from customers.models import CustomerEvent
from feedback import masking
from feedback import queries as heard
from feedback.models import Feedback

N_EVENTS, N_VOICES, YEARS = 12, 6, timedelta(days=730)
SAID = frozenset({"opened", "reply", "message", "note", "propose", "visit"})
MAX_WORDS = 300


@dataclass(frozen=True)
class Source:
    """Something that tells of the event. key: kind and id; who and where: what it proposes for the record."""

    key: str
    at: datetime
    label: str
    text: str
    who: str = ""
    where: str = ""


def events(ticket: Ticket) -> list[CustomerEvent]:
    """What the CRM knows of this customer up to now, the newest last."""
    if ticket.customer_id is None:
        return []
    rows = CustomerEvent.objects.filter(
        organisation_id=ticket.organisation_id, customer=ticket.customer_id, occurred_at__gte=ticket.received_at - YEARS
    )
    found = rows.select_related("unit", "touchpoint", "staff").order_by("-occurred_at")[:N_EVENTS]
    return list(reversed(found))


def voices(ticket: Ticket, paths: Sequence[str] = ("/",)) -> list[Feedback]:
    """What this customer said before, elsewhere than on this ticket, below the paths a reader sees, the newest last."""
    if ticket.customer_id is None:
        return []
    rows = Feedback.objects.filter(
        organisation_id=ticket.organisation_id, customer=ticket.customer_id, deleted_at__isnull=True,
        occurred_at__gte=ticket.received_at - YEARS,
    ).exclude(id=ticket.feedback_id).exclude(text="")  # fmt: skip
    if "/" not in paths:
        rows = rows.filter(reduce(or_, (Q(unit__path__startswith=path) for path in paths), Q(pk__in=[])))
        rows = rows.filter(heard.shown(paths, organisation=ticket.organisation_id))
    found = rows.select_related("unit", "staff", "touchpoint").order_by("-occurred_at")[:N_VOICES]
    return list(reversed(found))


def of_event(row: CustomerEvent) -> Source:
    """An order, a visit, a repair."""
    label = row.touchpoint.name if row.touchpoint else row.kind
    amount = f"{row.currency} {row.amount_minor / 100:,.2f}" if row.amount_minor is not None and row.currency else ""
    text = " · ".join(part for part in (row.external_id, row.unit.name if row.unit else "", amount) if part)
    return Source(f"event:{row.id}", row.occurred_at, label, text, _staff(row), _place(row))


def of_voice(row: Feedback) -> Source:
    """An earlier voice."""
    return Source(f"voice:{row.id}", row.occurred_at, row.get_channel_display(), masking.hidden(row.text)[:MAX_WORDS], _staff(row), _place(row))


def of_move(row: Move, ticket: Ticket) -> Source:
    """Something said or noted on the ticket."""
    text = ticket.feedback.text or ticket.title if row.kind == "opened" else str(row.data.get("text", ""))
    said = masking.hidden(text, names=row.kind in CUSTOMERS)
    return Source(f"move:{row.seq}", row.at, row.kind, said[:MAX_WORDS], row.actor_name)


def of_file(file: Mapping[str, Any], row: Move) -> Source:
    """A file of a move."""
    return Source(f"file:{file['id']}", row.at, "file", str(file["name"]), row.actor_name)


def _staff(row: CustomerEvent | Feedback) -> str:
    return row.staff.name if row.staff else ""


def _place(row: CustomerEvent | Feedback) -> str:
    parts = [row.unit.name if row.unit else "", row.touchpoint.name if row.touchpoint else ""]
    return " · ".join(part for part in parts if part)


def sources(ticket: Ticket, line: Sequence[Move], paths: Sequence[str] = ("/",)) -> list[Source]:
    """Everything that can be cited, the oldest first; of earlier voices those below the reader's paths."""
    found = [of_event(row) for row in events(ticket)] + [of_voice(row) for row in voices(ticket, paths)]
    for move in line:
        if move.kind in SAID:
            found.append(of_move(move, ticket))
        found += [of_file(file, move) for file in move.data.get("files") or ()]
    return sorted((one for one in found if one.text), key=lambda one: one.at)


def missing(fields: Mapping[str, Any]) -> list[str]:
    """Which of the five still lack words; evidence also stands by what is cited."""
    return [name for name in FIVE if not str(fields.get(name) or "").strip() and not (name == "evidence" and fields.get("cites"))]


def sign(ticket: Ticket, fields: dict[str, Any], *, moment: Moment, signer: str) -> None:
    """The complete record under a name: the clause stops, the record stands. Raises MoveNotAllowed, MoveFieldError."""
    if ticket.reconstruction.get("signed"):
        raise MoveNotAllowed(_("事件已还原并签字"), field="move")
    _keep(ticket, fields, moment, signer, version=1)


def correct(ticket: Ticket, fields: dict[str, Any], *, moment: Moment, signer: str) -> None:
    """A new version of what was signed, with a reason; the one before stays readable and no clock moves."""
    before = ticket.reconstruction
    if not before.get("signed"):
        raise MoveNotAllowed(_("还没有签字，直接在还原里改"), code="not_signed", field="move")
    if all(fields[name] == before.get(name, "") for name in FIVE) and fields["cites"] == cited_keys(before):
        raise MoveFieldError(_("和上一版一样，没有改动"), code="unchanged", field="what")
    _keep(ticket, fields, moment, signer, version=int(before.get("version", 1)) + 1)


def _keep(ticket: Ticket, fields: dict[str, Any], moment: Moment, signer: str, *, version: int) -> None:
    fields["cited"] = _copied(ticket, fields.pop("cites"))
    fields |= {"signer": signer or moment.actor, "version": version}
    ticket.reconstruction = {**fields, "at": moment.at.isoformat(), "by": moment.actor}


def _copied(ticket: Ticket, keys: Collection[str]) -> list[dict[str, str]]:
    """What the cited sources say now. Raises MoveFieldError for one that is not of this ticket."""
    if not keys:
        return []
    line = Move.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket).order_by("seq")
    known = {one.key: one for one in sources(ticket, list(line))}
    unknown = [key for key in keys if key not in known]
    before = {str(one["key"]): one for one in ticket.reconstruction.get("cited", [])}
    if any(key not in before for key in unknown):
        raise MoveFieldError(_("有一条证据已经不在时间线上，请重新勾选"), code="unknown_source", field="cites")
    chosen = [known[key] for key in keys if key in known]
    fresh = [{"key": s.key, "at": s.at.isoformat(), "label": s.label, "text": s.text} for s in chosen]
    return sorted([*fresh, *(before[key] for key in unknown)], key=lambda one: one["at"])


def cited_keys(record: Mapping[str, Any]) -> list[str]:
    """The keys a record cites, in order of time."""
    return [str(one["key"]) for one in record.get("cited", [])]


@dataclass(frozen=True)
class Version:
    """A record as it was signed. reason: why it was corrected, "" for the first."""

    number: int
    at: datetime
    signer: str
    fields: Mapping[str, Any]
    cycle: int

    @property
    def reason(self) -> str:
        """Why it differs from the one before."""
        return str(self.fields.get("reason", ""))


def versions(ticket: Ticket) -> list[Version]:
    """Every record that was signed on the ticket, the newest first."""
    rows = Move.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, kind__in=("reconstruct", "correct"))
    return [
        Version(int(row.data.get("version", 1)), row.at, str(row.data.get("signer") or row.actor_name or row.actor), row.data, row.cycle)
        for row in rows.order_by("-seq")
    ]
