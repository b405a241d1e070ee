"""`/complaints`: filing, reading, moving. History needs the scope `backdate`."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db.models import F, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api import shapes
from api.contract import CURSOR, INSTANT, LIMIT, Operation, Parameter, choice, obj, page, ref, text
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.problems import Problem, not_found
from complaints import axes, moves, queries
from complaints import intake as filing
from complaints.enums import Severity
from complaints.intake import Complaint
from complaints.lifecycle import MOVES
from complaints.models import Ticket
from complaints.queries import Filters
from cxms.lib import clock
from feedback import intake, normalise
from feedback.intake import Source
from feedback.shapes import ShapeError

PAST = timedelta(seconds=2)
TAG = "Complaints"
FILTERS = (
    Parameter("view", "the desk's view", choice("all", "open", "breached", "due_soon", "held", "unassigned", "to_accept", "resolved")),
    Parameter("q", "number or title", text()),
    Parameter("unit", "code of a unit; covers its subtree", text()),
    Parameter("severity", "low, normal, high, critical", text()),
    Parameter("state", "new, handling, proposed, resolved, closed", text()),
    Parameter("topic", "code of a topic", text()),
    Parameter("axes", "where it stands on the two axes of why customers leave, `unmet:left_with:state`, each may be empty: `need::set`", text()),
    CURSOR,
    LIMIT,
)
FIELDS_OF_MOVES = """Moves and their fields: `assign {assignee}` · `reply {text}` · `reconstruct {who, when, where, what, evidence,
cites?: [keys], signed: true}` · `correct {who, when, where, what, evidence, cites?, reason}` (a new version of what was signed) · `propose {text, compensation?, wait?}` or `propose {options: [{text, kind?, amount?,
currency?, by?}], wait?}` with up to three; what costs more than the key may give without asking (set on the key, nothing at first), with what the
complaint was given before, waits for a person's word: the answer is 200 with `approval`, the customer sees nothing of it yet · `accept {consent: "customer"|"verbal", option?, who?, when?, how?, words?}` · `decline {reason}` ·
`hold {reason: "waiting_customer"|"waiting_third_party", proof?}` · `resume {}` · `resolve {text?, reason?: "no_answer"}` ·
`reflect {whys: [1 to 5], cause_code, prevention, owner, due}` · `reopen {reason, mode?: "new_cycle"|"undo"}` · `close {}` · `change_severity {severity, reason}` ·
`excuse {clause, reason}` · `unexcuse {clause, reason}` · `note {text}` ·
`visit {arrived_at?, no_show?: "us"|"customer", window?: [from, to], reason?}` ·
`duplicate {of}` · `unduplicate {}` within ten minutes · `join_incident {of}` · `leave_incident {}` · `split {title, severity?}` ·
`hand_over {to, reason, needed, by?}` · `accept_handover {}` · `refuse_handover {reason}` · `withdraw_handover {}` ·
`contact {channel: "phone"|"wechat"|"email"|"sms"|"visit", reached, next_at?, text?}` · `extend {clause, days|seconds, reason, approver}`: once, never after a breach. An `at` in the past needs the scope `backdate`."""
# what only the house itself or the customer's page does
INTERNAL = frozenset(
    {"linked", "notified", "message", "own", "repolicy", "ask", "approve", "refuse", "rate", "unassign", "unclose"}
)


class Desk(Endpoint):
    """What the three resources share."""

    def shown(self, ticket: Ticket) -> dict[str, Any]:
        """The ticket as stored now."""
        row = queries.by_number(ticket.number, organisation=self.organisation)
        if row is None:
            raise Problem(404, "not_found", "not found")
        # PostgreSQL's time, as the move's own: a hold of this very request shows as one
        return shapes.ticket(row, organisation=self.organisation, now=clock.database_now())

    def past(self, payload: dict[str, Any], name: str) -> datetime | None:
        """An instant of the past, which needs the scope `backdate`; None for now."""
        found = normalise.instant(payload, name, now=self.now)
        if found is None or found > self.now - PAST:
            if found is not None and found > self.now + PAST:
                raise ShapeError("in the future", code="in_future", field=name)
            return None
        if not self.may("backdate"):
            raise Problem(403, "scope_missing", "the past needs the scope backdate", [{"field": name, "code": "backdate"}])
        return found


class ComplaintList(Desk):
    """`POST /complaints`, `GET /complaints`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read", "POST": "complaints:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "List tickets, newest first", page(ref("TicketRow")), query=FILTERS),
        "POST": Operation(
            TAG,
            "File a complaint",
            ref("Ticket"),
            201,
            also={200: "filed before"},
            description="A feedback that is a complaint: its ticket opens and its promises run from now. `received_at` in the past "
            "and `moves` bring a case over from another desk and need the scope `backdate`.",
            body=ref("ComplaintIn"),
            example={"channel": "phone", "unit": "S001", "severity": "high", "text": "维修三周没有音讯，要求退款"},
        ),
    }

    def post(self, request: Request) -> Response:
        """Receives a complaint and opens its ticket in one transaction: 201, or 200 when it was filed before."""
        payload = self.document()
        voice = normalise.voice(payload, channels=intake.open_channels(self.organisation), now=self.now)
        received = self.past(payload, "received_at")
        complaint = Complaint(
            voice=voice,
            severity=_severity(payload),
            policy=normalise.code(payload, "policy"),
            received_at=received,
            moves=tuple(self._history(payload.get("moves"))),
        )
        source = Source(self.body, request.content_type or "application/json", self.actor)
        ticket, fresh = filing.file(complaint, organisation=self.organisation, source=source, now=self.now)
        return Response(self.shown(ticket), status=201 if fresh else 200)

    def get(self, request: Request) -> Response:
        """Tickets that pass the filters, newest first."""
        text = request.query_params.get
        filters = Filters(
            view=text("view", "all"),
            q=text("q", "")[:100],
            unit=text("unit", ""),
            severity=text("severity", ""),
            state=text("state", ""),
            topic=text("topic", ""),
            axes=text("axes", ""),
        )
        if filters.axes and axes.place_of(filters.axes) is None:
            raise Problem(422, "unknown_place", "axes is unmet:left_with:state, each may be empty", [{"field": "axes", "code": "unknown_place"}])
        rows = queries.tickets(filters, organisation=self.organisation, now=self.now).order_by("-received_at", "-id")
        after = read_cursor(request, lambda at: (datetime.fromisoformat(at[0]), uuid.UUID(at[1])))
        if after is not None:
            rows = rows.filter(Q(received_at__lt=after[0]) | Q(received_at=after[0], id__lt=after[1]))
        return Response(self._page(rows.select_related("policy", "owner__user", "unit"), limit_of(request)))

    def _page(self, rows: QuerySet[Ticket], limit: int) -> dict[str, Any]:
        found = list(rows.annotate(policy_code=F("policy__code"))[: limit + 1])
        shown = found[:limit]
        held = queries.held_tickets([row.id for row in shown], organisation=self.organisation, now=self.now)
        last = shown[-1] if len(found) > limit else None
        return {
            "results": [shapes.ticket_row(row, is_held=row.id in held) for row in shown],
            "next": cursor_of(last.received_at.isoformat(), last.id) if last else None,
        }

    def _history(self, value: Any) -> list[dict[str, Any]]:
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > filing.MAX_MOVES:
            raise ShapeError("a list of at most 200 moves", code="wrong_type", field="moves")
        if value and not self.may("backdate"):
            raise Problem(403, "scope_missing", "history needs the scope backdate", [{"field": "moves", "code": "backdate"}])
        steps = []
        for i, step in enumerate(value):
            if not isinstance(step, dict) or step.get("move") not in MOVES or step["move"] in INTERNAL:
                raise ShapeError("unknown move", code="unknown_move", field=f"moves[{i}].move")
            try:
                steps.append({**step, "at": normalise.instant(step, "at", now=self.now, required=True)})
            except ShapeError as error:
                raise ShapeError(error.message, code=error.code, field=f"moves[{i}].at") from error
        return steps


def _severity(payload: dict[str, Any]) -> str:
    value = payload.get("severity")
    if value is None:
        return ""
    if not isinstance(value, str) or value not in Severity.values:
        raise ShapeError("unknown severity", code="unknown_severity", field="severity")
    return value


class ComplaintOne(Desk):
    """`GET /complaints/{number}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "Read a ticket with its clocks, escalations and timeline", ref("Ticket"), etag=True)
    }

    def get(self, request: Request, number: str) -> Response:
        """One ticket; its ETag is the version that If-Match takes."""
        row = queries.by_number(number, organisation=self.organisation)
        if row is None:
            return not_found()
        body = shapes.ticket(row, organisation=self.organisation, now=clock.database_now())
        return Response(body, headers={"ETag": f'"{row.version}"'})


class ComplaintMoves(Desk):
    """`POST /complaints/{number}/moves`."""

    needs: ClassVar[dict[str, str]] = {"POST": "complaints:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            TAG,
            "Move a ticket",
            ref("Ticket"),
            description=" ".join(FIELDS_OF_MOVES.split()),
            body=obj(
                {"move": choice(*sorted(set(MOVES) - INTERNAL)), "at": INSTANT}, required=("move",), additionalProperties=True
            ),
            example={"move": "reply", "text": "您好，我们正在核实。"},
            problems=(409,),
            etag=True,
            if_match=True,
        )
    }

    def post(self, request: Request, number: str) -> Response:
        """Applies one move: 200 with the ticket, 409 where its state forbids it, 412 when If-Match is stale."""
        row = queries.by_number(number, organisation=self.organisation)
        if row is None:
            return not_found()
        payload = self.document()
        move = payload.get("move")
        if not isinstance(move, str) or move not in MOVES or move in INTERNAL:
            raise ShapeError("unknown move", code="unknown_move", field="move")
        ticket = moves.apply(
            row.id,
            move,
            payload,
            organisation=self.organisation,
            actor=self.actor,
            actor_name=self.key.name if self.key else "",
            at=self.past(payload, "at"),
            version=_version(request),
        )
        body = self.shown(ticket)
        return Response(body, headers={"ETag": f'"{body["version"]}"'})


def _version(request: Request) -> int | None:
    text = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not text or text == "*":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(412, "stale_version", "If-Match is not a version of this ticket")
    return int(text)
