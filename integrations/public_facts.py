"""Which facts the outside may hear of, and how they are worded: thin (ids and states), never personal data.

One row in `TABLE` makes a kind public: webhooks carry it, `GET /changes` lists it, the API's pages document it. A kind
that is not here stays inside the house.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from complaints import queries
from ledger.models import Fact

MAX_BYTES = 20_000
EVERYTHING = "*"
PING = "webhook.ping"
Data = dict[str, Any]
Numbers = Mapping[str, str]


@dataclass(frozen=True)
class PublicFact:
    """One kind: what it says (English, for the contract), its fields with an example, and how its data are made."""

    kind: str
    summary: str
    fields: Mapping[str, str]
    example: Mapping[str, Any]
    data: Callable[[Fact, Numbers], Data]
    of_ticket: bool = False


def _batch(fact: Fact, _: Numbers) -> Data:
    return {"id": fact.subject, **{name: fact.data[name] for name in ("first", "last", "n")}}


def _voice(fact: Fact, _: Numbers) -> Data:
    return {"id": fact.subject}


def _same(*names: str) -> Callable[[Fact, Numbers], Data]:
    return lambda fact, _: {"id": fact.subject, **{name: fact.data.get(name) for name in names}}


def _customers(fact: Fact, _: Numbers) -> Data:
    return {"ids": fact.data["ids"], "n": len(fact.data["ids"])}


def _ticket(*names: str) -> Callable[[Fact, Numbers], Data]:
    def make(fact: Fact, numbers: Numbers) -> Data:
        found = {"id": fact.subject, "number": fact.data.get("number") or numbers.get(fact.subject)}
        return found | {name: fact.data.get(name) for name in names} | {"history": bool(fact.data.get("silent"))}

    return make


_ID = "0199f3a2-6c1e-7b54-8e0a-3f2d5c7a9b10"
_IDS = {"id": "the feedback's id"}
_BATCH = {"id": "the first id of the batch", "first": "its lowest id", "last": "its highest id", "n": "how many"}
_TICKET = {"id": "the ticket's id", "number": "its number"}
_HISTORY = {"history": "true when the past was brought over; nobody was told"}
_CLOCK = {"clause": "the clause's code", "kind": "its kind", "cycle": "the cycle"}
_OF_BATCH = {"id": _ID, "first": _ID, "last": _ID, "n": 1}
_OF_TICKET = {"id": _ID, "number": "C-261122-003"}
_OF_CLOCK = {"clause": "solution", "kind": "solution", "cycle": 1}
_OF_CUSTOMERS = {"ids": [_ID], "n": 1}

_ROWS = (
    PublicFact("feedback.received", "Feedback was received; one event for a batch.", _BATCH, _OF_BATCH, _batch),
    PublicFact("feedback.analysed", "Received feedback was analysed; one event for a batch.", _BATCH, _OF_BATCH, _batch),
    PublicFact("feedback.excluded", "A feedback was taken out of every metric.", _IDS, {"id": _ID}, _voice),
    PublicFact("feedback.included", "An excluded feedback counts again.", _IDS, {"id": _ID}, _voice),
    PublicFact("feedback.deleted", "A feedback was deleted: forget what you keep of it.", _IDS, {"id": _ID}, _voice),
    PublicFact(
        "complaint.opened",
        "A complaint became a ticket.",
        {**_TICKET, "severity": "low, normal, high or critical", **_HISTORY},
        {**_OF_TICKET, "severity": "high", "history": False},
        _ticket("severity"),
    ),
    PublicFact(
        "complaint.moved",
        "A ticket was moved: assigned, answered, held, resolved, reopened, closed and so on.",
        {**_TICKET, "move": "the move", "state": "the state after it", "seq": "the ticket's version after it", **_HISTORY},
        {**_OF_TICKET, "move": "resolve", "state": "resolved", "seq": 6, "history": False},
        _ticket("move", "state", "seq"),
        of_ticket=True,
    ),
    PublicFact(
        "promise.escalated",
        "A promise used up a share of its time, or more than all of it.",
        {**_TICKET, **_CLOCK, "levels": "the levels that fired: 0.5, 0.75, 1 (broken), +1800 (seconds after)", **_HISTORY},
        {**_OF_TICKET, **_OF_CLOCK, "levels": ["0.5"], "history": False},
        _ticket("clause", "kind", "cycle", "levels"),
        of_ticket=True,
    ),
    PublicFact(
        "promise.breached",
        "A promise was broken.",
        {**_TICKET, **_CLOCK, "cause": "what judged it", **_HISTORY},
        {**_OF_TICKET, **_OF_CLOCK, "cause": "sweep", "history": False},
        _ticket("clause", "kind", "cycle", "cause"),
        of_ticket=True,
    ),
    PublicFact(
        "promise.met",
        "A promise was kept.",
        {**_TICKET, **_CLOCK, **_HISTORY},
        {**_OF_TICKET, **_OF_CLOCK, "history": False},
        _ticket("clause", "kind", "cycle"),
        of_ticket=True,
    ),
    PublicFact(
        "customer.created",
        "Customers were made by `PUT /customers/{external_id}` or `POST /customers/bulk`; at most 200 an event.",
        {"ids": "the customers' ids", "n": "how many"},
        _OF_CUSTOMERS,
        _customers,
    ),
    PublicFact(
        "customer.updated",
        "Customers were changed by the same calls; at most 200 an event.",
        {"ids": "the customers' ids", "n": "how many"},
        _OF_CUSTOMERS,
        _customers,
    ),
    PublicFact(
        "survey.answered",
        "A survey was answered; the answer is a feedback.",
        {"id": "the answer's id", "survey": "the survey's code", "version": "its version", "feedback": "the feedback's id"},
        {"id": _ID, "survey": "after-repair", "version": 1, "feedback": _ID},
        _same("survey", "version", "feedback"),
    ),
    PublicFact(
        "action.moved",
        "An improvement action went from one state to another.",
        {"id": "the action's id", "from": "plan, do, check, act", "to": "do, check, act, closed"},
        {"id": _ID, "from": "plan", "to": "do"},
        _same("from", "to"),
    ),
    PublicFact(
        "action.checked",
        "The figures judged an action on its due date.",
        {"id": "the action's id", "verdict": "effective, not, insufficient"},
        {"id": _ID, "verdict": "effective"},
        _same("verdict"),
    ),
    PublicFact(
        "metric.alerted",
        "A metric rule fired on a complete period; figures by `GET /metric-alerts/{id}`.",
        {"id": "the alert's id", "rule": "the rule's id", "metric": "its metric", "from": "first day", "to": "the day after the last", "n_cells": "how many cells fired"},
        {"id": _ID, "rule": _ID, "metric": "nps", "from": "2026-11-16", "to": "2026-11-23", "n_cells": 2},
        _same("rule", "metric", "from", "to", "n_cells"),
    ),
    PublicFact(
        "report.issued",
        "A weekly report was frozen.",
        {"id": "the report's id", "week": "its Monday", "unit": "code of the unit it is about"},
        {"id": _ID, "week": "2026-11-16", "unit": "HQ"},
        _same("week", "unit"),
    ),
)
TABLE: Mapping[str, PublicFact] = {row.kind: row for row in _ROWS}
KINDS = tuple(TABLE)


def documents(facts: Sequence[Fact], *, organisation: int) -> list[Data]:
    """The public wording of facts of public kinds: {type, timestamp, data, sequence}."""
    tickets = [fact.subject for fact in facts if TABLE[fact.kind].of_ticket]
    numbers = queries.numbers(tickets, organisation=organisation) if tickets else {}
    return [
        {
            "type": fact.kind,
            "timestamp": fact.at.isoformat().replace("+00:00", "Z"),
            "data": TABLE[fact.kind].data(fact, numbers),
            "sequence": fact.seq,
        }
        for fact in facts
    ]


def body(document: Data) -> bytes:
    """The bytes that are stored, signed and sent. Raises ValueError above 20 kB: public data are thin."""
    found = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(found) >= MAX_BYTES:
        raise ValueError(f"{document['type']} is not thin: {len(found)} bytes")
    return found
