"""The shared schemas of the contract, by the names the document gives them."""

from api.contract import (
    ANY,
    DATE,
    ID,
    INSTANT,
    NUMBER,
    WHOLE,
    YES,
    Schema,
    choice,
    listed,
    maybe,
    obj,
    ref,
    text,
)  # fmt: skip
from complaints.clock_specs import SPECS
from complaints.enums import ClockState, Severity, State
from integrations.enums import DeliveryState, DisabledFor, EndpointState
from integrations.public_facts import EVERYTHING, KINDS
from tenancy.enums import Channel

SCORE = obj(
    {
        "kind": choice("nps", "csat", "ces", "csi", "stars"),
        "item": text(64, description="CSI only: the item's code"),
        "value": NUMBER,
        "scale": listed(WHOLE, minItems=2, maxItems=2, description="[min, max]; NPS is 0 to 10"),
    },
    required=("kind", "value"),
)
CUSTOMER_IN = obj(
    {
        "external_id": maybe(text(120, description="your id of the customer")),
        "name": maybe(text(120)),
        "phone": maybe(text(40, description="any way of writing; kept as E.164")),
        "email": maybe(text(254)),
        "tier": maybe(text(24, description="your value tier; never shown to customers")),
        "union_id": maybe(text(64, description="the customer's WeChat union id, to recognise him by")),
    },
    required=(),
)
VOICE_IN: dict[str, Schema] = {
    "channel": choice(*Channel.values),
    "external_id": maybe(text(120, description="with the channel the key against duplicates")),
    "occurred_at": maybe(INSTANT),
    "customer": maybe(ref("CustomerIn")),
    "unit": maybe(text(64, description="code of the unit")),
    "staff": maybe(text(64, description="employee number")),
    "touchpoint": maybe(text(64, description="code of the touchpoint")),
    "text": maybe(text(20_000)),
    "scores": maybe(listed(ref("Score"), maxItems=60)),
    "metadata": maybe(ANY),
}
ANALYSIS = obj(
    {
        "status": choice("pending", "analysed"),
        "language": text(),
        "kind": text(description="complaint, suggestion, praise, enquiry, other"),
        "sentiment": obj({"label": text(), "score": maybe(NUMBER)}),
        "topics": listed(ANY),
        "urgency": WHOLE,
        "red_line": YES,
        "corrected": listed(text(), description="labels that a person corrected"),
        "pii": listed(ANY),
        "engine": text(),
    },
    required=("status",),
)
FEEDBACK = obj(
    {
        "id": ID,
        "channel": choice(*Channel.values),
        "external_id": maybe(text()),
        "occurred_at": INSTANT,
        "received_at": INSTANT,
        "customer": maybe(obj({"id": ID, "external_id": maybe(text()), "tier": text()})),
        "unit": maybe(text()),
        "staff": maybe(text()),
        "touchpoint": maybe(text()),
        "text": text(),
        "scores": listed(ref("Score")),
        "metadata": ANY,
        "status": choice("pending", "analysed"),
        "excluded": maybe(obj({"at": INSTANT, "reason": text()})),
        "analysis": ref("Analysis"),
    }
)
ROW_ERROR = obj({"row": WHOLE, "field": text(), "code": text(), "detail": text()})
ROW_RESULT = obj(
    {"row": {**WHOLE, "description": "counted from 0"}, "status": text(), "id": maybe(ID), "error": ref("RowError")},
    required=("row", "status"),
)
BULK_RESULT = obj({"accepted": WHOLE, "duplicates": WHOLE, "rejected": WHOLE, "results": listed(ref("RowResult"))})
CLOCK = obj(
    {
        "clause": text(),
        "kind": choice(*SPECS),
        "cycle": WHOLE,
        "state": choice(*ClockState.values),
        "started_at": maybe(INSTANT),
        "target_seconds": WHOLE,
        "due_at": maybe(INSTANT),
        "warn_at": listed(INSTANT),
        "elapsed_seconds": WHOLE,
        "stopped_at": maybe(INSTANT),
        "met_at": maybe(INSTANT),
        "breached_at": maybe(INSTANT),
        "late_seconds": WHOLE,
        "late_working_seconds": WHOLE,
        "cause": maybe(text()),
        "promise": text(),
        "extended_seconds": WHOLE,
    }
)
TICKET_ROW: dict[str, Schema] = {
    "id": ID,
    "number": text(),
    "title": text(),
    "state": text(description=f"{', '.join(State.values)}; `held` while it is on hold"),
    "severity": choice(*Severity.values),
    "owner": maybe(text(description="e-mail")),
    "unit": maybe(text()),
    "holder": maybe(text(description="the unit that has it now")),
    "offered_to": maybe(text(description="the unit that is to accept it")),
    "policy": text(),
    "policy_version": WHOLE,
    "cycle": WHOLE,
    "version": WHOLE,
    "feedback": ID,
    "topics": listed(text()),
    "received_at": INSTANT,
    "contact_due_at": maybe(INSTANT),
    "opened_at": INSTANT,
    "resolved_at": maybe(INSTANT),
    "closed_at": maybe(INSTANT),
    "proposal": maybe(ANY),
    "reconstruction": maybe(ANY),
}
APPROVAL = obj({"id": ID, "amount": text(), "currency": text(3), "asked_by": text(), "asked_at": INSTANT, "due_at": INSTANT})
ESCALATION = obj(
    {
        "clause": text(),
        "cycle": WHOLE,
        "level": text(),
        "fire_at": INSTANT,
        "written_at": INSTANT,
        "late_seconds": NUMBER,
        "cause": maybe(text()),
    }
)
MOVE = obj(
    {"seq": WHOLE, "move": text(), "at": INSTANT, "recorded_at": INSTANT, "actor": text(), "cycle": WHOLE, "data": ANY}
)
CLAUSE = obj(
    {
        "code": text(64),
        "kind": choice(*SPECS),
        "target_seconds": {"type": "integer", "minimum": 1},
        "calendar": text(64),
        "warn_shares": listed(NUMBER),
        "after_seconds": listed(WHOLE),
        "pausable_by": listed(text()),
        "promise": text(200, description="what the customer reads; empty for the kind's own words"),
        "after_calendar": choice("same", "always"),
        "extend_seconds": {"type": "integer", "minimum": 0, "description": "how much longer it may be made, once"},
    },
    required=("code", "kind", "target_seconds", "calendar"),
)
# level → who joins there; left out, a level is as shipped
TOLD = obj(
    {level: listed(text(description="owner, duty, a role, or member:<e-mail>")) for level in ("1", "2", "3", "4")}
)
POLICY_IN = obj(
    {"name": text(), "match": ANY, "clauses": listed(ref("Clause")), "ladder": TOLD}, required=("name", "clauses")
)
POLICY = obj(
    {
        "code": text(),
        "version": WHOLE,
        "name": text(),
        "match": ANY,
        "clauses": listed(ref("Clause")),
        "ladder": TOLD,
        "created_at": INSTANT,
    }
)
CALENDAR_IN = obj(
    {"timezone": text(), "always": YES, "weekly": ANY, "holidays": listed(DATE), "workdays": ANY, "special": ANY},
    required=("timezone",),
)
WAIT = {
    "waited_seconds": {"type": "number", "minimum": 0, "maximum": 604800, "description": "arrival to the start of service"},
    "abandoned": {"type": "boolean", "description": "left before being served; only beside waited_seconds"},
}
EVENT_IN = obj(
    {
        "external_id": text(120),
        "kind": text(24, pattern="^[a-z][a-z0-9_]{0,23}$", examples=["order", "visit", "delivery", "stay", "repair"]),
        "occurred_at": INSTANT,
        "customer": maybe(ref("CustomerIn")),
        "unit": maybe(text(64)),
        "touchpoint": maybe(text(64)),
        "amount_minor": maybe(WHOLE),
        "currency": maybe(text(description="ISO 4217")),
        "metadata": maybe({"type": "object", "properties": WAIT, "additionalProperties": True}),
    },
    required=("external_id", "kind", "occurred_at"),
)
CUSTOMER = obj(
    {"id": ID, "external_id": maybe(text()), "name": text(), "phone": text(), "email": text(), "tier": text()}
)
POINT = obj(
    {
        "from": DATE,
        "to": DATE,
        "by": ANY,
        "value": maybe(NUMBER),
        "n": maybe(NUMBER),
        "low": maybe(NUMBER),
        "high": maybe(NUMBER),
        "suppressed": YES,
        "components": maybe(ANY),
        "target": maybe(NUMBER),
        "verdict": maybe(choice("reached", "missed", "unclear")),
    }
)
ENDPOINT = obj(
    {
        "id": ID,
        "url": text(format="uri"),
        "description": text(),
        "kinds": listed(choice(EVERYTHING, *KINDS)),
        "state": choice(*EndpointState.values),
        "reason": maybe(choice(*DisabledFor.values)),
        "version": WHOLE,
        "created_at": INSTANT,
        "last_success_at": maybe(INSTANT),
        "failing_since": maybe(INSTANT),
        "n_failures": WHOLE,
        "resume_at": maybe(INSTANT),
        "n_waiting": WHOLE,
        "n_dead": WHOLE,
    }
)
ENDPOINT_IN = obj(
    {
        "url": text(2000, format="uri", description="https, port 443 or 8443, a public address"),
        "description": text(200),
        "kinds": listed(choice(EVERYTHING, *KINDS), minItems=1, description="`*` for every event; the default"),
    },
    required=("url",),
)
ENDPOINT_CHANGE = obj(
    {**ENDPOINT_IN["properties"], "state": choice(*EndpointState.values, description="`active` enables it again")},
    required=(),
)
DELIVERY = obj(
    {
        "id": ID,
        "message_id": text(description="the `webhook-id` header"),
        "type": text(),
        "sequence": WHOLE,
        "state": choice(*DeliveryState.values),
        "attempts": WHOLE,
        "created_at": INSTANT,
        "next_at": maybe(INSTANT),
        "finished_at": maybe(INSTANT),
        "last_status": maybe(WHOLE),
        "last_error": text(),
        "answer": text(description="the beginning of the last answer"),
        "log": listed(obj({"at": INSTANT, "status": WHOLE, "error": text(), "ms": WHOLE})),
    }
)
CHANGE = obj({"id": ID, "type": choice(*KINDS), "timestamp": INSTANT, "sequence": WHOLE, "data": ANY})
SUMMARY = obj(
    {
        "customer": ref("Customer"),
        "as_of": INSTANT,
        "tier": maybe(text()),
        "open_complaints": obj(
            {
                "n": WHOLE,
                "results": listed(
                    obj(
                        {
                            "number": text(),
                            "title": text(),
                            "state": text(),
                            "severity": text(),
                            "next_due": maybe(obj({"clause": text(), "kind": text(), "state": text(), "due_at": maybe(INSTANT)})),
                        }
                    ),
                    description="the twenty that end first",
                ),
            }
        ),
        "complaints": obj({"n": WHOLE, "n_12_months": WHOLE}),
        "voices": obj({"n_12_months": WHOLE, "last_at": maybe(INSTANT)}),
        "nps": maybe(obj({"value": WHOLE, "at": INSTANT, "n": {**WHOLE, "description": "answers in 12 months"}})),
        "last_event": maybe(
            obj({"kind": text(), "external_id": text(), "occurred_at": INSTANT, "unit": maybe(text()), "n_12_months": WHOLE})
        ),
    }
)
PROBLEM = obj(
    {
        "type": text(),
        "title": text(),
        "status": WHOLE,
        "code": text(description="stable, for programs"),
        "detail": text(),
        "errors": listed(
            obj({"field": text(), "row": WHOLE, "code": text(), "detail": text()}, required=("code",))
        ),
    },
    description="RFC 9457 problem details",
)

SCHEMAS: dict[str, Schema] = {
    "Analysis": ANALYSIS,
    "BulkResult": BULK_RESULT,
    "CalendarIn": CALENDAR_IN,
    "Calendar": obj({"code": text(), "version": WHOLE, "valid_from": INSTANT}, additionalProperties=True),
    "Change": CHANGE,
    "Clause": CLAUSE,
    "Clock": CLOCK,
    "ComplaintIn": obj(
        {
            **VOICE_IN,
            "severity": maybe(choice(*Severity.values)),
            "policy": maybe(text(64)),
            "received_at": maybe({**INSTANT, "description": "the past needs the scope backdate"}),
            "moves": maybe(listed(ANY, maxItems=200)),
        },
        required=("channel",),
    ),
    "Customer": CUSTOMER,
    "CustomerIn": CUSTOMER_IN,
    "CustomerSummary": SUMMARY,
    "Delivery": DELIVERY,
    "Endpoint": ENDPOINT,
    "EndpointIn": ENDPOINT_IN,
    "EndpointChange": ENDPOINT_CHANGE,
    "EndpointSecret": obj({**ENDPOINT["properties"], "secret": text(pattern="^whsec_", description="shown once")}),
    "Escalation": ESCALATION,
    "EventIn": EVENT_IN,
    "Feedback": FEEDBACK,
    "FeedbackIn": obj(VOICE_IN, required=("channel",)),
    "File": obj({"id": ID, "seq": WHOLE, "name": text(), "kind": text(), "size": WHOLE, "sha256": text(), "created_at": INSTANT}),
    "Move": MOVE,
    "Point": POINT,
    "Policy": POLICY,
    "PolicyIn": POLICY_IN,
    "Problem": PROBLEM,
    "RowError": ROW_ERROR,
    "RowResult": ROW_RESULT,
    "Score": SCORE,
    "Ticket": obj(
        {
            **TICKET_ROW,
            "approval": maybe(APPROVAL),
            "clocks": listed(ref("Clock")),
            "escalations": listed(ref("Escalation")),
            "timeline": listed(ref("Move")),
        }
    ),
    "TicketRow": obj(TICKET_ROW),
}
