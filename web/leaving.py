"""客户为什么离开: both axes over complaints and leaving records, own reasons beside the folk table; every number opens its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from complaints import axes, queries
from complaints.axes import SET, Place
from complaints.enums import AxesState, LeavingReason, LeavingSource, LeftWith, Unmet
from complaints.queries import Filters
from complaints.received import Asked
from metrics.hiding import HIDDEN_BELOW
from metrics.statistics import Estimate
from reports import leaving
from reports.leaving import Cell, Leaving, Mark, Part, Table
from tenancy import queries as tenancy
from web import exports
from web.desk import kept, named, one_of
from web.door import Visit, needs
from web.units import Switcher

DAYS = (28, 90, 365)
DEFAULT_DAYS = 90
WIDTH = 240
COLUMNS = ("kind", "unmet", "left_with", "reason", "n", "total", "share", "low", "high", "folk", "folk_is")
ROW_COLUMNS = ("number", "day", "unit", "unmet", "left_with", "state")


@dataclass(frozen=True)
class Shown:
    """A number with its bounds in words and the address of its rows."""

    n: int
    share: str
    bounds: str
    url: str
    label: str = ""


@needs("complaints:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tables; `?format=csv` or xlsx gives the figures, with `rows=complaints` every complaint with its place."""
    units = Switcher(request, visit)
    asked, days = asked_of(request, visit, units.code)
    how = one_of(request.GET.get("how", ""), leaving.HOWS, SET)
    organisation = visit.organisation.id
    if (kind := request.GET.get("format", "")) in exports.KINDS and request.GET.get("rows") == "complaints":
        return exports.table(kind, ROW_COLUMNS, _rows(asked, visit), name="leaving-complaints")
    source = one_of(request.GET.get("source", ""), LeavingSource.values)
    found = leaving.leaving(asked, how=how, source=source, organisation=organisation, now=visit.now)
    if kind in exports.KINDS:
        return exports.table(kind, COLUMNS, cells(found), name="leaving")
    context: dict[str, Any] = {
        "units": units, "days": days, "how": how, "found": found, "from_date": asked.from_date, "last_day": asked.to_date - timedelta(days=1),
        "spans": [(n, kept(request, days=str(n), **{"from": None, "to": None})) for n in DAYS],
        "hows": [(value, label, kept(request, how=value)) for value, label in ((SET, _("已编码和建议")), (AxesState.CODED.value, _("只看已编码")), (AxesState.SUGGESTED.value, _("只看建议")))],
        "tables": [table_of(table, asked, how, source) for table in (found.complaints, found.records)],
        "parts": [_part(part, asked, how) for part in found.units], "ends": [Unmet.EXPECTATION.label, Unmet.NEED.label, LeftWith.WHOLLY.label, LeftWith.PARTLY.label],
        "lefts": [*LeftWith.labels, _("合计")],
        "reasons": [_reason(row, asked, source) for row in leaving.marks(found.reasons, width=WIDTH)],
        "width": WIDTH, "least": HIDDEN_BELOW, "query": kept(request), "records_query": urlencode(_span(asked) | _from(source)),
        "given": {name: request.GET.get(name, "") for name in ("from", "to", "unit", "how")}, "source": source, "sources": LeavingSource.choices, "may_write": visit.seat.may("complaints:write"),
    }  # fmt: skip
    return render(request, "leaving/page.html", context)


def asked_of(request: HttpRequest, visit: Visit, unit: str) -> tuple[Asked, int]:
    """The days of the URL, `from` and to before `to`, else the last `days` (0 when from and to say)."""
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    paths = () if visit.seat.sees_all else tuple(visit.seat.paths)
    first, last = (day_of(request.GET.get(name, "")) for name in ("from", "to"))
    if first and last and first < last:
        return Asked(first, last, unit, paths), 0
    days = next((n for n in DAYS if str(n) == request.GET.get("days")), DEFAULT_DAYS)
    return Asked(today - timedelta(days=days - 1), today + timedelta(days=1), unit, paths), days


def day_of(value: str) -> date | None:
    """A day of the URL, or None for what is none."""
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2100 else None


def _span(asked: Asked) -> dict[str, str]:
    found = {"from": asked.from_date.isoformat(), "to": asked.to_date.isoformat(), "unit": asked.unit}
    return {name: value for name, value in found.items() if value}


def _from(source: str) -> dict[str, str]:
    return {"source": source} if source else {}


def rows_url(kind: str, place: Place, asked: Asked, source: str = "") -> str:
    """Where a number's rows are listed: the desk for complaints, the list of records for these."""
    if kind == "complaints":
        return f"{reverse('desk')}?{urlencode({'view': 'all', **_span(asked), 'axes': str(place), 'order': 'newest'})}"
    return f"{reverse('desk-leaving-records')}?{urlencode({**_span(asked), **_from(source), 'axes': str(place)})}"


def page_url(asked: Asked) -> str:
    """The page itself, of these days and this unit."""
    return f"{reverse('desk-leaving')}?{urlencode(_span(asked))}"


def table_of(table: Table, asked: Asked, how: str = SET, source: str = "") -> dict[str, Any]:
    """A table with its lines in words, each number with the address of its rows."""
    names = {"complaints": _("收到的投诉"), "records": _("流失记录")}
    lines = [
        (Unmet(unmet).label if unmet else _("合计"), [_cell(table.kind, table.cell(unmet, left), asked, how, source) for left in (*LeftWith.values, "")])
        for unmet in (*Unmet.values, "")
    ]
    states = ((AxesState.CODED, table.n_coded), (AxesState.SUGGESTED, table.n_suggested), (AxesState.OPEN, table.n_open))
    kept_ = [(state.label, n, rows_url(table.kind, Place(state=state.value), asked, source)) for state, n in states if n or state != AxesState.SUGGESTED]
    return {"row": table, "name": names[table.kind], "lines": lines, "states": kept_, "whole": _("合计")}


def _cell(kind: str, cell: Cell, asked: Asked, how: str, source: str = "") -> Shown:
    # all of them are all of them: that needs no share
    share, bounds = _said(cell.share) if cell.unmet or cell.left_with else ("", "")
    return Shown(cell.n, share, bounds, rows_url(kind, Place(cell.unmet, cell.left_with, how), asked, source), str(LeftWith(cell.left_with).label) if cell.left_with else _("合计"))


def _part(part: Part, asked: Asked, how: str) -> dict[str, Any]:
    own = replace(asked, unit=part.unit.code)
    made = [replace(_cell("complaints", cell, own, how), label=named(Place(cell.unmet, cell.left_with))) for cell in part.ends]
    return {"unit": part.unit, "n": part.n, "url": rows_url("complaints", Place(state=how), own), "cells": made}


def _said(share: Estimate | None) -> tuple[str, str]:
    if share is None or share.value is None or share.low is None or share.high is None:
        return "", ""
    return percent(share.value), f"{percent(share.low)} – {percent(share.high)}"


def percent(value: float) -> str:
    """A share (0..1) in percent."""
    return f"{100 * value:.1f}%"


def _reason(mark: Mark, asked: Asked, source: str) -> dict[str, Any]:
    row = mark.reason
    share, bounds = _said(row.share)
    verdicts = {"above": _("流传的高于自己的区间"), "below": _("流传的低于自己的区间"), "within": _("流传的在自己的区间里")}
    url = f"{reverse('desk-leaving-records')}?{urlencode({**_span(asked), **_from(source), 'reason': row.code})}"
    return {
        "mark": mark, "name": LeavingReason(row.code).label, "n": row.n, "share": share, "bounds": bounds, "url": url,
        "folk": "" if row.folk is None else f"{100 * row.folk:.0f}%", "said": verdicts.get(row.folk_is, ""),
    }  # fmt: skip


def cells(found: Leaving) -> list[list[Any]]:
    """The figures as rows: every cell and margin of both tables, the units' lines, then the reasons."""
    lines = [
        [table.kind, cell.unmet, cell.left_with, "", cell.n, table.n, *_numbers(cell.share), None, ""]
        for table in (found.complaints, found.records) for cell in table.cells
    ]  # fmt: skip
    lines += [["unit:" + part.unit.code, cell.unmet, cell.left_with, "", cell.n, part.n, *_numbers(cell.share), None, ""] for part in found.units for cell in part.ends]
    return lines + [["reason", "", "", row.code, row.n, found.n, *_numbers(row.share), row.folk, row.folk_is] for row in found.reasons]


def _numbers(share: Estimate | None) -> Sequence[float | None]:
    return (None, None, None) if share is None else (share.value, share.low, share.high)


def _rows(asked: Asked, visit: Visit) -> list[list[Any]]:
    filters = Filters(view="all", unit=asked.unit, paths=asked.paths, from_date=asked.from_date, to_date=asked.to_date, order="newest")
    rows = queries.tickets(filters, organisation=visit.organisation.id, now=visit.now)
    names = ("number", "local_day", "unit__code", "on_unmet", "on_left", "on_state")
    return [list(row) for row in axes.placed(rows, organisation=visit.organisation.id).values_list(*names)]
