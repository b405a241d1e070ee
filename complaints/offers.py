"""方案: up to three options, each with what it costs and by when; what one may give without asking; which one was accepted.

An offer above its maker's authority is not made: the move becomes “ask”, and `complaints.approvals` makes it once approved.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import authority, move_fields
from complaints.clocks import Moment
from complaints.enums import ApprovalState
from complaints.models import Approval, Move, Ticket
from complaints.move_fields import MoveFieldError, text
from cxms.lib.ids import new_id
from ledger.facts import record

MAX_OPTIONS = 3
MAX_AMOUNT = Decimal("99999999.99")
ANSWER_WITHIN = timedelta(minutes=10)
KINDS: dict[str, Any] = {
    "refund": gettext_lazy("退款"),
    "voucher": gettext_lazy("代金券"),
    "replacement": gettext_lazy("换货"),
    "repair": gettext_lazy("免费维修"),
    "gift": gettext_lazy("礼品或延保"),
    "other": gettext_lazy("其他"),
}
# money in hand: these say how much
PRICED = frozenset({"refund", "voucher"})
ANSWERS = frozenset({"message", "accept", "decline", "rate"})
_NUMBER = r"(\d[\d,]{0,11}(?:\.\d{1,2})?)"
# money in words: a bare number, one behind a sign or a code, one before a unit; what is in other units is no amount
IN_WORDS = re.compile(rf"^\s*{_NUMBER}\s*$|(?:[¥￥$€£]|RMB|CNY|USD)\s*{_NUMBER}|{_NUMBER}\s*(万)?\s*(?:元|块|圆|CNY|RMB|yuan|dollars?)", re.IGNORECASE)
CONSENT = ("who", "when", "how", "words")


@dataclass(frozen=True)
class Option:
    """One way out that the customer may take. amount None: nothing is paid."""

    number: int
    text: str
    kind: str = ""
    amount: Decimal | None = None
    currency: str = ""
    by: str = ""

    @property
    def lines(self) -> list[str]:
        """Its text line by line: the first is its headline."""
        return [part for part in self.text.splitlines() if part.strip()]

    @property
    def kind_name(self) -> str:
        """What it gives, in the active language."""
        return str(KINDS[self.kind]) if self.kind in KINDS else ""

    @property
    def day(self) -> date | None:
        """The promised day."""
        return date.fromisoformat(self.by) if self.by else None


# ---- fields --------------------------------------------------------------------------------------------------------


def clean(move: str, fields: dict[str, Any], *, has_files: bool = False) -> dict[str, Any]:
    """`move_fields.clean` with what an offer and its acceptance add. Raises MoveFieldError."""
    if move == "propose":
        made = _options(fields)
        return {**move_fields.clean(move, {**fields, **made}), **made}
    found = move_fields.clean(move, fields, has_files=has_files)
    # the customer's form, by which a second tap is known
    form = {"form": text(fields, "form", most=64)} if move in ANSWERS and fields.get("form") else {}
    return {**found, **(consent(fields) if move == "accept" else {}), **form}


def sent_before(ticket: Ticket, form: str) -> bool:
    """True when this very form of the customer's page was taken already; the ticket is locked by the caller."""
    rows = Move.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, kind__in=ANSWERS, data__form=form)
    return bool(form) and rows.exists()


def _options(fields: dict[str, Any]) -> dict[str, Any]:
    """The options of a `propose`, as they are kept: {} when there are none."""
    given = fields.get("options")
    if given is None or given == []:
        return {}
    if not isinstance(given, list) or len(given) > MAX_OPTIONS or not all(isinstance(one, dict) for one in given):
        raise MoveFieldError(_("最多 %(most)d 个方案") % {"most": MAX_OPTIONS}, code="too_many_options", field="options")
    kept = [_option(one, f"options[{i}].") for i, one in enumerate(given)]
    said = kept[0]["text"] if len(kept) == 1 else "\n".join(f"{i}. {one['text']}" for i, one in enumerate(kept, 1))
    return {"options": kept, "text": said}


def _option(given: dict[str, Any], where: str) -> dict[str, str]:
    try:
        words = text(given, "text", most=3000)
    except MoveFieldError as error:
        raise MoveFieldError(error.message, code=error.code, field=f"{where}text") from error
    kind = str(given.get("kind") or "")
    if kind and kind not in KINDS:
        raise MoveFieldError(_("没有这种补偿"), code="unknown_value", field=f"{where}kind")
    amount = money(given.get("amount"), f"{where}amount")
    if kind in PRICED and not amount:
        raise MoveFieldError(_("写上金额"), code="missing", field=f"{where}amount")
    if amount and not kind:
        raise MoveFieldError(_("选一种补偿"), code="missing", field=f"{where}kind")
    currency = str(given.get("currency") or "").upper()
    if currency and not re.fullmatch(r"[A-Z]{3}", currency):
        raise MoveFieldError(_("币种是三个字母，如 CNY"), code="bad_currency", field=f"{where}currency")
    by = str(given.get("by") or "")
    try:
        by = date.fromisoformat(by).isoformat() if by else ""
    except ValueError as error:
        raise MoveFieldError(_("日期写成 2026-11-30 这样"), code="bad_date", field=f"{where}by") from error
    return {"text": words, "kind": kind, "amount": str(amount) if amount else "", "currency": currency, "by": by}


def money(value: Any, field: str) -> Decimal | None:
    """An amount with at most two places; None for none. Raises MoveFieldError."""
    if value is None or value == "":
        return None
    said = str(value).strip().replace(",", "").replace("，", "").lstrip("¥￥$€£")
    try:
        found = Decimal(said) if re.fullmatch(r"\d{1,10}(\.\d{1,2})?", said) and not isinstance(value, bool) else None
    except InvalidOperation:
        found = None
    if found is None or found > MAX_AMOUNT:
        raise MoveFieldError(_("金额写成 299 或 299.50 这样"), code="bad_amount", field=field)
    return found.quantize(Decimal("0.01"))


def consent(fields: dict[str, Any]) -> dict[str, Any]:
    """The rest of an acceptance: which option, and of a verbal one who said what, when and how."""
    found: dict[str, Any] = {}
    number = fields.get("option")
    if number not in (None, ""):
        if not str(number).isascii() or not str(number).isdigit() or not 1 <= int(number) <= MAX_OPTIONS:
            raise MoveFieldError(_("没有这个方案"), code="unknown_option", field="option")
        found["option"] = int(number)
    if fields.get("consent") == "verbal" and any(fields.get(name) for name in CONSENT):
        found |= {name: text(fields, name, most=400) for name in CONSENT}
    return found


# ---- reading -------------------------------------------------------------------------------------------------------


def options_of(proposal: Mapping[str, Any]) -> list[Option]:
    """The options of an offer; one made of plain words is one option."""
    if not proposal:
        return []
    if not proposal.get("options"):
        amount, currency = _worth(proposal.get("compensation"))
        return [Option(1, str(proposal.get("text", "")), "other" if amount else "", amount, currency)]
    return [
        Option(i, one["text"], one["kind"], Decimal(one["amount"]) if one["amount"] else None, one["currency"], one["by"])
        for i, one in enumerate(proposal["options"], 1)
    ]


def chosen(proposal: Mapping[str, Any]) -> Option | None:
    """The option the customer accepted."""
    number = proposal.get("chosen", 1)
    return next((one for one in options_of(proposal) if one.number == number), None) if proposal.get("answer") == "accepted" else None


def _worth(value: Any) -> tuple[Decimal | None, str]:
    """What a system's `compensation` says in money: a number, {amount, currency}, or the largest amount its words name."""
    if isinstance(value, dict):
        return money(value.get("amount"), "compensation"), str(value.get("currency") or "")
    if isinstance(value, str):
        said = [Decimal(next(filter(None, found[:3])).replace(",", "")) * (10_000 if found[3] else 1) for found in IN_WORDS.findall(value)]
        return max(said, default=None), ""
    return (money(value, "compensation"), "") if isinstance(value, (int, float)) else (None, "")


def given_before(ticket: Ticket) -> dict[str, Decimal]:
    """Currency → what earlier acceptances on this ticket already gave."""
    rows = Move.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, kind="accept", data__amount__isnull=False)
    found: dict[str, Decimal] = {}
    for data in rows.values_list("data", flat=True):
        found[data["currency"]] = found.get(data["currency"], Decimal(0)) + Decimal(data["amount"])
    return found


def worth(ticket: Ticket, fields: Mapping[str, Any]) -> tuple[Decimal, str]:
    """The most an offer could cost, with what this ticket was given before; and its currency."""
    default = authority.in_force(organisation=ticket.organisation_id).currency
    before, most = given_before(ticket), (Decimal(0), default)
    beside = [_worth(fields.get("compensation"))] if fields.get("options") else []
    for amount, named in [*((one.amount, one.currency) for one in options_of(fields)), *beside]:
        currency = named or default
        if amount:
            most = max(most, (amount + before.get(currency, Decimal(0)), currency))
    return most


# ---- what the moves do ---------------------------------------------------------------------------------------------


def route(ticket: Ticket, move: str, fields: dict[str, Any], moment: Moment) -> str:
    """`propose` above its maker's authority is `ask`; everything else stays what it is."""
    if move != "propose" or moment.is_history or approved(ticket, fields) is not None:
        return move
    amount, currency = worth(ticket, fields)
    limit = authority.limit_of_actor(moment.actor, currency, organisation=ticket.organisation_id, now=moment.written_at)
    return move if authority.covers(limit, amount) else "ask"


def approved(ticket: Ticket, fields: Mapping[str, Any]) -> Approval | None:
    """The approval of exactly this offer that has not been used."""
    rows = Approval.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, state=ApprovalState.APPROVED, sent_at=None)
    return next((row for row in rows if row.fields == dict(fields)), None)


def check(ticket: Ticket, fields: dict[str, Any], moment: Moment) -> None:
    """Every amount has its currency, and a promised day lies ahead. Raises MoveFieldError."""
    default = authority.in_force(organisation=ticket.organisation_id).currency
    for kept in fields.get("options", ()):
        kept["currency"] = kept["currency"] or (default if kept["amount"] else "")
    for i, one in enumerate(options_of(fields)):
        # the store's own day may be one behind or ahead of UTC
        if one.day is not None and one.day < moment.at.date() - timedelta(days=1):
            raise MoveFieldError(_("承诺的日期已经过去"), code="in_past", field=f"options[{i}].by")


def ask(ticket: Ticket, fields: dict[str, Any], *, moment: Moment, name: str) -> None:
    """Keeps an offer that waits for somebody with the authority; the customer sees nothing of it. A fact tells them."""
    withdraw(ticket, moment)
    amount, currency = worth(ticket, fields)
    row = Approval.objects.create(
        id=new_id(), organisation_id=ticket.organisation_id, ticket=ticket, cycle=ticket.cycle, fields=dict(fields), amount=amount,
        currency=currency, asked_by=moment.actor[:120], asked_name=name[:80], asked_at=moment.at, due_at=moment.at + ANSWER_WITHIN,
        next_fire_at=moment.at + ANSWER_WITHIN,
    )  # fmt: skip
    fields |= {"approval": str(row.id), "amount": str(amount), "currency": currency}
    data = {"approval": str(row.id), "seq": ticket.version + 1}
    record("approval.asked", ticket.id, data, organisation=ticket.organisation_id, now=moment.written_at, actor=moment.actor)


def withdraw(ticket: Ticket, moment: Moment) -> None:
    """Another offer, or an end, takes the place of one that waits."""
    waiting = Approval.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, state=ApprovalState.WAITING)
    waiting.update(state=ApprovalState.WITHDRAWN, decided_at=moment.at, next_fire_at=None)


def made(ticket: Ticket, fields: dict[str, Any], *, moment: Moment) -> None:
    """The offer goes to the customer: an approval of it is used up, another that waited is taken back."""
    row = approved(ticket, fields)
    if row is not None:
        row.sent_at = moment.at
        row.save(update_fields=["sent_at"])
        fields["approved_by"] = row.decided_name
    withdraw(ticket, moment)


def choose(ticket: Ticket, fields: dict[str, Any]) -> None:
    """Which option the customer takes; with several it must be said. The move keeps what it costs."""
    found = options_of(ticket.proposal)
    number = fields.get("option") or (1 if len(found) == 1 else 0)
    if not number:
        raise MoveFieldError(_("选一个方案"), code="missing", field="option")
    taken = next((one for one in found if one.number == number), None)
    if taken is None:
        raise MoveFieldError(_("没有这个方案"), code="unknown_option", field="option")
    ticket.proposal = {**ticket.proposal, "chosen": number}
    if len(found) > 1:
        fields["option"] = number
    if taken.amount:
        default = authority.in_force(organisation=ticket.organisation_id).currency
        fields |= {"amount": str(taken.amount), "currency": taken.currency or default}


def rating(line: Sequence[Move], cycle: int) -> int | None:
    """The customer's last rating of this cycle, 1 to 5."""
    scores = [int(move.data["score"]) for move in line if move.kind == "rate" and move.cycle == cycle]
    return scores[-1] if scores else None
