"""新冒头的话题: what stands out today against its own weeks before, each opening its rows; what ended; the budget of false alarms."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from alerts import burst_words, bursts
from alerts.bursts import Figures
from cxms.lib.errors import DomainError
from feedback import topics
from metrics import term_days
from metrics.statistics.bursts import LEAST, LEAST_WEEKS, TERMS, WEEKS
from reports import changes
from web import exports, forms
from web.door import Visit, needs

COLUMNS = ("topic", "name", "since", "n", "expected", "low", "high", "ratio", "p", "weeks", "dispersion", "is_burst")
MOST = 10


@needs("feedback:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page; `?format=csv` or xlsx gives every topic's figures to take away. Who sees part of the organisation has no such page."""
    organisation = visit.organisation.id
    if not visit.seat.sees_all:
        return render(request, "feedback/bursts.html", {"sees_all": False})
    seen, found = bursts.standing(organisation=organisation, now=visit.now)
    names = topics.all_names(organisation=organisation)
    seen_terms, found_terms = bursts.standing_terms(organisation=organisation, now=visit.now)
    since = {one.row.code: one.row.began_at for one in (*found, *found_terms)}
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, [_cells(row, names, since) for row in (*seen.figures, *seen_terms.figures)], name="bursts")
    watch = bursts.watch(organisation=organisation)
    context = {
        "sees_all": True,
        "seen": seen,
        "rows": [_row(one.row.code, one.figures, names, seen.day, is_known=bool(seen.weeks)) | {"since": one.row.began_at} for one in found],
        "terms": [_row(one.row.code, one.figures, names, seen.day) | {"since": one.row.began_at} for one in found_terms],
        "others": [_row(row.code, row, names, seen.day) for row in seen.figures if row.code not in since and row.n][:MOST],
        "ended": [{"row": row, **_row(row.code, Figures(**row.figures), names, row.local_day)} for row in bursts.ended(organisation=organisation)],
        "threshold": f"{seen.threshold:.1e}",
        "most_cut": term_days.MOST_CUT if seen_terms.is_capped else 0,
        "term_threshold": f"{seen_terms.threshold:.1e}",
        "n_candidate_terms": TERMS,
        "n_topics": len(seen.figures),
        "budget": watch.budget if watch else 1,
        "version": watch.version if watch else 0,
        "least": LEAST,
        "least_weeks": LEAST_WEEKS,
        "weeks": seen.weeks or seen_terms.weeks or WEEKS,
        "term_weeks": seen_terms.weeks,
        "most_budget": bursts.MOST_BUDGET,
        "may_set": visit.seat.may("settings:write"),
        "as_of": visit.now,
    }
    return render(request, "feedback/bursts.html", context)


def _row(code: str, figures: Figures | None, names: dict[str, str], day: date, *, is_known: bool = True) -> dict[str, Any]:
    term = term_days.term_of(code)
    asked = {"q": f'"{term}"'} if term else {"topic": code}
    query = urlencode({**asked, "from": day, "to": day + timedelta(days=1), "state": "counted"})
    shown: dict[str, Any] = {"name": burst_words.name_of(code, names), "url": f"{reverse('feedback-list')}?{query}", "n": 0 if is_known else None}
    if figures is None:
        return shown
    return shown | {
        "n": figures.n,
        "expected": changes.number(figures.expected, 1),
        "bounds": f"{figures.low:.0f} – {figures.high:.0f}",
        "ratio": changes.number(figures.ratio, 1),
        "p": p_text(figures.p),
    }


def p_text(p: float) -> str:
    """“< 0.0001”, or four digits after the point."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _cells(row: Figures, names: dict[str, str], since: dict[str, Any]) -> list[Any]:
    began, said = since.get(row.code), asdict(row)
    numbers = [said[name] for name in COLUMNS[3:-1]]
    return [row.code, burst_words.name_of(row.code, names), began.isoformat() if began else "", *numbers, began is not None]


@require_POST
@needs("settings:write")
def budget(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Sets how many false alarms a week are borne."""
    try:
        with transaction.atomic():
            bursts.set_budget(
                request.POST.get("budget", "").replace("\x00", "")[:8], organisation=visit.organisation.id, version=forms.version(request),
                now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("误报上限改好了，从下一次看起生效。"))
    return redirect("bursts")
