"""The filter bar of pages of figures: what the URL asks for, the menus that offer it, the rows behind a mark."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from customers import queries as customers
from cxms.lib.periods import Period
from metrics.definitions.table import BY_CODE
from metrics.series import Where
from reports import dashboards
from tenancy.enums import Channel
from tenancy.models import Touchpoint
from web import desk_figure_rows, grouped
from web.door import Visit

# which voices a metric counts, as the list of voices asks for them; a metric that counts something else leads to its page
ROWS: dict[str, dict[str, str]] = {
    "nps": {"nps": "any"},
    "csat": {"score": "csat"},
    "ces": {"score": "ces"},
    "csi": {"score": "csi"},
    "sentiment": {"score": "sentiment"},
    "volume": {},
}


@dataclass(frozen=True)
class Choice:
    """A value of a filter."""

    value: str
    label: str
    is_here: bool


@dataclass(frozen=True)
class Menu:
    """A filter of the bar."""

    name: str
    label: str
    choices: list[Choice]


@dataclass(frozen=True)
class Filters:
    """The filters of the URL, each one known to the organisation."""

    weeks: int
    by: str
    where: Where
    tiers: tuple[str, ...] = ()

    def drill(self, period: Period, **more: str) -> str:
        """The feedback list with the rows behind a figure."""
        return voices_behind(self.where, period, **more)


def voices_behind(where: Where, period: Period, **more: str) -> str:
    """The list of voices under the same filters, counted ones only."""
    given = {name: value for name, value in grouped.given(where).items() if name in {"unit", "channel", "touchpoint", "tier", "topic", "staff", "group"}}
    asked = {"from": period.from_date.isoformat(), "to": period.to_date.isoformat(), "state": "counted"}
    return f"{reverse('feedback-list')}?{urlencode(asked | given | more)}"


def behind(metric: str, where: Where, period: Period, *, weeks: int = 13, **more: str) -> str:
    """What is behind a figure of a metric: the voices or the cases it counts, else its own page under the same filters."""
    if metric in ROWS:
        return voices_behind(where, period, **{**ROWS[metric], **more})
    asked = {**grouped.given(where), **more}
    if "n" in BY_CODE[metric].parts and set(asked) <= {"unit", "clause", "group"}:
        cell = {name: code for name, code in more.items() if name in {"unit", "clause"}}
        return desk_figure_rows.url_of(metric, period, "n", where.unit, cell, group=asked.get("group", ""))
    return page_of(metric, where, weeks=weeks, **more)


def page_of(metric: str, where: Where, *, weeks: int = 13, **more: str) -> str:
    """The metric's own page under the filters it has."""
    kept = {name: value for name, value in (grouped.given(where) | more).items() if name in {"unit", "channel", "touchpoint", "tier", "group"}}
    url = reverse("nps") if metric == "nps" else reverse("metric", args=[metric])
    return f"{url}?{urlencode({'weeks': str(weeks)} | kept)}"


def touchpoints_of(visit: Visit) -> dict[str, str]:
    """Names of the touchpoints by code, in their order."""
    rows = Touchpoint.objects.filter(organisation=visit.organisation, retired_at__isnull=True).order_by("position")
    return dict(rows.values_list("code", "name"))


def filters_of(request: HttpRequest, visit: Visit, touchpoints: dict[str, str], *, with_groups: bool = False) -> Filters:
    """What the URL asks for; a value that is not offered is not asked. with_groups: where a page may be cut by groups of a hierarchy."""
    given = request.GET.get
    weeks = int(given("weeks", "")) if given("weeks", "") in {str(n) for n in dashboards.WEEKS} else dashboards.WEEKS[0]
    channel = given("channel", "") if given("channel", "") in Channel.values else ""
    touchpoint = given("touchpoint", "") if given("touchpoint", "") in touchpoints else ""
    tiers = tuple(customers.tiers(organisation=visit.organisation.id))
    tier = given("tier", "") if given("tier", "") in tiers else ""
    where = Where(unit=given("unit", ""), channel=channel, touchpoint=touchpoint, tier=tier, paths=visit.seat.paths)
    by, offered = given("by", ""), dict.fromkeys(dashboards.BY, "")
    if with_groups:
        hierarchy, group = grouped.asked(request, visit)
        where = replace(where, hierarchy=hierarchy, group=group)
        offered = grouped.Choices(visit.organisation.id).offered(where)
    return Filters(weeks, by if by in offered else "store", where, tiers)


def menus(filters: Filters, touchpoints: dict[str, str], *, with_by: bool = True, groups: grouped.Choices | None = None) -> list[Menu]:
    """The bar's menus."""
    spans = {"13": _("近 13 周"), "26": _("近 26 周"), "52": _("近 52 周")}
    found = [menu("weeks", _("时间"), spans.items(), str(filters.weeks))]
    if with_by:
        offered = groups.offered(filters.where) if groups else {"store": _("门店"), "region": _("大区")}
        found.append(menu("by", _("按"), offered.items(), filters.by))
    every = [("", _("全部"))]
    if groups and filters.where.group:
        here = grouped.key_of(filters.where.hierarchy, filters.where.group)
        found.append(menu("group", _("分组"), [*every, *groups.keys(filters.where.hierarchy).items()], here))
    found.append(menu("touchpoint", _("触点"), [*every, *touchpoints.items()], filters.where.touchpoint))
    channels = [(str(value), str(label)) for value, label in Channel.choices]
    found.append(menu("channel", _("渠道"), [*every, *channels], filters.where.channel))
    if filters.tiers:
        found.append(menu("tier", _("客户等级"), [*every, *((tier, tier) for tier in filters.tiers)], filters.where.tier))
    return found


def menu(name: str, label: str, pairs: Iterable[tuple[str, str]], here: str) -> Menu:
    """A menu of the bar with the value that is chosen."""
    return Menu(name, label, [Choice(value, text, value == here) for value, text in pairs])
