"""感谢墙: the first thanks of the last seven days on a wall, naming the store and the colleague, never the customer."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from reports.praise import praise
from tenancy import queries
from web import cards
from web.door import Visit, needs
from web.units import Switcher

DAYS = 7
MOST = 24


@require_GET
@needs("feedback:read")
def wall(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The wall of one's subtrees or of `?unit=`; `?part=1` is its middle alone, which the page fetches again each minute."""
    units = Switcher(request, visit)
    organisation = visit.organisation.id
    today = queries.local_today(visit.now, visit.organisation.timezone)
    rows = praise(
        organisation=organisation, from_date=today - timedelta(days=DAYS - 1), to_date=today + timedelta(days=1),
        unit=units.code, paths=visit.seat.paths,
    )  # fmt: skip
    context: dict[str, Any] = {
        "units": units, "quotes": cards.quotes(list(rows[:MOST]), organisation), "n": rows.count(), "now": visit.now,
        "query": request.GET.urlencode(), "is_wall": request.GET.get("wall") == "1",
    }  # fmt: skip
    return render(request, "card/thanks.html" if request.GET.get("part") == "1" else "card/wall.html", context)
