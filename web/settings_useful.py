"""有用吗: of each kind of notice, how many readers found it useful; with n, interval, and the notices behind every number."""

import csv
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from alerts import usefulness
from alerts.usefulness import BREACH, SAID, WARNING, Precision
from alerts.wording import words
from web import settings_notices
from web.door import Visit, needs

DAYS = (30, 90, 365)
PAGE = 50


@dataclass(frozen=True)
class Line:
    """One kind with its name and where each of its numbers leads."""

    row: Precision
    name: str
    urls: dict[str, str]
    is_here: bool

    @property
    def share(self) -> float:
        """In percent."""
        return 100 * (self.row.share or 0.0)

    @property
    def low(self) -> float:
        """In percent."""
        return 100 * (self.row.low or 0.0)

    @property
    def high(self) -> float:
        """In percent."""
        return 100 * (1.0 if self.row.high is None else self.row.high)

    @property
    def exact(self) -> str:
        """The share as the CSV gives it."""
        return repr(self.row.share)

    @property
    def n_no(self) -> int:
        """How many said no; shown only where the share is."""
        return self.row.n_judged - (self.row.n_useful or 0)


def names() -> dict[str, str]:
    """Kind → its name."""
    said = {code: name for code, name, _who in settings_notices.purposes()}
    return {**said, WARNING: _("快到期"), BREACH: _("失约")}


def chosen_days(value: str | None) -> int:
    """One of the spans that are offered; else the first."""
    return next((n for n in DAYS if str(n) == value), DAYS[0])


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The table; `kind` and `said` list the notices behind a number; `?csv=1` gives the numbers as rows."""
    days = chosen_days(request.GET.get("days"))
    rows = usefulness.precision(days, organisation=visit.organisation.id, now=visit.now)
    if request.GET.get("csv"):
        return _csv(rows, days)
    kind = next((row.kind for row in rows if row.kind == request.GET.get("kind")), "")
    said = next((name for name in SAID if name == request.GET.get("said")), SAID[0])
    known = names()
    context: dict[str, Any] = {
        "lines": [Line(row, known.get(row.kind, row.kind), _urls(row.kind, days), row.kind == kind) for row in rows],
        "days": days,
        "spans": [(n, f"?{urlencode({'days': n})}", n == days) for n in DAYS],
        "csv_url": f"?{urlencode({'days': days, 'csv': 1})}",
        "kind": kind,
        "kind_name": known.get(kind, kind),
        "said": said,
        "few": usefulness.FEW,
    }
    if kind:
        found = usefulness.behind(kind, said, days, organisation=visit.organisation.id, now=visit.now)
        context["page"] = Paginator(found, PAGE).get_page(request.GET.get("page"))
        language = getattr(request, "LANGUAGE_CODE", "")
        context["notices"] = [(row, words(row, language=language).line) for row in context["page"].object_list]
        context["query"] = urlencode({"days": days, "kind": kind, "said": said})
    return render(request, "settings/useful.html", context)


def _urls(kind: str, days: int) -> dict[str, str]:
    return {said: f"?{urlencode({'days': days, 'kind': kind, 'said': said})}#behind" for said in SAID}


def _csv(rows: list[Precision], days: int) -> HttpResponse:
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="notices-useful.csv"'
    out = csv.writer(answer)
    out.writerow(["kind", "days", "told", "judged", "useful", "share", "low", "high", "suppressed"])
    for row in rows:
        numbers = ["" if value is None else repr(value) for value in (row.n_useful, row.share, row.low, row.high)]
        out.writerow([row.kind, days, row.n_told, row.n_judged, *numbers, row.suppressed])
    return answer
