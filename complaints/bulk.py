"""One move on many tickets: a run with a row per ticket, worked in slices, each row with its result, undone on demand.

Twenty rows are worked at once in the caller's transaction; more follow from `bulk.sliced`, slice by slice, by as many
workers as there are. A slice takes its tickets in the order of their keys, so two slices cannot wait for each other.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from complaints import lifecycle, mentions, move_fields, moves
from complaints.enums import BulkOutcome
from complaints.models import BulkRow, BulkRun, Ticket
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from ledger.facts import gathered, record_many
from tenancy.models import Member

MOVES = ("assign", "note", "change_severity", "hold", "resume", "close", "reply", "resolve", "join_incident")
AT_ONCE = 20
SLICE = 20  # what one message to the open pages can name
MOST = 2000
UNDO_WITHIN = timedelta(minutes=10)
UNDOABLE = frozenset({"assign", "change_severity", "hold", "resume", "close"})
BUSY = (BulkOutcome.WAITING, BulkOutcome.UNDOING)


class BulkError(DomainError):
    """The run cannot be started or undone as asked."""


def start(
    key: uuid.UUID,
    ids: Sequence[uuid.UUID],
    move: str,
    fields: dict[str, Any],
    *,
    organisation: int,
    member: Member,
    language: str,
    now: datetime,
    actor: str,
) -> BulkRun:
    """Begins a run over these tickets; the same key again gives the first. Raises BulkError, MoveFieldError."""
    there = BulkRun.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    if move not in MOVES:
        raise BulkError(_("没有这种批量操作"), code="unknown_move", field="move")
    if not ids:
        raise BulkError(_("先勾选投诉"), code="none_chosen", field="ticket")
    if len(ids) > MOST:
        raise BulkError(_("一次最多 %(n)d 宗，请缩小条件") % {"n": MOST}, code="too_many", field="ticket")
    clean = move_fields.clean(move, fields)
    if move == "assign":
        mentions.member_named(clean["assignee"], organisation=organisation)
    run = BulkRun.objects.create(
        id=key, organisation_id=organisation, member=member, move=move, fields=clean, language=language,
        n_rows=len(ids), created_at=now,
    )  # fmt: skip
    rows = [
        BulkRow(id=new_id(), organisation_id=organisation, run=run, position=i, ticket_id=ticket)
        for i, ticket in enumerate(sorted(dict.fromkeys(ids)))
    ]
    BulkRow.objects.bulk_create(rows, batch_size=500)
    _follow(run, range(len(rows)), now, actor)
    return run


def _follow(run: BulkRun, positions: Sequence[int], now: datetime, actor: str) -> None:
    """Works a few rows here and now, and leaves more to the followers of `bulk.sliced`."""
    if len(positions) <= AT_ONCE:
        work(run.id, positions[0], positions[-1], organisation=run.organisation_id, now=now)
        return
    ends = [(part[0], part[-1]) for part in (positions[i : i + SLICE] for i in range(0, len(positions), SLICE))]
    facts: list[tuple[str, uuid.UUID | str, dict[str, Any]]] = [
        ("bulk.sliced", run.id, {"first": first, "last": last}) for first, last in ends
    ]
    record_many(facts, organisation=run.organisation_id, now=now, actor=actor)


def work(run_id: uuid.UUID, first: int, last: int, *, organisation: int, now: datetime) -> int:
    """Works what waits in rows first..last of a run: moves to make, moves to undo. Returns how many."""
    run = BulkRun.objects.select_related("member", "member__user").get(organisation_id=organisation, id=run_id)
    rows = BulkRow.objects.select_for_update(of=("self",)).filter(
        organisation_id=organisation, run=run, position__gte=first, position__lte=last, outcome__in=BUSY
    )
    found = list(rows.order_by("position"))
    # the rows stand in the order of their tickets' keys, so the locks are taken in it too
    held = moves.hold_many([row.ticket_id for row in found], organisation=organisation)
    with translation.override(run.language), gathered(organisation) as facts:
        for row in found:
            told = len(facts)
            work_row = _undo_row if row.outcome == BulkOutcome.UNDOING else _make
            if not work_row(run, row, held[row.ticket_id]):
                # refused half way: what it said goes with what it wrote
                del facts[told:]
            row.at = now
    BulkRow.objects.bulk_update(found, ["outcome", "reason", "before", "seq", "at"])
    return len(found)


def _make(run: BulkRun, row: BulkRow, held: moves.Held) -> bool:
    """Makes the move on a row's ticket; False when it was refused."""
    ticket, version = held.ticket, held.ticket.version
    if ticket.state not in lifecycle.MOVES[run.move][0]:
        row.outcome, row.reason = BulkOutcome.REFUSED, _("现在是“%(state)s”") % {"state": ticket.get_state_display()}
        return False
    row.before = _before(held, run.move)
    if run.move == "assign" and row.before["owner"] == run.fields["assignee"]:
        row.outcome = BulkOutcome.SAME
        return True
    try:
        moved = _apply(run, held, run.move, run.fields)
    except DomainError as error:
        row.outcome, row.reason = BulkOutcome.REFUSED, str(error.message)[:200]
        return False
    row.seq = moved.version
    row.outcome = BulkOutcome.DONE if moved.version > version else BulkOutcome.SAME
    return True


def _apply(run: BulkRun, held: moves.Held, move: str, fields: dict[str, Any]) -> Ticket:
    actor = f"user:{run.member.user.email}"
    return moves.apply(
        held.ticket.id, move, fields, organisation=run.organisation_id, actor=actor, actor_name=run.member.name, held=held
    )


def _before(held: moves.Held, move: str) -> dict[str, Any]:
    ticket = held.ticket
    if move == "assign":
        return {"owner": ticket.owner.user.email if ticket.owner else ""}
    if move == "change_severity":
        return {"severity": ticket.severity}
    if move == "resume":
        pause = next((pause for pause in held.pauses if pause.to_at is None), None)
        return {"reason": pause.reason, "proof": pause.proof} if pause else {}
    return {}


# what puts a row back: the move and its fields, from what was before
INVERSE: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "assign": lambda was: ("assign", {"assignee": was["owner"]}) if was["owner"] else ("unassign", {}),
    "change_severity": lambda was: ("change_severity", {"severity": was["severity"], "reason": _("撤销批量操作")}),
    "hold": lambda was: ("resume", {}),
    "resume": lambda was: ("hold", was),
    "close": lambda was: ("unclose", {}),
}


def _undo_row(run: BulkRun, row: BulkRow, held: moves.Held) -> bool:
    """Puts a row's ticket back, unless somebody moved it since; False when it was not."""
    row.outcome = BulkOutcome.DONE
    if held.ticket.version != row.seq:
        row.reason = _("后来又有人动过，没有撤销")
        return False
    move, fields = INVERSE[run.move](row.before)
    try:
        _apply(run, held, move, fields)
    except DomainError as error:
        row.reason = str(error.message)[:200]
        return False
    row.outcome, row.reason = BulkOutcome.UNDONE, ""
    return True


def may_undo(run: BulkRun, row: BulkRow, *, now: datetime) -> bool:
    """True while a row can be put back: done, of a kind that can be undone, less than ten minutes ago. Pure."""
    return run.move in UNDOABLE and row.outcome == BulkOutcome.DONE and row.at is not None and now - row.at < UNDO_WITHIN


def undo(
    run_id: uuid.UUID, row_id: uuid.UUID | None, *, organisation: int, member: Member, now: datetime, actor: str
) -> int:
    """Puts back one row, or every row that can be. Returns how many were asked for. Raises BulkError."""
    run = BulkRun.objects.select_for_update().filter(organisation_id=organisation, id=run_id, member=member).first()
    if run is None:
        raise BulkError(_("找不到这次批量操作"), code="not_found")
    if run.move not in UNDOABLE:
        raise BulkError(_("备注已写进时间线，不能撤销"), code="not_undoable")
    rows = BulkRow.objects.select_for_update().filter(
        organisation_id=organisation, run=run, outcome=BulkOutcome.DONE, at__gt=now - UNDO_WITHIN
    )
    if row_id is not None:
        rows = rows.filter(id=row_id)
    found = list(rows.order_by("position"))
    if not found:
        raise BulkError(_("没有可以撤销的：已过十分钟，或已撤销"), code="nothing_to_undo")
    BulkRow.objects.filter(organisation_id=organisation, id__in=[row.id for row in found]).update(
        outcome=BulkOutcome.UNDOING
    )
    _follow(run, [row.position for row in found], now, actor)
    return len(found)


@dataclass(frozen=True)
class Progress:
    """How far a run is: counts by outcome."""

    n: int
    counts: dict[str, int]

    @property
    def n_busy(self) -> int:
        """Rows that still wait for a worker."""
        return sum(self.counts.get(outcome, 0) for outcome in BUSY)

    @property
    def n_settled(self) -> int:
        """Rows with an end."""
        return self.n - self.n_busy


def progress(run: BulkRun) -> Progress:
    """The counts of a run in one statement."""
    rows = BulkRow.objects.filter(organisation_id=run.organisation_id, run=run)
    counts = Counter({row["outcome"]: row["n"] for row in rows.values("outcome").annotate(n=Count("id"))})
    return Progress(run.n_rows, dict(counts))


def run_of(key: uuid.UUID, member: Member, *, organisation: int) -> BulkRun | None:
    """A run this person made, or None."""
    return BulkRun.objects.filter(organisation_id=organisation, id=key, member=member).first()


def rows_of(run: BulkRun, outcome: str = "") -> QuerySet[BulkRow]:
    """The rows of a run with their tickets, in order; of one outcome when it is named."""
    rows = BulkRow.objects.filter(organisation_id=run.organisation_id, run=run)
    if outcome in BulkOutcome.values:
        rows = rows.filter(outcome=outcome)
    return rows.select_related("ticket", "ticket__unit").order_by("position")
