"""体验模型树: scores from the leaves up, what the tree does not see, its editing as one form, and its versions side by side."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cxms.lib.errors import DomainError
from cxms.lib.periods import Period
from feedback import topics
from metrics import model_tree, model_versions
from metrics.definitions.table import METRICS
from metrics.model_tree import FLAGS, Branch, Node
from metrics.models import ModelVersion
from metrics.series import Where
from reports import changes
from reports.dashboards import monday_of
from tenancy import queries
from web import metric_filters
from web.desk import kept
from web.door import Visit, needs
from web.forms import Form, text, version
from web.units import Switcher

WEEKS = (4, 13, 26, 52)
PAGE = 30


@dataclass(frozen=True)
class Line:
    """A node as the page shows it; url: the rows behind its leaf, or ""."""

    branch: Branch
    value: str
    margin: str
    metric: str
    shown: str
    url: str
    flag: str
    is_worst: bool = False

    @property
    def depth(self) -> int:
        """For the indent, 1 to 6."""
        return self.branch.level

    @property
    def share(self) -> float:
        """Of the whole, in percent."""
        return self.branch.share * 100

    @property
    def covered(self) -> int:
        """How much of the weight below has a score, in percent."""
        return round(self.branch.score.covered * 100)


def period_of(request: HttpRequest, visit: Visit) -> tuple[int, Period]:
    """The last whole weeks, 13 unless the URL says otherwise."""
    weeks = next((n for n in WEEKS if str(n) == request.GET.get("weeks")), 13)
    this_week = monday_of(queries.local_today(visit.now, visit.organisation.timezone))
    return weeks, Period(this_week - timedelta(weeks=weeks), this_week)


@require_GET
@needs("metrics:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tree with its scores, and what it does not see."""
    units = Switcher(request, visit)
    weeks, period = period_of(request, visit)
    row = model_versions.latest(organisation=visit.organisation.id)
    context: dict[str, Any] = {
        "units": units, "row": row, "weeks": weeks, "now": visit.now, "may_write": visit.seat.may("settings:write"),
        "spans": [(n, kept(request, weeks=str(n)), n == weeks) for n in WEEKS], "period": period, "last": period.to_date - timedelta(days=1),
    }  # fmt: skip
    if row is not None:
        context |= _seen(visit, units, period, model_tree.read(row.nodes))
    return render(request, "model/page.html", context)


def _seen(visit: Visit, units: Switcher, period: Period, nodes: list[Node]) -> dict[str, Any]:
    organisation, where = visit.organisation.id, Where(unit=units.code, paths=visit.seat.paths)
    tree = model_versions.tree(nodes, organisation=organisation, period=period, now=visit.now, where=where)
    names, places = topics.names(organisation=organisation), model_versions.touchpoints(organisation=organisation)
    gaps = model_tree.gaps(tree, topics=[code for code in names if code != model_versions.NOT_A_TOPIC], touchpoints=places)
    n_unplaced = model_versions.unplaced(nodes, organisation=organisation, period=period, paths=visit.seat.paths).count()
    known = sorted((branch.score.value, branch.node.id) for branch in tree if branch.is_leaf and branch.score.value is not None and branch.score.n >= 30)
    worst = {key for _value, key in known[: min(3, len(known) // 3)]}
    return {
        "lines": [_line(branch, where, period, branch.node.id in worst) for branch in tree], "gaps": gaps,
        "gap_topics": [(code, names[code]) for code in gaps.topics], "gap_places": [(code, places[code]) for code in gaps.touchpoints],
        "n_unplaced": n_unplaced,
    }  # fmt: skip


def _line(branch: Branch, where: Where, period: Period, is_worst: bool) -> Line:
    score, node = branch.score, branch.node
    half = None if score.low is None or score.high is None else (score.high - score.low) / 2
    definition = next((one for one in METRICS if one.code == node.metric), None)
    more: dict[str, Any] = {name: code for name, code in (("topic", node.topic), ("touchpoint", node.touchpoint)) if code}
    point = branch.point
    shown = changes.shown(definition, point.value) if definition and point and not point.suppressed else ""
    return Line(
        branch, changes.number(score.value, 1), changes.plus_minus(half, 1).strip(changes.NO_BREAK), str(definition.label) if definition else "",
        shown, metric_filters.behind(node.metric, where, period, **more) if definition else "", str(FLAGS[node.flag]) if node.flag else "", is_worst,
    )  # fmt: skip


@require_GET
@needs("complaints:read")
def unplaced(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Complaints that hang on no node: where the tree must grow."""
    row = model_versions.latest(organisation=visit.organisation.id)
    weeks, period = period_of(request, visit)
    found = model_versions.unplaced(
        model_tree.read(row.nodes) if row else [], organisation=visit.organisation.id, period=period, paths=visit.seat.paths
    )
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")), "names": topics.names(organisation=visit.organisation.id), "weeks": weeks,
        "query": kept(request), "may_write": visit.seat.may("settings:write"),
    }  # fmt: skip
    return render(request, "model/unplaced.html", context)


# ---- editing -------------------------------------------------------------------------------------------------------


@needs("settings:write")
def edit(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The whole tree as one form: `do` add, remove, up or down change the draft; save keeps a new version."""
    row = model_versions.latest(organisation=visit.organisation.id)
    if request.method != "POST":
        start = model_tree.read(row.nodes) if row else model_versions.universal(organisation=visit.organisation.id)
        return _form(request, visit, start, row.version if row else 0, Form({}))
    nodes, do, on = _draft(request), text(request, "do", 40), version(request)
    if do != "save":
        return _form(request, visit, step(nodes, do), on, Form({"note": text(request, "note")}))
    try:
        with transaction.atomic():
            model_versions.save(
                nodes, on=on, note=text(request, "note"), organisation=visit.organisation.id, now=visit.now, actor=visit.actor,
                actor_name=visit.seat.member.name,
            )  # fmt: skip
    except DomainError as error:
        form = Form({"note": text(request, "note"), error.field or "version": ""}).refused(error)
        return _form(request, visit, nodes, row.version if row and error.code == "stale" else on, form, row if error.code == "stale" else None)
    return redirect("model")


def _draft(request: HttpRequest) -> list[Node]:
    """The nodes of the form, in its order; a number that is none is 0, which is refused with its place."""
    found = []
    for key in request.POST.getlist("id")[: model_tree.MOST_NODES + 1]:
        given = {name: " ".join(request.POST.get(f"{key}.{name}", "").replace("\x00", "").split())[:60] for name in ("parent", "name", "weight", "flag", "metric", "topic", "touchpoint")}
        try:
            weight = float(given.pop("weight") or "nan")
        except ValueError:
            weight = 0.0
        found.append(Node(key[:48], weight=weight, **given))
    return found


def step(nodes: Sequence[Node], do: str) -> list[Node]:
    """The draft after a press: `add:ID` a child, `remove:ID` a node with what hangs on it, `up:ID`, `down:ID` among siblings."""
    verb, _colon, key = do.partition(":")
    rows = list(nodes)
    at = next((index for index, node in enumerate(rows) if node.id == key), None)
    if verb == "add" and (at is not None or not key):
        return [*rows, Node(f"n-{uuid.uuid4().hex[:8]}", key, "")]
    if at is None:
        return rows
    if verb == "remove":
        gone = {key}
        for node, _level in model_tree.in_order(rows):
            if node.parent in gone:
                gone.add(node.id)
        return [node for node in rows if node.id not in gone]
    siblings = [index for index, node in enumerate(rows) if node.parent == rows[at].parent]
    place = siblings.index(at) + {"up": -1, "down": 1}.get(verb, 0)
    if 0 <= place < len(siblings):
        other = siblings[place]
        rows[at], rows[other] = rows[other], rows[at]
    return rows


def _form(
    request: HttpRequest, visit: Visit, nodes: Sequence[Node], on: int, form: Form, present: ModelVersion | None = None
) -> HttpResponse:
    organisation = visit.organisation.id
    ordered = model_tree.in_order(nodes)
    parents = {node.parent for node in nodes}
    rows = [
        {
            "node": node, "level": level, "is_leaf": node.id not in parents, "weight": "" if node.weight != node.weight else f"{node.weight:g}",
            "wrong": {name: form.wrong.get(f"{node.id}.{name}", "") for name in ("name", "weight", "metric", "topic", "touchpoint")},
            "may_grow": level < model_tree.LEVELS,
        }
        for node, level in ordered
    ]  # fmt: skip
    context = {
        "rows": rows, "on": on, "form": form, "present": present, "flags": list(FLAGS.items()),
        "metrics": [(one.code, one.label) for one in METRICS if model_tree.scored(one)],
        "topics": list(topics.names(organisation=organisation).items()), "touchpoints": list(model_versions.touchpoints(organisation=organisation).items()),
    }  # fmt: skip
    return render(request, "model/edit.html", context, status=form.status)


@require_GET
@needs("metrics:read")
def history(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every version with what it changed; `?from=&to=` compares two."""
    organisation = visit.organisation.id
    rows = list(model_versions.versions(organisation=organisation)[:60])
    numbers = [row.version for row in rows]
    to = _number(request, "to", numbers[0] if numbers else 0)
    from_ = _number(request, "from", to - 1)
    chosen = [model_versions.version(number, organisation=organisation) if number else None for number in (from_, to)]
    if chosen[1] is None and numbers:
        raise Http404
    sides = [model_tree.read(row.nodes) if row else [] for row in chosen]
    said = {"name": _("名字"), "parent": _("挂在"), "weight": _("权重"), "flag": _("打法"), "metric": _("指标"), "topic": _("主题"), "touchpoint": _("触点")}
    names = {f"topic.{code}": label for code, label in topics.names(organisation=organisation).items()}
    names |= {f"touchpoint.{code}": label for code, label in model_versions.touchpoints(organisation=organisation).items()}
    names |= {f"metric.{one.code}": str(one.label) for one in METRICS} | {f"flag.{code}": str(label) for code, label in FLAGS.items()}

    def word(field: str, value: Any) -> str:
        return names.get(f"{field}.{value}", f"{value:g}" if isinstance(value, float) else str(value)) or "–"

    changed = [
        {"kind": one.kind, "name": one.name, "fields": [(said[field], word(field, was), word(field, is_now)) for field, (was, is_now) in one.fields.items()]}
        for one in model_tree.compared(*sides)
    ]
    context = {"rows": rows, "changes": changed, "from_": from_, "to": to}
    return render(request, "model/history.html", context)


def _number(request: HttpRequest, name: str, default: int) -> int:
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else default
