"""双人编码: draw a sample, code it by keyboard, blind to the other; then kappa, and a third look where the two differ."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import coding, queries, topics
from feedback.coding import Answer, Pair
from feedback.enums import Kind, Stance
from feedback.models import Coding, CodingSample
from reports import agreement, verbatim
from tenancy import queries as people
from tenancy.capabilities import CAPABILITIES
from tenancy.models import MemberRole
from web import forms
from web.door import Visit, needs
from web.forms import Form

PAGE = 50
SHOWS = ("both", "differ", "open")
# one key a choice; C is the log page's everywhere
STANCE_KEYS, KIND_KEYS, TOPIC_KEYS = "123", "45678", "abdefghijklmnopqrstuvw"


@dataclass(frozen=True)
class Choice:
    """One answer to press: its value, word and key."""

    value: str
    word: str
    key: str


def _choices(values: Any, keys: str) -> list[Choice]:
    return [Choice(str(value), str(word), key) for (value, word), key in zip(values, keys, strict=False)]


def _sample(key: uuid.UUID, visit: Visit) -> CodingSample:
    """The sample, for who sees the whole organisation; else it never existed."""
    row = coding.sample(key, organisation=visit.organisation.id)
    if row is None or not visit.seat.sees_all:
        raise Http404
    return row


def _coders(organisation: int) -> dict[uuid.UUID, str]:
    """Members who may code: they hold the capability over the whole organisation."""
    roles = MemberRole.objects.filter(organisation_id=organisation, role__in=CAPABILITIES["labels:write"], member__left_at=None)
    rows = roles.filter(unit_id=people.root_key(organisation=organisation)).select_related("member").order_by("member__name")
    return {row.member_id: row.member.name for row in rows}


@needs("labels:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Samples with how far each coder is; the form draws a new one."""
    if not visit.seat.sees_all:
        raise Http404
    organisation = visit.organisation.id
    coders = _coders(organisation)
    form = Form({"name": "", "n": "50", "seed": "1", "is_stratified": True, "first": "", "second": ""})
    if request.method == "POST":
        if not visit.seat.may("labels:write"):
            raise Http404
        form = _draw(request, visit, coders)
        if form.status == 200:
            messages.success(request, _("抽好了；两个人各编各的，编完才看得到对方。"))
            return redirect("coding")
    rows = []
    for row in coding.samples(organisation=organisation):
        pairs = coding.pairs(row)
        done = [sum(pair.first is not None for pair in pairs), sum(pair.second is not None for pair in pairs)]
        names = [coders.get(coder, "–") for coder in row.coders]
        rows.append({"row": row, "n": len(pairs), "coders": list(zip(names, done, strict=True)), "is_mine": visit.seat.member.id in row.coders, "is_hidden": _is_blind(row, pairs, visit)})
    context = {"rows": rows, "form": form, "coders": coders.items(), "token": uuid.uuid4().hex, "may_write": visit.seat.may("labels:write")}
    return render(request, "coding/list.html", context, status=form.status)


def _draw(request: HttpRequest, visit: Visit, coders: dict[uuid.UUID, str]) -> Form:
    values: dict[str, Any] = forms.typed(request, "name", "n", "seed", "first", "second")
    values["is_stratified"] = request.POST.get("is_stratified") == "on"
    form = Form(values)
    chosen = [key for name in ("first", "second") for key in coders if str(key) == values[name]]
    numbers = [int(values[name]) if values[name].isascii() and values[name].isdigit() and len(values[name]) < 9 else 0 for name in ("n", "seed")]
    try:
        with transaction.atomic():
            coding.draw(
                forms.key_of(request, visit.organisation.id), values["name"], chosen, n=numbers[0], seed=numbers[1],
                is_stratified=values["is_stratified"], organisation=visit.organisation.id, now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return form.refused(error)
    return form


def _is_blind(row: CodingSample, pairs: list[Pair], visit: Visit) -> bool:
    """A coder sees nothing of the other before both are through."""
    return visit.seat.member.id in row.coders and not all(pair.is_double for pair in pairs)


@needs("labels:write")
def board(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The next voice for this coder; posting keeps his answer and goes on."""
    row, me = _sample(key, visit), visit.seat.member.id
    if me not in row.coders:
        raise Http404
    if request.method == "POST":
        try:
            with transaction.atomic():
                coding.code(row, _voice(request), _answer(request), coder=me, now=visit.now, actor=visit.actor)
        except DomainError as error:
            messages.error(request, str(error.message))
        return redirect("coding-board", key=row.id)
    pairs = coding.pairs(row)
    mine = [pair.first if row.coders[0] == me else pair.second for pair in pairs]
    context = {**_ask(row, coding.next_for(row, me), visit), "row": row, "n": len(pairs), "done": sum(said is not None for said in mine)}
    return render(request, "coding/board.html", context)


def _voice(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(forms.text(request, "voice", 40))
    except ValueError:
        raise Http404 from None


def _answer(request: HttpRequest) -> Answer:
    typed = forms.typed(request, "stance", "kind", "topic", "tags")
    return Answer(typed["stance"], typed["kind"], typed["topic"], tuple(re.split(r"[,，、;；\s]+", typed["tags"])))


def _ask(row: CodingSample, voice: uuid.UUID | None, visit: Visit) -> dict[str, Any]:
    """One voice, personal data written over, and the questions with their keys."""
    organisation = visit.organisation.id
    said = queries.voice(voice, organisation=organisation) if voice else None
    made = queries.analyses([said.id], organisation=organisation).get(said.id) if said else None
    return {
        "voice": said,
        "pieces": verbatim.pieces(said.text, (), made.pii) if said and made else [],
        "stances": _choices(Stance.choices, STANCE_KEYS),
        "kinds": _choices(Kind.choices, KIND_KEYS),
        "topics": _choices(topics.names(organisation=organisation).items(), TOPIC_KEYS),
    }


@needs("labels:read")
def result(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Kappa per question, and the voices behind it."""
    row = _sample(key, visit)
    pairs = coding.pairs(row)
    if _is_blind(row, pairs, visit):
        return render(request, "coding/blind.html", {"row": row})
    show = request.GET.get("show", "")
    show = show if show in SHOWS else "both"
    field = request.GET.get("field", "")
    fields = [field] if field in coding.FIELDS else list(coding.FIELDS)
    kept = {
        "both": [pair for pair in pairs if pair.is_double], "differ": [pair for pair in pairs if pair.differs(fields)],
        "open": [pair for pair in pairs if pair.differs() and pair.final is None],
    }  # fmt: skip
    page = Paginator(kept[show], PAGE).get_page(request.GET.get("page"))
    context = {
        "row": row, "questions": [_bar(question) for question in agreement.questions(pairs)], "target": agreement.TARGET, "page": page, "show": show,
        "lines": _lines(list(page.object_list), visit), "n_open": len(kept["open"]), "n_differ": sum(pair.differs() for pair in pairs),
        "n_both": len(kept["both"]), "n": len(pairs), "query": f"show={show}&field={field}",
        "may_settle": visit.seat.may("labels:write") and visit.seat.member.id not in row.coders,
    }  # fmt: skip
    return render(request, "coding/result.html", context)


def _bar(question: agreement.Question) -> dict[str, Any]:
    """A question with the places of its interval on a bar from 0 to 1, 200 wide."""
    names = {"stance": _("痛点、需求、噪声"), "kind": _("类别"), "topic": _("主题")}
    found = question.agreement
    low, at, high = (max(0.0, 200 * (value or 0.0)) for value in (found.low, found.kappa, found.high))
    return {"question": question, "name": names[question.field], "low": round(low, 1), "at": round(at, 1), "width": round(high - low, 1), "target": 200 * agreement.TARGET, "reached": question.verdict}


def _lines(pairs: list[Pair], visit: Visit) -> list[dict[str, Any]]:
    organisation = visit.organisation.id
    rows = queries.voices(queries.Filters(), organisation=organisation).in_bulk([pair.feedback_id for pair in pairs])
    made, names = queries.analyses([pair.feedback_id for pair in pairs], organisation=organisation), topics.names(organisation=organisation)
    return [
        {
            "pair": pair, "parts": verbatim.short(rows[pair.feedback_id].text, made[pair.feedback_id].pii) if pair.feedback_id in made else [],
            "first": _worded(pair.first, names), "second": _worded(pair.second, names), "final": _worded(pair.final, names), "differs": pair.differs(),
        }
        for pair in pairs
    ]  # fmt: skip


def _worded(said: Coding | None, names: dict[str, str]) -> str:
    if said is None:
        return ""
    return " · ".join([said.get_stance_display(), said.get_kind_display(), names.get(said.topic, said.topic), *(f"#{tag}" for tag in said.tags)])


@needs("labels:write")
def settle(request: HttpRequest, visit: Visit, key: uuid.UUID, feedback_id: uuid.UUID) -> HttpResponse:
    """The third look at one voice; posting settles it and goes to the next that is open."""
    row, me = _sample(key, visit), visit.seat.member.id
    pairs = coding.pairs(row)
    pair = next((pair for pair in pairs if pair.feedback_id == feedback_id), None)
    if me in row.coders or pair is None or not pair.differs():
        raise Http404
    if request.method == "POST":
        try:
            with transaction.atomic():
                coding.settle(row, feedback_id, _answer(request), coder=me, now=visit.now, actor=visit.actor)
        except DomainError as error:
            messages.error(request, str(error.message))
            return redirect("coding-settle", key=row.id, feedback_id=feedback_id)
        later = next((p.feedback_id for p in pairs if p.differs() and p.final is None and p.feedback_id != feedback_id), None)
        return redirect("coding-settle", key=row.id, feedback_id=later) if later else redirect("coding-result", key=row.id)
    (line,) = _lines([pair], visit)
    return render(request, "coding/board.html", {**_ask(row, feedback_id, visit), "row": row, "line": line, "n": sum(p.differs() for p in pairs), "done": sum(p.final is not None for p in pairs)})
