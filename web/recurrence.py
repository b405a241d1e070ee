"""复发: by cause, how often what was to prevent it did not; each number opens its complaints."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from complaints import recurrence
from metrics import statistics
from metrics.statistics import Estimate
from web.door import Visit, needs


@dataclass(frozen=True)
class Line:
    """A cause's counts, and the share that came back with its interval (None: nothing is over yet)."""

    count: recurrence.Count
    value: float | None
    low: float | None
    high: float | None


def line(count: recurrence.Count) -> Line:
    """The rate in per cent with its Wilson interval."""
    found: Estimate | None = statistics.wilson(count.n_again, count.n) if count.n else None
    if found is None or found.value is None or found.low is None or found.high is None:
        return Line(count, None, None, None)
    return Line(count, found.value * 100, found.low * 100, found.high * 100)


@needs("complaints:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The table; `cause` in the URL names whose complaints are listed below."""
    paths = () if visit.seat.sees_all else visit.seat.paths
    organisation = visit.organisation.id
    found = recurrence.counts(organisation=organisation, now=visit.now, paths=paths)
    chosen = next((one for one in found if one.code == request.GET.get("cause")), None)
    context: dict[str, Any] = {
        "lines": [line(one) for one in found],
        "chosen": chosen,
        "behind": recurrence.tickets_of(chosen.code, organisation=organisation, paths=paths) if chosen else [],
    }
    return render(request, "holding/recurrence.html", context)
