"""What is behind one number of the desk's figures: its rows, as many as the number counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from complaints import figures
from complaints import queries as tickets
from complaints.enums import ClockState, PauseReason
from complaints.models import Ticket
from complaints.queries import Filters
from complaints.received import Asked as Received
from cxms.lib.periods import Period
from feedback import masking
from feedback import queries as spoken
from feedback.models import Feedback
from metrics import behind, grouping
from metrics.behind import Asked
from metrics.definitions.table import BY_CODE
from metrics.series import Where
from tenancy import queries
from tenancy.models import Touchpoint
from web import grouped, words
from web.desk import kept
from web.door import Visit, needs
from web.templatetags.cx import when
from web.units import Switcher

PAGE = 30
NOWHERE = "*"  # no code holds it: the rows without a unit
NARROWED = ("channel", "touchpoint", "tier")
PARTS: dict[str, Callable[[], str]] = {
    "n": lambda: _("计入分母的"),
    "met": lambda: _("守约"),
    "breached": lambda: _("失约"),
    "running": lambda: _("还在计时"),
    "paused": lambda: _("暂停过的"),
    "excused": lambda: _("免责"),
    "cancelled": lambda: _("取消"),
    "answered": lambda: _("已经回应的"),
    "open": lambda: _("还在等的"),
    "resolved": lambda: _("已解决的"),
    "reopened": lambda: _("14 天内重开的"),
    "contacted": lambda: _("24 小时内联系上的"),
    "detractors": lambda: _("全部贬损者"),
    "contacted_all": lambda: _("24 小时内联系上的，不论有没有联系方式"),
    "near_cap": lambda: _("用掉四天以上"),
    "served": lambda: _("等到服务的"),
    "abandoned": lambda: _("中途离开的"),
    "within": lambda: _("目标内的"),
    "heard": lambda: _("留下声音的"),
}
LEVELS: dict[str, Callable[[], str]] = {
    "1": lambda: _("提醒"), "2": lambda: _("将到期"), "3": lambda: _("失约"), "4": lambda: _("失约后再升级"),
}  # fmt: skip
HEADS: dict[str, Callable[[], str]] = {
    "clause": lambda: _("承诺"),
    "cycle": lambda: _("轮次"),
    "verdict": lambda: _("结果"),
    "level": lambda: _("级别"),
    "minutes": lambda: _("用了多久"),
    "solved_at": lambda: _("解决于"),
    "is_back": lambda: _("重开过"),
    "score": lambda: _("评分"),
    "told_at": lambda: _("联系上"),
    "answered_at": lambda: _("回答于"),
    "n_pauses": lambda: _("次数"),
    "paused_seconds": lambda: _("暂停"),
    "is_left": lambda: _("中途离开"),
    "is_heard": lambda: _("有声音"),
}
EVENT = ("event", "place")  # what a row without a case or a voice is called, and where it was
CELLS: dict[str, Callable[[Any], str]] = {
    "clause": lambda value: clause(str(value)),
    "verdict": lambda value: str(ClockState(value).label),
    "level": lambda value: level(str(value)),
    "minutes": lambda value: words.span(value * 60),
    "paused_seconds": lambda value: words.span(value),
    "solved_at": when,
    "told_at": when,
    "answered_at": when,
    "is_back": lambda value: _("是") if value else "",
    "is_left": lambda value: _("是") if value else "",
    "is_heard": lambda value: _("是") if value else "",
    "score": lambda value: f"{float(value):g}",
}


@dataclass(frozen=True)
class Line:
    """A row as the page shows it; without a title the reader may not see it any more. cells: (column, what it says)."""

    day: date
    title: str
    number: str
    unit: str
    url: str
    cells: tuple[tuple[str, str], ...]


def level(code: str | None) -> str:
    """What a rung of the ladder is called."""
    return LEVELS[code]() if code in LEVELS else str(code)


def clause(code: str) -> str:
    """What a clause is called; an organisation's own by its code."""
    named = {"executives": "notify"}.get(code, code)
    said = {"notify": _("告诉高管"), "first_response": _("首次回应"), "reconstruction": _("还原事件"), "solution": _("客户接受方案"), "resolution": _("解决"), "reflection": _("反思原因"), "visit": _("上门")}
    return said.get(named, code)


def url_of(metric: str, period: Period, part: str, unit: str, cell: Mapping[str, str | None], *, group: str = "") -> str:
    """Where the rows of a count are listed. `unit`: the subtree chosen; `cell`: the codes of the point it stands in; group: `grouped.key_of`."""
    asked = {"metric": metric, "part": part, "from": period.from_date.isoformat(), "to": period.to_date.isoformat()}
    asked |= {"unit": unit} if unit else {}
    asked |= {"group": group} if group else {}
    asked |= {("only" if name == "unit" else name): code or NOWHERE for name, code in cell.items()}
    return f"{reverse('desk-figure-rows')}?{urlencode(asked)}"


@needs("complaints:manage")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The rows of the count the URL names. What no figure counts is not found."""
    units = Switcher(request, visit)
    asked = _asked(request, visit, units)
    wanted = request.GET.get("page", "")
    number = max(1, int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else 1
    found, n = _found(request, visit, asked, (number - 1) * PAGE)
    definition = BY_CODE[asked.metric]
    names = [name for name in definition.shows if name not in EVENT and any(name in row.shown for row in found)]
    context: dict[str, Any] = {
        "asked": asked, "definition": definition, "n": n, "units": units,
        "part": PARTS[asked.part]() if asked.part in PARTS else "",
        "is_event": "event" in definition.shows,
        "narrowed": [*_narrowed(asked, units, visit), *([str(PauseReason(request.GET["reason"]).label)] if _who(request) else [])],
        "to_date": asked.period.to_date - timedelta(days=1),
        "heads": [HEADS[name]() for name in names],
        "lines": _lines(found, names, visit),
        "page": Paginator(range(n), PAGE).get_page(number),
        "query": kept(request),
        "back": f"{reverse('desk-figures')}{'?' + urlencode({'unit': units.code}) if units.code else ''}",
    }  # fmt: skip
    return render(request, "desk/figure_rows.html", context)


def _who(request: HttpRequest) -> tuple[str, str] | None:
    """Whose holds and for which reason, when the URL asks for a line of “who pauses”."""
    actor, reason = request.GET.get("who", "").replace("\x00", "")[:120], request.GET.get("reason", "")
    return (actor, reason) if actor and reason in PauseReason.values else None


def _found(request: HttpRequest, visit: Visit, asked: Asked, offset: int) -> tuple[list[behind.Row], int]:
    organisation, who = visit.organisation.id, _who(request)
    if who is None or asked.metric != "pause_rate":
        return behind.rows(asked, organisation=organisation, now=visit.now, limit=PAGE, offset=offset)
    paths = () if visit.seat.sees_all else tuple(visit.seat.paths)
    wanted = Received(asked.period.from_date, asked.period.to_date, asked.where.unit, paths)
    rows, n = figures.paused_by(wanted, *who, organisation=organisation, now=visit.now, limit=PAGE, offset=offset)
    return [behind.Row(row.day, row.ticket, None, {"n_pauses": row.n_pauses, "paused_seconds": row.seconds}) for row in rows], n


def _asked(request: HttpRequest, visit: Visit, units: Switcher) -> Asked:
    get = {name: request.GET.get(name, "").replace("\x00", "")[:64] for name in ("metric", "part", "clause", "level", "only", *NARROWED)}
    definition = BY_CODE.get(get["metric"])
    part = get["part"] or "n"
    if definition is None or part not in definition.parts:
        raise Http404
    cell: dict[str, str | None] = {}
    for name, code in (("clause", get["clause"]), ("level", get["level"]), ("unit", get["only"]), *((name, get[name]) for name in NARROWED)):
        if code and name not in definition.dimensions:
            raise Http404
        if code:
            cell[name] = None if code == NOWHERE else code
    hierarchy, group = grouped.asked(request, visit)
    if group and not grouping.cuts(definition):
        raise Http404
    where = Where(unit=units.code, hierarchy=hierarchy, group=group, paths=tuple(visit.seat.paths))
    return Asked(definition.code, _period(request, visit), part, cell, where)


def _period(request: HttpRequest, visit: Visit) -> Period:
    """From and to before; four weeks up to today when the URL does not say."""
    today = queries.local_today(visit.now, visit.organisation.timezone)
    try:
        first, last = date.fromisoformat(request.GET.get("from", "")), date.fromisoformat(request.GET.get("to", ""))
    except ValueError:
        return Period(today - timedelta(days=27), today + timedelta(days=1))
    if not (1990 <= first.year <= last.year <= 2100 and first < last):
        raise Http404
    return Period(first, last)


def _narrowed(asked: Asked, units: Switcher, visit: Visit) -> list[str]:
    """What narrows the count, in words."""
    touchpoints = dict(Touchpoint.objects.filter(organisation=visit.organisation).values_list("code", "name")) if "touchpoint" in asked.cell else {}
    said: dict[str, Callable[[str], str]] = {
        "unit": lambda code: next((unit.name for unit in units.units if unit.code == code), code), "clause": clause, "level": level,
        "channel": words.channel, "touchpoint": lambda code: touchpoints.get(code, code), "tier": str,
    }  # fmt: skip
    return [words.without(name) if code is None else said[name](code) for name, code in asked.cell.items()]


def _lines(found: list[behind.Row], names: list[str], visit: Visit) -> list[Line]:
    """The page's rows with their titles, in two statements."""
    organisation = visit.organisation.id
    seen = tickets.tickets(Filters(view="all", order="newest", paths=visit.seat.paths), organisation=organisation, now=visit.now)
    cases = {row.id: row for row in seen.filter(id__in=[row.ticket for row in found if row.ticket])}
    heard = Feedback.objects.filter(organisation_id=organisation, id__in=[row.voice for row in found if not row.ticket]).select_related("unit")
    heard = heard.filter(spoken.shown(visit.seat.paths, organisation=organisation))
    voices = {row.id: row for row in heard if visit.seat.sees_all or (row.unit and row.unit.path.startswith(tuple(visit.seat.paths)))}
    return [_line(row, names, cases.get(row.ticket) if row.ticket else None, voices.get(row.voice) if row.voice else None) for row in found]


def _line(row: behind.Row, names: list[str], case: Ticket | None, voice: Feedback | None) -> Line:
    said = tuple((HEADS[name](), "" if row.shown[name] is None else CELLS.get(name, str)(row.shown[name])) for name in names)
    if case is not None:
        return Line(row.day, case.title, case.number, case.unit.name if case.unit else "", reverse("case", args=[case.number]), said)
    if voice is not None:
        title = masking.hidden(voice.text).strip()[:40] or _("（没有文字）")
        return Line(row.day, title, "", voice.unit.name if voice.unit else "", reverse("feedback-one", args=[voice.id]), said)
    return Line(row.day, str(row.shown.get("event") or ""), "", str(row.shown.get("place") or ""), "", said)
