"""分类树: the nodes below the topics, two levels deep: what names them, what a change would re-label, how far history is read."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import desk
from cxms.lib.errors import DomainError
from feedback import queries, relabelling, taxonomies, topics, tree
from feedback.taxonomies import Effect
from feedback.tree import Node, TreeError
from reports import verbatim
from tenancy import industry as industries
from web import forms
from web.door import Visit, needs
from web.forms import Form

DAYS = 30


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tree with counts of the last 30 days; posts adopt what an industry begins with, or try it out."""
    organisation = visit.organisation.id
    held, wanted, found = taxonomies.current(organisation=organisation), "", None
    nodes = held.nodes
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        wanted = forms.text(request, "industry", 40)
        try:
            if request.POST.get("do") == "save":
                with transaction.atomic():
                    relabelling.adopt(wanted, organisation=organisation, version=forms.version(request), now=visit.now, actor=visit.actor)
                messages.success(request, _("已用上行业分类，正在重读历史。"))
                return redirect("settings-tree")
            nodes = taxonomies.with_industry(held.nodes, wanted)
            found = taxonomies.effect(nodes, organisation=organisation)
        except DomainError as error:
            messages.error(request, str(error.message))
    return render(request, "settings/tree.html", {**_context(visit, held, wanted), "effect": shown(found, _named(nodes, organisation)) if found else None})


def _context(visit: Visit, held: taxonomies.Held, wanted: str) -> dict[str, Any]:
    organisation, today = visit.organisation.id, timezone.localdate(visit.now)
    span = {"from": (today - timedelta(days=DAYS)).isoformat(), "to": (today + timedelta(days=1)).isoformat()}
    counted = taxonomies.counts(organisation=organisation, from_date=today - timedelta(days=DAYS), to_date=today + timedelta(days=1))
    names, places = topics.all_names(organisation=organisation), {p.code: p.name for p in desk.touchpoints(organisation=organisation)}
    rows: list[dict[str, Any]] = []
    for code in topics.LABELS:
        below = [node for node in held.nodes if node.code.startswith(f"{code}/")]
        rows.append({"code": code, "name": names[code], "n": counted.get(code, 0), "level": 1, "url": _rows(code, span), "bare": counted.get(f"{code}/", 0) if below else None, "bare_url": _rows(f"{code}/", span)})
        rows += [{"code": node.code, "name": node.name, "node": node, "n": counted.get(node.code, 0), "level": node.level, "url": _rows(node.code, span), "place": places.get(node.touchpoint, "")} for node in below]
    return {
        "rows": rows, "version": held.version, "n_nodes": sum(not node.is_retired for node in held.nodes), "days": DAYS,
        "overlaps": [(word, names.get(a, a), a, names.get(b, b), b) for word, a, b in tree.overlaps(held.nodes)[:20]],
        "job": relabelling.newest(organisation=organisation), "may_write": visit.seat.may("settings:write"),
        "industries": [(code, row.label) for code, row in industries.every().items() if code in taxonomies.industries()],
        "wanted": wanted or visit.organisation.industry,
    }  # fmt: skip


def _named(nodes: Sequence[Node], organisation: int) -> dict[str, str]:
    """The names of a tree that is not kept yet."""
    names = topics.all_names(organisation=organisation)
    return names | {node.code: f"{names.get(node.parent, node.parent)} › {node.name}" for node in nodes}


def _rows(code: str, span: dict[str, str]) -> str:
    return f"{reverse('feedback-list')}?{urlencode({'topic': code, **span})}"


@needs("settings:read")
def progress(request: HttpRequest, visit: Visit) -> HttpResponse:
    """How far history is read: the piece of the page that asks again while it runs."""
    return render(request, "settings/tree_progress.html", {"job": relabelling.newest(organisation=visit.organisation.id)})


@needs("settings:read")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A node that is not there yet, below `under`."""
    return _form(request, visit, None, request.GET.get("under", "")[:40])


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """One node: name, place, words, examples; retired or merged. An old code leads to what it is now."""
    nodes = taxonomies.current(organisation=visit.organisation.id).nodes
    here = tree.resolve(code, nodes)
    node = next((node for node in nodes if node.code == here), None)
    if node is None:
        raise Http404
    return _form(request, visit, node, node.parent)


def _form(request: HttpRequest, visit: Visit, node: Node | None, under: str) -> HttpResponse:
    organisation = visit.organisation.id
    held, found = taxonomies.current(organisation=organisation), None
    form = Form(_values(node, under))
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form, found = _take(request, visit, node, held)
        if form.status == 200 and found is None:
            messages.success(request, _("“%(name)s”已保存，正在重读历史。") % {"name": form.values["name"]})
            return redirect("settings-tree")
    names = topics.all_names(organisation=organisation)
    mine = node.code if node else ""
    living = [n for n in held.nodes if not n.is_retired and n.code != mine and not (mine and n.code.startswith(f"{mine}/"))]
    context: dict[str, Any] = {
        "node": node, "form": form, "version": held.version, "may_write": visit.seat.may("settings:write"),
        "parents": [(c, names[c]) for c in names if c in topics.LABELS or any(n.code == c and n.level < tree.LEVELS for n in living)],
        "others": [(n.code, names[n.code]) for n in held.nodes if n in living or (node and n.code == node.into)], "places": desk.touchpoints(organisation=organisation),
        "effect": shown(found, {**names, _wanted_code(node, form, held): form.values["name"]}) if found else None,
    }  # fmt: skip
    return render(request, "settings/tree_node.html", context, status=form.status)


def _values(node: Node | None, under: str) -> dict[str, Any]:
    if node is None:
        return {"name": "", "parent": under, "words": "", "examples": "", "touchpoint": "", "into": "", "is_retired": False}
    return {
        "name": node.name, "parent": node.parent, "words": "\n".join(node.words), "examples": "\n".join(node.examples),
        "touchpoint": node.touchpoint, "into": node.into, "is_retired": node.is_retired,
    }  # fmt: skip


def _wanted_code(node: Node | None, form: Form, held: taxonomies.Held) -> str:
    return taxonomies.code_for(held, node.code if node else "", form.values["parent"])


def _take(request: HttpRequest, visit: Visit, node: Node | None, held: taxonomies.Held) -> tuple[Form, Effect | None]:
    values: dict[str, Any] = forms.typed(request, "name", "parent", "touchpoint", "into")
    for name in ("words", "examples"):
        values[name] = request.POST.get(name, "").replace("\x00", "")[:4000]
    values["is_retired"] = request.POST.get("is_retired") == "on"
    form, organisation, was = Form(values), visit.organisation.id, node.code if node else ""
    try:
        wanted = taxonomies.drawn(
            held, was, parent=values["parent"], name=values["name"], words=re.split(r"[\n,，、;；]+", values["words"]),
            examples=values["examples"].splitlines(), touchpoint=values["touchpoint"], into=values["into"], is_retired=values["is_retired"],
        )  # fmt: skip
        if request.POST.get("do") == "try":
            return form, taxonomies.effect(tree.put(held.nodes, wanted, was=was, topics=topics.LABELS), organisation=organisation)
        with transaction.atomic():
            relabelling.change(wanted, was=was, organisation=organisation, version=forms.version(request), now=visit.now, actor=visit.actor)
    except DomainError as error:
        return form.refused(replace_field(error), _values(node, values["parent"])), None
    return form, None


def replace_field(error: DomainError) -> DomainError:
    """The words of a node are the keywords of a topic elsewhere."""
    return TreeError(error.message, code=error.code, field="words") if error.field == "keywords" else error


def shown(found: Effect, names: dict[str, str]) -> dict[str, Any]:
    """An effect in words, its examples with personal data written over."""
    made = queries.analyses([row.id for row, _g, _l in found.examples], organisation=found.examples[0][0].organisation_id) if found.examples else {}
    changes = sorted({*found.gained, *found.lost}, key=lambda code: -(found.gained.get(code, 0) + found.lost.get(code, 0)))
    return {
        "n": found.n_changed, "n_all": found.n_all,
        "changes": [(names.get(code, code), found.gained.get(code, 0), found.lost.get(code, 0)) for code in changes[:20]],
        "examples": [
            (row, verbatim.short(row.text, made[row.id].pii), [names.get(code, code) for code in gained], [names.get(code, code) for code in lost])
            for row, gained, lost in found.examples
        ],
    }  # fmt: skip
