"""改进点: needs, product points and service points of the voices, on their owners' lists, and what was decided of each."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cxms.lib.errors import DomainError
from feedback import masking, point_list, points, queries, topics
from feedback.enums import PointState, PointType
from feedback.point_list import NOBODY, Filters, Place, Row
from tenancy import queries as tenancy
from web import exports, forms
from web.door import Visit, needs
from web.feedback import Line, day_of, lines_of
from web.forms import Form
from web.seen import voice_of
from web.units import Switcher

PAGE = 50
BATCH = 500
COLUMNS = ("feedback", "day", "unit", "type", "topic", "name", "owner", "state", "note", "decided_by", "decided_at", "text")
ASKED = ("type", "topic", "owner", "state", "unit", "from", "to", "new_from", "new_to")
DAYS = ("from", "to", "new_from", "new_to")


@dataclass(frozen=True)
class Shown:
    """A point as the page shows it; `said` is None for a voice that went away meanwhile; tried: the form refused here."""

    row: Row
    name: str
    said: Line | None
    note: str
    tried: Form | None = None

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"p-{self.row.feedback_id}-{self.row.topic or PointType.NEED.value}"


def _filters(request: HttpRequest, visit: Visit, names: dict[str, str]) -> tuple[Filters, dict[str, str]]:
    """What the URL asks for, and the same as values to keep; what is not offered is not asked."""
    given = {name: request.GET.get(name, "").replace("\x00", "")[:64] for name in ASKED}
    offered = {
        "type": set(PointType.values), "state": set(PointState.values), "topic": {*names, PointType.NEED.value},
        "owner": {"me", NOBODY, *(key for key, _name in _owners(visit))},
    }  # fmt: skip
    kept = {name: value for name, value in given.items() if value and (name not in offered or value in offered[name])}
    days = [day_of(kept.get(name, "")) for name in ("from", "to")]
    kept = {name: value for name, value in kept.items() if name not in DAYS or day_of(value)}
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    from_date, to_date = point_list.window(days[0], days[1], today)
    owner = str(visit.seat.member.id) if kept.get("owner") == "me" else kept.get("owner", "")
    filters = Filters(
        from_date, to_date, type=kept.get("type", ""), topic=kept.get("topic", ""), owner=owner, state=kept.get("state", ""),
        unit=kept.get("unit", ""), paths=visit.seat.paths,
        received=point_list.received(day_of(kept.get("new_from", "")), day_of(kept.get("new_to", "")), visit.organisation.timezone),
    )  # fmt: skip
    return filters, kept


def _owners(visit: Visit) -> list[tuple[str, str]]:
    """Who keeps a list, by name."""
    held = {route.owner for route in points.routes(organisation=visit.organisation.id).values() if route.owner}
    return sorted(((str(row.id), row.name) for row in held), key=lambda owner: (owner[1], owner[0]))


@require_GET
@needs("feedback:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The points, filtered by the URL; `?format=csv` or xlsx gives all of them to take away."""
    return _page(request, visit, Form({"note": "", "key": "", "topic": ""}))


def _page(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    organisation = visit.organisation.id
    units, names = Switcher(request, visit), topics.names(organisation=organisation)
    filters, kept = _filters(request, visit, names)
    if request.method == "GET" and (kind := request.GET.get("format", "")) in exports.KINDS:
        batches = _batches(filters, names, organisation)
        if kind == "csv":
            return exports.streamed(COLUMNS, batches, organisation=organisation, name="points")
        return exports.table(kind, COLUMNS, itertools.chain.from_iterable(batches), name="points")
    counts = point_list.counts(filters, organisation=organisation)
    n_all = sum(counts.values())
    page = Paginator(range(counts[filters.type] if filters.type else n_all), PAGE).get_page(request.GET.get("page"))
    rows = point_list.rows(filters, organisation=organisation, most=PAGE, offset=(page.number - 1) * PAGE)
    rest = {name: value for name, value in kept.items() if name != "type"}
    tabs = [("", _("全部"), n_all), *((value, label, counts[value]) for value, label in PointType.choices)]
    context = {
        "units": units, "page": page, "shown": _shown(rows, names, form, organisation), "form": form, "filters": filters, "kept": kept,
        "query": urlencode(kept), "here": urlencode(kept | ({"page": str(page.number)} if page.number > 1 else {})),
        "tabs": [(value, label, n, urlencode(rest | ({"type": value} if value else {}))) for value, label, n in tabs],
        "last_day": filters.to_date - timedelta(days=1), "days": point_list.DAYS, "new_days": point_list.days_said(filters.received[0].date(), filters.received[1].date()) if filters.received else "",
        "names": [(code, name) for code, name in names.items()], "owners": _owners(visit), "states": PointState.choices,
        "is_filtered": bool(set(kept) - {"type"}), "may_write": visit.seat.may("feedback:write"), "may_set": visit.seat.may("settings:write"),
        "most": points.MOST,
    }  # fmt: skip
    return render(request, "feedback/points.html", context, status=form.status)


def _shown(rows: list[Row], names: dict[str, str], form: Form, organisation: int) -> list[Shown]:
    ids = list(dict.fromkeys(row.feedback_id for row in rows))
    said = {line.row.id: line for line in lines_of(queries.in_order(ids, organisation=organisation), organisation)}
    found = [
        Shown(row, names.get(row.topic, row.topic), said.get(row.feedback_id), masking.hidden(row.note, names=False) if row.note else "") for row in rows
    ]
    refused = f"p-{form.values['key']}-{form.values['topic']}" if form.wrong else ""
    return [replace(one, tried=form) if one.anchor == refused else one for one in found]


def _batches(filters: Filters, names: dict[str, str], organisation: int) -> Iterator[list[list[Any]]]:
    """The rows to take away, so many at a time, each batch from where the last one ended."""
    before: Place | None = None
    while rows := point_list.rows(filters, organisation=organisation, most=BATCH, before=before):
        before = rows[-1].place
        yield _cells(rows, names, organisation)


def _cells(rows: list[Row], names: dict[str, str], organisation: int) -> list[list[Any]]:
    ids = list(dict.fromkeys(row.feedback_id for row in rows))
    heard = {row.id: row for row in queries.in_order(ids, organisation=organisation)}
    made = queries.analyses(ids, organisation=organisation)
    found = []
    for row in rows:
        voice, read = heard[row.feedback_id], made.get(row.feedback_id)
        found.append([
            str(row.feedback_id), row.local_day, voice.unit.code if voice.unit else "", row.type, row.topic, names.get(row.topic, row.topic),
            row.owner, row.state, masking.hidden(row.note, names=False), row.decided_by, row.decided_at,
            masking.hidden(voice.text, read.pii if read else None),
        ])  # fmt: skip
    return found


@require_POST
@needs("feedback:write")
def decide(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes a point up, sets it aside with a reason, or opens it again."""
    organisation = visit.organisation.id
    voice = voice_of(visit, key)
    form = Form({**forms.typed(request, "topic", "state"), "note": forms.text(request, "note", points.MOST), "key": str(voice.id)})
    topic = "" if form.values["topic"] == PointType.NEED else form.values["topic"]
    try:
        with transaction.atomic():
            points.decide(
                voice.id, topic, form.values["state"], form.values["note"], organisation=organisation, member=visit.seat.member,
                version=forms.version(request), now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        # what is wrong with a point that is no longer there stands above the list, not beside a field of it
        refused = form.refused(error)
        return _page(request, visit, refused if "note" in refused.wrong else replace(refused, wrong={}, said=str(error.message)))
    done = {
        PointState.TAKEN: _("列入改进了。"), PointState.SET_ASIDE: _("记下了不采纳和理由。"), PointState.OPEN: _("改回了待决定。"),
    }  # fmt: skip
    messages.success(request, done[PointState(form.values["state"])])
    query = request.GET.urlencode()
    return redirect(reverse("points") + (f"?{query}" if query else ""))

