"""Two axes of why customers leave: what was unmet, and how much of the problem stayed with the customer.

A person says where a complaint stands; until then the facts of its record suggest it, with the reason. What is suggested is
never stored and never counted as coded. The rule is said twice, by `suggest` and by the expressions of `placed`; a test compares them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from complaints.enums import AxesState, ClockState, LeftWith, State, Unmet
from complaints.models import AxesCode, Clock, Reflection, Ticket
from cxms.lib.errors import DomainError
from feedback.enums import Kind
from feedback.models import Analysis
from tenancy import audit, versions

# what a customer speaks of with displeasure because it is not there at all; every other topic is of what he could count on
NEEDS = ("product_function", "stock")
# says nothing of either
VAGUE = ("other",)
# the promises the customer waits for; a late reflection or notice leaves him nothing
PROMISED = ("first_response", "solution", "resolution", "visit")
PROMISE_CAUSES = "promise"
ENDED = (State.RESOLVED, State.CLOSED)
BELOW = "@.sentiment < 0"


class AxesError(DomainError):
    """The complaint cannot be coded as asked."""


@dataclass(frozen=True)
class Facts:
    """What the record of a complaint tells. kind and mentions: of its voice's current analysis; cause: the signed one's code."""

    state: str
    is_accepted: bool
    is_broken: bool
    n_reopened: int
    kind: str = ""
    mentions: tuple[Mapping[str, Any], ...] = ()
    cause: str = ""


@dataclass(frozen=True)
class Suggestion:
    """Where the facts put it, "" where they do not say, each with its reason's code."""

    unmet: str
    unmet_why: str
    left_with: str
    left_why: str

    @property
    def is_whole(self) -> bool:
        """True when both axes are suggested: one click confirms it."""
        return bool(self.unmet and self.left_with)


@dataclass(frozen=True)
class Standing:
    """A complaint on the axes: what was coded, else what is suggested."""

    code: AxesCode | None
    suggestion: Suggestion

    @property
    def state(self) -> str:
        """coded, suggested, or open."""
        if self.code is not None:
            return AxesState.CODED
        return AxesState.SUGGESTED if self.suggestion.is_whole else AxesState.OPEN

    @property
    def unmet(self) -> str:
        """First axis, coded or suggested."""
        return self.code.unmet if self.code else self.suggestion.unmet

    @property
    def left_with(self) -> str:
        """Second axis, coded or suggested."""
        return self.code.left_with if self.code else self.suggestion.left_with


def suggest(facts: Facts) -> Suggestion:
    """Where the facts put a complaint. Pure.

    Second axis, once it is solved or closed: accepted by the customer and on time, nothing stayed with him; accepted, but a
    promise to him was broken or it was reopened, a part; closed without his acceptance, a part, and with either, all of it.
    First axis: a cause in the branch of promises, or displeasure with what he could count on, is an expectation; a
    suggestion, or displeasure only with what is not there, a need. That neither is unmet only a person says.
    """
    unmet, unmet_why = _unmet(facts)
    if facts.state not in ENDED:
        return Suggestion(unmet, unmet_why, "", "not_ended")
    is_late = facts.is_broken or facts.n_reopened > 0
    if facts.is_accepted:
        found = (LeftWith.PARTLY, "accepted_late") if is_late else (LeftWith.NOT, "accepted")
    else:
        found = (LeftWith.WHOLLY, "not_accepted_late") if is_late else (LeftWith.PARTLY, "not_accepted")
    return Suggestion(unmet, unmet_why, found[0].value, found[1])


def _unmet(facts: Facts) -> tuple[str, str]:
    if facts.cause.partition(".")[0] == PROMISE_CAUSES:
        return Unmet.EXPECTATION, "promise_cause"
    if facts.kind == Kind.SUGGESTION:
        return Unmet.NEED, "suggestion"
    unhappy = {str(mention["code"]) for mention in facts.mentions if float(mention["sentiment"]) < 0}
    if unhappy - {*NEEDS, *VAGUE}:
        return Unmet.EXPECTATION, "counted_on"
    return (Unmet.NEED, "not_there") if unhappy & {*NEEDS} else ("", "no_words")


def reasons() -> dict[str, str]:
    """What a suggestion's reasons read."""
    return {
        "not_ended": _("还没有结案，看不出留没留给客户"), "accepted": _("客户接受了方案，承诺都守住了，没有重开"),
        "accepted_late": _("客户接受了方案，但失约过或重开过"), "not_accepted": _("结了案，客户没有点接受"),
        "not_accepted_late": _("结了案，客户没有点接受，还失约过或重开过"), "promise_cause": _("反思的原因在“承诺与说明”下面"),
        "suggestion": _("客户说的读作建议：要的是还没有的东西"), "counted_on": _("不满意的是本来可以指望的事"),
        "not_there": _("不满意的只有缺货或缺功能"), "no_words": _("原话里看不出来"),
    }  # fmt: skip


def standing(ticket: Ticket) -> Standing:
    """One complaint on the axes. Four statements."""
    rows: dict[str, Any] = {"organisation_id": ticket.organisation_id}
    code = AxesCode.objects.filter(**rows, ticket=ticket).first()
    made = Analysis.objects.filter(**rows, feedback_id=ticket.feedback_id, is_current=True).first()
    cause = Reflection.objects.filter(**rows, ticket=ticket, cycle=ticket.cycle, signed_at__isnull=False).values_list("cause__code", flat=True).first()
    broken = _broken(ticket.organisation_id).filter(ticket=ticket).exists()
    facts = Facts(
        ticket.state, ticket.proposal.get("answer") == "accepted", broken, ticket.n_reopened,
        made.kind if made else "", tuple(made.topics) if made else (), cause or "",
    )  # fmt: skip
    return Standing(code, suggest(facts))


def code(
    ticket: Ticket, unmet: str, left_with: str, *, organisation: int, version: int | None, now: datetime, actor: str, actor_name: str = ""
) -> AxesCode:
    """Says where a complaint stands; the same again is not written twice. version: 0 for not coded yet, None for no guard.

    A duplicate is coded where it was merged to. Raises AxesError, Stale.
    """
    for name, value, known in (("unmet", unmet, Unmet.values), ("left_with", left_with, LeftWith.values)):
        if value not in known:
            raise AxesError(_("两个轴都要选"), code="unknown_axis", field=name)
    held = Ticket.objects.select_for_update().get(organisation_id=organisation, id=ticket.id)
    if held.duplicate_of_id is not None:
        raise AxesError(_("这是重复的一宗，请在留下的那宗上编码"), code="is_duplicate", field="")
    row = AxesCode.objects.filter(organisation_id=organisation, ticket=held).first()
    if row is not None and (row.unmet, row.left_with) == (unmet, left_with):
        return row
    row = row or AxesCode(organisation_id=organisation, ticket=held, version=0)
    versions.check(row, version)
    row.unmet, row.left_with, row.coded_at, row.version = unmet, left_with, now, row.version + 1
    row.coded_by, row.coded_name = actor[:120], actor_name[:80]
    row.save()
    detail = {"fields": ["unmet", "left_with"], "unmet": unmet, "left_with": left_with}
    audit.note("axes.coded", held.number, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def _broken(organisation: int) -> QuerySet[Clock]:
    rows = Clock.objects.filter(organisation_id=organisation, kind__in=PROMISED, breached_at__isnull=False)
    return rows.exclude(state=ClockState.EXCUSED)


def _speaks_of(condition: str) -> Func:
    """Whether an analysis has a mention with displeasure that meets the condition."""
    path = f"$[*] ? ({BELOW} && {condition})"
    return Func(F("topics"), Value(path), function="jsonb_path_exists", template="%(function)s(%(expressions)s::jsonpath)", output_field=BooleanField())


def _any(codes: Iterable[str], sign: str, joint: str) -> str:
    return "(" + f" {joint} ".join(f'@.code {sign} "{one}"' for one in codes) + ")"


def placed(rows: QuerySet[Ticket], *, organisation: int) -> QuerySet[Any, Any]:
    """Tickets with `on_unmet`, `on_left` and `on_state`, coded or suggested; duplicates are not among them.

    Nor is one whose voice was excluded or deleted: it left every figure with it, and this one, and the rows it opens.
    """
    codes = AxesCode.objects.filter(organisation_id=organisation, ticket=OuterRef("pk"))
    made = Analysis.objects.filter(organisation_id=organisation, feedback=OuterRef("feedback_id"), is_current=True)
    caused = Reflection.objects.filter(organisation_id=organisation, ticket=OuterRef("pk"), cycle=OuterRef("cycle"), signed_at__isnull=False)
    promise = caused.filter(Q(cause__code=PROMISE_CAUSES) | Q(cause__code__startswith=f"{PROMISE_CAUSES}."))
    late = Q(n_reopened__gt=0) | Q(Exists(_broken(organisation).filter(ticket=OuterRef("pk"))))
    accepted = Q(proposal__answer="accepted")
    unmet = _case(
        (Q(Exists(promise)), Unmet.EXPECTATION), (Q(Exists(made.filter(kind=Kind.SUGGESTION))), Unmet.NEED),
        (Q(Exists(made.filter(_speaks_of(_any((*NEEDS, *VAGUE), "!=", "&&"))))), Unmet.EXPECTATION),
        (Q(Exists(made.filter(_speaks_of(_any(NEEDS, "==", "||"))))), Unmet.NEED),
    )  # fmt: skip
    left = _case(
        (~Q(state__in=ENDED), ""), (accepted & late, LeftWith.PARTLY), (accepted, LeftWith.NOT), (late, LeftWith.WHOLLY), default=LeftWith.PARTLY
    )
    heard = rows.filter(duplicate_of__isnull=True, feedback__excluded_at__isnull=True, feedback__deleted_at__isnull=True)
    found = heard.annotate(
        on_unmet=Coalesce(Subquery(codes.values("unmet")[:1]), unmet, output_field=CharField()),
        on_left=Coalesce(Subquery(codes.values("left_with")[:1]), left, output_field=CharField()),
    )
    return found.annotate(
        on_state=Case(
            When(Exists(codes), then=Value(AxesState.CODED.value)), When(Q(on_unmet="") | Q(on_left=""), then=Value(AxesState.OPEN.value)),
            default=Value(AxesState.SUGGESTED.value), output_field=CharField(),
        )  # fmt: skip
    )


def _case(*pairs: tuple[Q, str], default: str = "") -> Case:
    return Case(*(When(when, then=Value(str(value))) for when, value in pairs), default=Value(str(default)), output_field=CharField())


@dataclass(frozen=True)
class Place:
    """What the desk and the rows of a figure are narrowed to; empty means any. state: coded, suggested, open, or "set" for the first two."""

    unmet: str = ""
    left_with: str = ""
    state: str = ""

    def __str__(self) -> str:
        """As it stands in a URL."""
        return f"{self.unmet}:{self.left_with}:{self.state}"


SET = "set"


def place_of(value: str) -> Place | None:
    """The place a URL names, "need:wholly:set"; None for anything else."""
    parts = value.split(":")
    if len(parts) != 3:
        return None
    known = ((parts[0], Unmet.values), (parts[1], LeftWith.values), (parts[2], (*AxesState.values, SET)))
    return Place(*parts) if all(not part or part in offered for part, offered in known) else None


def narrowed(rows: QuerySet[Ticket], place: Place, *, organisation: int) -> QuerySet[Any, Any]:
    """Only the tickets at this place."""
    found: QuerySet[Any, Any] = placed(rows, organisation=organisation)
    if place.unmet:
        found = found.filter(on_unmet=place.unmet)
    if place.left_with:
        found = found.filter(on_left=place.left_with)
    if place.state == SET:
        return found.exclude(on_state=AxesState.OPEN)
    return found.filter(on_state=place.state) if place.state else found
