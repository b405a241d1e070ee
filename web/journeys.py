"""旅程: maps over the touchpoint catalogue, nine lanes with live figures, edited here, every version kept."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import queries as voices
from feedback.queries import Filters
from journeys import maps, queries
from journeys.enums import Lane
from journeys.live import Live, live
from journeys.models import JourneyMap
from metrics import queries as metric_queries
from reports import changes, figures, verbatim
from reports.figures import Sample, Spark
from tenancy import queries as tenancy
from tenancy.models import Touchpoint
from web.door import Visit, needs
from web.journey_curve import curve
from web.units import Switcher

DAYS = 28
N_QUOTES = 3


@dataclass(frozen=True)
class Cell:
    """A column of the map: what people wrote, what the figures say, and where it leads."""

    code: str
    name: str
    stage: str
    lanes: dict[str, str]
    hand: float | None
    metric: str
    metric_label: str
    value: str
    interval: str
    n: str
    is_grey: bool
    change: str
    change_kind: str
    spark: Spark | None
    live: Live
    is_here: bool
    url: str


@needs("journeys:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The maps."""
    rows = list(queries.maps(organisation=visit.organisation.id))
    return render(request, "journey/list.html", {"rows": rows, "may_write": visit.seat.may("journeys:write")})


@needs("journeys:write")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A new map from the catalogue; POST draws it once per form token."""
    typed = {name: str(value) for name, value in request.POST.items()}
    wrong = ""
    if request.method == "POST":
        try:
            row = maps.draw(
                typed.get("name", ""), typed.get("persona", ""), token=typed.get("token", "") or uuid.uuid4().hex,
                owner=visit.seat.member, organisation=visit.organisation.id, now=visit.now, actor_name=visit.seat.member.name,
            )  # fmt: skip
            return redirect(reverse("journey", args=[row.id]) + "?edit=1")
        except DomainError as error:
            wrong = str(error.message)
    context = {"v": {"token": uuid.uuid4().hex} | typed, "wrong": wrong}
    return render(request, "journey/new.html", context, status=400 if wrong else 200)


def map_of(visit: Visit, key: uuid.UUID) -> JourneyMap:
    """The organisation's map, else not found."""
    row = queries.one(key, organisation=visit.organisation.id)
    if row is None:
        raise Http404
    return row


@needs("journeys:read")
def journey(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The map; `edit=1` is its form, POST writes the next version."""
    row = map_of(visit, key)
    may_write = visit.seat.may("journeys:write")
    if request.method == "POST":
        if not may_write:
            return render(request, "accounts/no_permission.html", {"capability": "journeys:write"}, status=403)
        return _save(request, visit, row)
    columns = maps.at_version(row, row.version)
    if request.GET.get("edit") and may_write:
        return _form(request, visit, row, columns)
    return _map(request, visit, row, columns, may_write=may_write)


def _map(
    request: HttpRequest, visit: Visit, row: JourneyMap, columns: list[dict[str, Any]], *, may_write: bool
) -> HttpResponse:
    units = Switcher(request, visit)
    paths = (units.chosen.path,) if units.chosen else visit.seat.paths
    state = live(columns, organisation=visit.organisation.id, paths=paths, now=visit.now, n_days=DAYS)
    here = request.GET.get("at", "")
    cells = _cells(columns, state, here, units, visit)
    chosen = next((cell for cell in cells if cell.is_here), None)
    context = {
        "map": row,
        "units": units,
        "cells": cells,
        "stages": _stages(cells),
        "lanes_before": [lane for lane in Lane if lane not in (Lane.PAIN, Lane.OPPORTUNITY)],
        "lanes_after": [Lane.PAIN, Lane.OPPORTUNITY],
        "curve": curve([cell.live for cell in cells], [cell.hand for cell in cells]),
        "chosen": chosen,
        "panel": _panel(chosen, units, visit) if chosen else None,
        "may_write": may_write,
        "may_act": visit.seat.may("actions:write"),
        "keep": urlencode({"unit": units.code}) if units.code else "",
        "n_moments": sum(cell.live.is_moment for cell in cells),
    }
    return render(request, "journey/map.html", context)


def _names(visit: Visit) -> dict[str, str]:
    return dict(Touchpoint.objects.filter(organisation_id=visit.organisation.id).values_list("code", "name"))


def _cells(
    columns: list[dict[str, Any]], state: dict[str, Live], here: str, units: Switcher, visit: Visit
) -> list[Cell]:
    names = _names(visit)
    return [_cell(column, state[column["touchpoint"]], names, here, units) for column in columns]


def _cell(column: dict[str, Any], found: Live, names: dict[str, str], here: str, units: Switcher) -> Cell:
    code = column["touchpoint"]
    definition = metric_queries.definition(column["metric"]) if column["metric"] else None
    point = found.point
    value, interval, n = "", "", ""
    if definition is not None and point is not None:
        value = "—" if point.suppressed else changes.shown(definition, point.value)
        if point.components is not None:
            interval = changes.interval(definition, definition.estimate(point.components))
        n = "n < 5" if point.suppressed else f"n = {point.n:,}"
    samples = [Sample(None, v, low, high) for v, low, high in found.spark]
    spark = figures.sparkline(samples, width=100, height=20, pad=2)
    query = {"at": code} | ({"unit": units.code} if units.code else {})
    return Cell(
        code=code,
        name=names.get(code, code),
        stage=column["stage"],
        lanes=column["lanes"],
        hand=column["hand"],
        metric=column["metric"],
        metric_label=str(definition.label) if definition else "",
        value=value,
        interval=interval,
        n=n,
        is_grey=point is not None and not point.suppressed and (point.n or 0) < 30,
        change=f"{found.change.arrow} {changes.verdict(found.change)}" if found.change.kind != "none" else "",
        change_kind=found.change.kind,
        spark=spark if spark.now_x is not None else None,
        live=found,
        is_here=code == here,
        url=f"?{urlencode(query)}",
    )


def _stages(cells: list[Cell]) -> list[tuple[str, int]]:
    """Neighbouring columns of one stage together: name and how many."""
    found: list[tuple[str, int]] = []
    for cell in cells:
        if found and found[-1][0] == cell.stage:
            found[-1] = (cell.stage, found[-1][1] + 1)
        else:
            found.append((cell.stage, 1))
    return found


def _panel(cell: Cell, units: Switcher, visit: Visit) -> dict[str, Any]:
    """Why it matters, what customers say there, the rows behind it, and an action filled in."""
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    since = today - timedelta(days=DAYS)
    paths = (units.chosen.path,) if units.chosen else visit.seat.paths
    asked = Filters(touchpoint=cell.code, from_date=since, to_date=today, paths=paths)
    rows = [row for row in voices.voices(asked, organisation=visit.organisation.id)[:60] if len(row.text) >= 6]
    made = voices.analyses([row.id for row in rows], organisation=visit.organisation.id)
    ranked = sorted(
        ((abs(made[row.id].sentiment_score), str(row.id), row) for row in rows if row.id in made), reverse=True
    )
    quotes = [
        {
            "row": row,
            "parts": verbatim.short(row.text, made[row.id].pii),
            "feel": verbatim.feel_of(made[row.id].sentiment_score),
        }
        for _force, _key, row in ranked[:N_QUOTES]
    ]
    query = {"touchpoint": cell.code, "from": since.isoformat(), "to": today.isoformat(), "state": "counted"}
    query |= {"unit": units.code} if units.code else {}
    plan = {"touchpoint": cell.code, "metric": cell.metric or "nps"} | ({"unit": units.code} if units.code else {})
    return {
        "quotes": quotes,
        "rows_url": f"{reverse('feedback-list')}?{urlencode(query)}",
        "action_url": f"{reverse('action-new')}?{urlencode(plan)}",
        "reach": f"{100 * cell.live.reach_share:.0f}%",
        "feeling": changes.signed(cell.live.feeling[0], 1) if cell.live.feeling else "",
    }


# ---- editing --------------------------------------------------------------------------------------------------------


def _form(
    request: HttpRequest, visit: Visit, row: JourneyMap, columns: list[dict[str, Any]], *, said: str = "", status: int = 200
) -> HttpResponse:
    names = _names(visit)
    used = {column["touchpoint"] for column in columns}
    context = {
        "map": row,
        "columns": [column | {"name": names.get(column["touchpoint"], column["touchpoint"]), "n": n} for n, column in enumerate(columns)],
        "lanes": list(Lane),
        "metrics": [row for row in metric_queries.register() if "touchpoint" in row.dimensions],
        "feelings": [("", _("没有画"))] + [(f"{n / 2:g}", changes.signed(n / 2, 1)) for n in range(4, -5, -1)],
        "spare": [(code, name) for code, name in names.items() if code not in used],
        "said": said,
    }
    return render(request, "journey/edit.html", context, status=status)


def _save(request: HttpRequest, visit: Visit, row: JourneyMap) -> HttpResponse:
    columns = _read(request.POST)
    text = request.POST.get("version", "")
    do = request.POST.get("do", "save")
    if do != "save":
        return _form(request, visit, row, _arranged(columns, do, request.POST.get("add", ""), visit))
    try:
        maps.edit(
            row.id, columns, version=int(text) if text.isdecimal() and len(text) < 10 else -1, organisation=visit.organisation.id,
            now=visit.now, actor_name=visit.seat.member.name,
        )  # fmt: skip
    except DomainError as error:
        status = 412 if error.code == "stale_version" else 400
        return _form(request, visit, row, columns, said=str(error.message), status=status)
    messages.success(request, _("已存为新版本，旧版本都还在"))
    return redirect("journey", key=row.id)


def _read(post: QueryDict) -> list[dict[str, Any]]:
    """The columns of the form, in the order they stand."""
    found = []
    for n in range(maps.MAX_COLUMNS + 1):
        code = post.get(f"touchpoint-{n}")
        if code is None:
            continue
        hand = post.get(f"hand-{n}", "")
        try:
            feeling: float | None = float(hand) if hand else None
        except ValueError:
            feeling = None
        lanes = {lane: post.get(f"{lane}-{n}", "") for lane in Lane.values}
        found.append(
            {"stage": post.get(f"stage-{n}", ""), "touchpoint": code, "metric": post.get(f"metric-{n}", ""), "hand": feeling, "lanes": lanes}
        )
    return found


def _arranged(columns: list[dict[str, Any]], do: str, add: str, visit: Visit) -> list[dict[str, Any]]:
    """The columns after one step of arranging: `left-3`, `right-3`, `remove-3`, `add`; nothing is saved yet."""
    step, _dash, place = do.partition("-")
    i = int(place) if place.isdecimal() else -1
    if step == "remove" and 0 <= i < len(columns) and len(columns) > 1:
        return columns[:i] + columns[i + 1 :]
    other = i - 1 if step == "left" else i + 1
    if step in {"left", "right"} and 0 <= i < len(columns) and 0 <= other < len(columns):
        columns[i], columns[other] = columns[other], columns[i]
    if step == "add":
        point = Touchpoint.objects.filter(organisation_id=visit.organisation.id, code=add).first()
        if point is not None:
            columns.append(maps.blank(point))
    return columns


@needs("journeys:read")
def versions(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Every version and what it changed against the one before (`from`, `to` choose two)."""
    row = map_of(visit, key)
    found = queries.versions(row)
    numbers = {version.number for version in found}
    to = _number(request.GET.get("to", ""), numbers, row.version)
    since = _number(request.GET.get("from", ""), numbers, max(to - 1, 1))
    try:
        changed = maps.differences(maps.at_version(row, since), maps.at_version(row, to))
    except DomainError as error:
        raise Http404 from error
    names = _names(visit)
    context = {
        "map": row,
        "versions": found,
        "since": since,
        "to": to,
        "changed": [(names.get(change.touchpoint, change.touchpoint), _what(change.what), change) for change in changed],
    }
    return render(request, "journey/versions.html", context)


def _number(text: str, known: set[int], default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 and int(text) in known else default


def _what(what: str) -> str:
    said = {
        "added": _("新增一列"), "removed": _("去掉一列"), "moved": _("换了位置"), "stage": _("阶段"),
        "metric": _("指标"), "hand": _("手绘情绪"),
    }  # fmt: skip
    return said[what] if what in said else str(Lane(what).label)
