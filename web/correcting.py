"""One click on a label: what it should have been, or that it is right. Rows of the list and the page of a voice post here.

A button's value is “what[:argument…]@version”: `kind:praise@0`, `topic:2:price@3` (an empty code takes the topic out),
`feel:2:pos@3`, `add:price@3`, `red_line:0@3`, `right@3` (all labels are), `undo:2@3`.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from feedback import corrections, likely, masking, provider_log, queries, taxonomies, topics, tree
from feedback.corrections import CorrectionError, CorrectionUnknown
from feedback.enums import Kind, Label, Sentiment
from feedback.models import Analysis, Correction, Feedback
from reports import changes, verbatim
from tenancy.versions import Stale
from web.door import Visit, needs
from web.seen import voice_of

FEELS = {"pos": 0.6, "mid": 0.0, "neg": -0.6}


@dataclass(frozen=True)
class Said:
    """A label a person spoke of: who, when, what it was; `version` undoes it. `is_right`: he said that it was right."""

    row: Correction
    actor: str
    was: str
    is_right: bool


@require_POST
@needs("feedback:write")
def correct(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes one click and goes back to where it was made."""
    row = voice_of(visit, key)
    what, _at, version = request.POST.get("label", "").replace("\x00", "")[:200].rpartition("@")
    try:
        done = _apply(row, what.split(":"), int(version) if version.isascii() and version.isdigit() and len(version) < 7 else -1, visit)
    except (CorrectionError, CorrectionUnknown, Stale) as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, done)
    query = request.GET.urlencode()
    if request.POST.get("from") == "first":
        return redirect(reverse("first") + (f"?{query}" if query else ""))
    if request.POST.get("from") == "list":
        return redirect(reverse("feedback-list") + (f"?{query}" if query else "") + f"#v-{row.id}")
    return redirect(reverse("feedback-one", args=[row.id]) + (f"?{query}" if query else ""))


def _apply(row: Feedback, asked: list[str], version: int, visit: Visit) -> str:
    organisation = visit.organisation.id
    if asked[0] == "undo":
        number = int(asked[1]) if len(asked) > 1 and asked[1].isascii() and asked[1].isdigit() and len(asked[1]) < 7 else 0
        corrections.undo(row.id, number, organisation=organisation, now=visit.now, actor=visit.actor)
        return _("已撤回，恢复原来的标注；指标随之更新。")
    made = queries.analyses([row.id], organisation=organisation).get(row.id)
    if made is None:
        raise CorrectionError(_("还没有分析，稍后再改"), code="not_analysed")
    if asked[0] == "right":
        for field in Label.values:
            said = corrections.correct(row.id, field, corrections.value_of(made, field), organisation=organisation, version=version, now=visit.now, actor=visit.actor)
            version = max(version, said.version)
        return _("记下了：标注都对。")
    field, value = _wanted(made, asked)
    said = corrections.correct(row.id, field, value, organisation=organisation, version=version, now=visit.now, actor=visit.actor)
    if said.before == said.after:
        return _("记下了：归类无误。")
    return _("已更正；指标随之更新，已发布的报告不变。")


def _wanted(made: Analysis, asked: list[str]) -> tuple[str, Any]:
    """The label and its new value that a button asks for."""
    what, arguments = asked[0], [*asked[1:], "", ""]
    number = int(arguments[0]) if arguments[0].isascii() and arguments[0].isdigit() and len(arguments[0]) < 3 else 0
    if what in {Label.KIND, Label.SENTIMENT}:
        return what, arguments[0]
    if what == Label.RED_LINE and arguments[0] in {"0", "1"}:
        return what, arguments[0] == "1"
    if what == "topic":
        return Label.TOPICS, corrections.replaced(made.topics, number, arguments[1])
    if what == "feel" and arguments[1] in FEELS:
        return Label.TOPICS, corrections.felt(made.topics, number, FEELS[arguments[1]])
    if what == "add":
        return Label.TOPICS, corrections.added(made.topics, arguments[0], made.sentiment_score)
    raise CorrectionError(_("没有这样的标注"), code="bad_label", field="value")


# ---- what the page of a voice shows ---------------------------------------------------------------------------------


def labels(row: Feedback, made: Analysis | None, organisation: int) -> dict[str, Any]:
    """The labels with who spoke of them, the aspects with what they might have been, and the choices of the menus."""
    if made is None:
        return {}
    rows, names = corrections.of(row.id, organisation=organisation), topics.all_names(organisation=organisation)
    living, named, worded_names = corrections.living(rows), corrections.main(rows), _ever(names, organisation)
    chosen = {mention["code"] for mention in made.topics}
    return {
        "version": rows[-1].version if rows else 0,
        "said": {field: Said(c, c.actor.partition(":")[2] or c.actor, worded(field, c.before, worded_names), c.before == c.after) for field, c in living.items()},
        "named": Said(named, named.actor.partition(":")[2] or named.actor, _topic_of(named, worded_names), is_right=True) if named else None,
        "aspects": _aspects(made, likely.likely(made.topics, row.text, organisation=organisation), worded_names),
        "red_terms": open_terms(row, made),
        "kinds": Kind.choices,
        "sentiments": Sentiment.choices,
        "free": [(code, name) for code, name in names.items() if code not in chosen],
        "is_all_said": len(living) == len(Label.values),
        "feels": feels(),
        "provider": _provider(made, names, organisation),
    }


def _provider(made: Analysis, names: dict[str, str], organisation: int) -> dict[str, Any] | None:
    """Which labels the language-model provider set, and what the engine itself had said of them."""
    found = provider_log.said_otherwise(made, organisation=organisation)
    if found is None:
        return None
    own, fields = found
    words = {**dict(Label.choices), "urgency": _("紧急度")}
    said = [(words[field], str(own.urgency) if field == "urgency" else worded(field, getattr(own, field), names)) for field in fields]
    return {"fields": _("、").join(str(word) for word, _said in said), "said": [f"{word} {was}" for word, was in said]}


def _ever(names: Mapping[str, str], organisation: int) -> dict[str, str]:
    """The names with those of codes that nodes had before: what was said stands in old codes."""
    nodes = taxonomies.current(organisation=organisation).nodes
    return {old: names.get(tree.resolve(old, nodes), old) for node in nodes for old in node.was} | dict(names)


def _topic_of(row: Correction, names: Mapping[str, str]) -> str:
    """The topic that coders named."""
    return _("、").join(names.get(mention["code"], mention["code"]) for mention in row.after)


def open_terms(row: Feedback, made: Analysis) -> list[str]:
    """The words that drew the red line, without those that stand in personal data: 12345 may be a piece of a number."""
    hidden = [row.text[span.start : span.end] for span in masking.personal(row.text, made.pii)]
    return [term for term in made.red_terms if not any(term in text for text in hidden)]


def feels() -> list[tuple[str, str]]:
    """The feelings towards an aspect, in words."""
    return [("neg", _("负面")), ("mid", _("中性")), ("pos", _("正面"))]


def _aspects(made: Analysis, guesses: Sequence[list[str]], names: dict[str, str]) -> list[dict[str, Any]]:
    words, rows = dict(feels()), []
    for number, (mention, others) in enumerate(zip(made.topics, guesses, strict=True), start=1):
        feel = verbatim.feel_of(mention["sentiment"])
        rows.append({
            "number": number, "name": names.get(deepest(mention), names.get(mention["code"], mention["code"])), "feel": feel, "word": words[feel],
            "score": changes.signed(mention["sentiment"], 1), "is_placed": mention["start"] < mention["end"],
            "likely": [(place, code, names.get(code, code)) for place, code in enumerate(others, start=1)],
        })  # fmt: skip
    return rows


def deepest(mention: dict[str, Any]) -> str:
    """The node a mention is on, else its topic."""
    return str((mention.get("nodes") or [mention["code"]])[-1])


def worded(field: str, value: Any, names: Mapping[str, str]) -> str:
    """A stored label in words."""
    if field == Label.TOPICS:
        return _("、").join(names.get(deepest(m), names.get(m["code"], m["code"])) + {"pos": "+", "neg": "−", "mid": "○"}[verbatim.feel_of(m["sentiment"])] for m in value) or _("没有主题")
    if field == Label.RED_LINE:
        return _("红线") if value else _("不是红线")
    return str(dict((*Kind.choices, *Sentiment.choices)).get(value, value))


def events(row: Feedback, organisation: int) -> list[tuple[Any, str, str]]:
    """What persons said, as lines of the history: (when, words, who)."""
    names, found = _ever(topics.all_names(organisation=organisation), organisation), []
    heads = dict(Label.choices)
    for said in corrections.of(row.id, organisation=organisation):
        values = {"label": heads[said.field], "was": worded(said.field, said.before, names), "now": worded(said.field, said.after, names)}
        text = _("确认%(label)s：%(now)s") if said.before == said.after else _("%(label)s由“%(was)s”改为“%(now)s”")
        if corrections.is_main(said):
            values["now"], text = _topic_of(said, names), _("双人编码：主要说的是“%(now)s”")
        found.append((said.corrected_at, text % values, said.actor.partition(":")[2] or said.actor))
        if said.undone_at is not None:
            found.append((said.undone_at, _("撤回：%(label)s“%(now)s”") % values, said.undone_by.partition(":")[2] or said.undone_by))
    return found
