"""时间去哪了: how long each unit held the complaints received in a period; each number opens its complaints."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from complaints import holding_figures
from complaints.received import Asked
from tenancy import queries
from web.desk import kept
from web.door import Visit, needs
from web.units import Switcher

DAYS = (7, 28, 90, 365)
PAGE = 30


@dataclass(frozen=True)
class Line:
    """One unit's figures with the URL of what is behind them. `percent`: of all hours."""

    figure: holding_figures.Figure
    percent: float
    query: str


@needs("complaints:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The table; `holder` in the URL names whose complaints are listed below it."""
    units = Switcher(request, visit)
    days = next((n for n in DAYS if str(n) == request.GET.get("days")), 28)
    today = queries.local_today(visit.now, visit.organisation.timezone)
    to_date = today + timedelta(days=1)
    paths = () if visit.seat.sees_all else visit.seat.paths
    asked = Asked(to_date - timedelta(days=days), to_date, units.code, paths)
    figures = holding_figures.by_unit(asked, organisation=visit.organisation.id, now=visit.now)
    holder = request.GET.get("holder", "").replace("\x00", "")[:64]
    context: dict[str, Any] = {
        "units": units,
        "days": days,
        "choices": [(n, kept(request, days=str(n), holder=None)) for n in DAYS],
        "lines": [Line(one, one.share * 100, kept(request, holder=one.code)) for one in figures],
        "n_seconds": sum(one.seconds for one in figures),
        "chosen": next((one for one in figures if one.code == holder), None),
        "closed": kept(request, holder=None),
        "query": kept(request),
        "from_date": asked.from_date,
        "to_date": today,
    }
    if context["chosen"]:
        context |= _behind(request, visit, asked, holder)
    return render(request, "holding/page.html", context)


def _behind(request: HttpRequest, visit: Visit, asked: Asked, holder: str) -> dict[str, Any]:
    wanted = request.GET.get("page", "")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and 0 < len(wanted) < 7 else 1
    held, n = holding_figures.of_unit(
        asked, holder, organisation=visit.organisation.id, now=visit.now, limit=PAGE, offset=(max(1, number) - 1) * PAGE
    )
    return {"held": held, "page": Paginator(range(n), PAGE).get_page(number)}
