"""客户与金钱: customers' money and coming back beside what they say, what is at stake, how many stay silent; the assumptions."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from customers.models import Customer
from cxms.lib.errors import DomainError
from metrics.hiding import HIDDEN_BELOW
from metrics.statistics.unheard import LINKED_FROM
from reports import assumptions, changes, dashboards, money
from reports.assumptions import Wanted
from reports.lifetime import lifetime
from reports.money import Gap, Group, Money, Silence
from reports.weekly_words import amount, sign_of
from web import exports, metric_filters, words
from web.door import Visit, needs
from web.forms import Form, typed, version
from web.metric_filters import Filters
from web.units import Switcher

PAGE = 50
MOST = 5_000
FIELDS = ("arpu", "currency", "source", "return_days", "multiplier", "multiplier_source")
COLUMNS = (
    "kind", "n", "n_spending", "mean_minor", "mean_low_minor", "mean_high_minor", "n_linked", "n_left", "retention", "retention_low",
    "retention_high", "worth_minor", "stake_minor", "stake_low_minor", "stake_high_minor", "stake_share", "basis", "currency",
)  # fmt: skip


def kinds() -> dict[str, str]:
    """What the three kinds are called."""
    return {"promoter": _("推荐者"), "passive": _("中立者"), "detractor": _("贬损者")}


@needs("metrics:read")
def page(request: HttpRequest, visit: Visit, form: Form | None = None) -> HttpResponse:
    """The page; `?format=csv` or xlsx gives the rows of the three kinds."""
    units, touchpoints = Switcher(request, visit), metric_filters.touchpoints_of(visit)
    filters = metric_filters.filters_of(request, visit, touchpoints)
    period = dashboards.weeks_until(visit.now, filters.weeks, organisation=visit.organisation.id)
    found = money.money(organisation=visit.organisation.id, period=period, where=filters.where, now=visit.now)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, [cells(group, found) for group in found.groups] + _lifetime_cells(found), name="money")
    sign = sign_of(found.value.currency) if found.value else ""
    context = {
        "units": units,
        "menus": metric_filters.menus(filters, touchpoints, with_by=False),
        "query": request.GET.urlencode(),
        "period": period,
        "found": found,
        "each": amount(found.value.each_minor, sign) if found.value else "",
        "groups": [_group(group, found, sign, filters, request) for group in found.groups],
        "gaps": [_gap(gap, sign) for gap in found.gaps],
        "worth": _lifetime(found, sign),
        "silence": _silence(found.silence, found, sign) if found.silence else None,
        "form": form or Form(asdict(assumptions.typed_of(found.assumed))),
        "opened_on": version(request) if form else found.assumed.version,
        "history": assumptions.history(organisation=visit.organisation.id),
        "may_write": visit.seat.may("settings:write"),
        "may_see": visit.seat.may("customers:read"),
        "as_of": visit.now,
    }
    return render(request, "metrics/money.html", context, status=form.status if form else 200)


def cells(group: Group, found: Money) -> list[Any]:
    """A kind as a row of figures."""
    back, stake, is_known = group.retention, group.stake, group.is_known
    return [
        group.kind, group.n, group.spent[0], group.mean.value, group.mean.low, group.mean.high, group.n_linked, group.n_left,
        back.value if back else None, back.low if back else None, back.high if back else None, group.worth_minor if is_known else None,
        stake.amount if is_known else None, stake.low if is_known else None, stake.high if is_known else None, stake.share, stake.basis, found.value.currency if found.value else "",
    ]  # fmt: skip


def _group(group: Group, found: Money, sign: str, filters: Filters, request: HttpRequest) -> dict[str, Any]:
    query = {**{name: value for name, value in request.GET.items() if name not in {"page", "format"}}, "kind": group.kind}
    back = group.retention
    return {
        "row": group, "name": kinds()[group.kind], "url": f"{reverse('money-customers')}?{urlencode(query)}",
        "mean": amount(group.mean.value, sign) if group.mean.value is not None else "—",
        "bounds": "" if group.mean.low is None or group.mean.high is None else f"{amount(group.mean.low, '')} – {amount(group.mean.high, '')}",
        "back": "—" if back is None else share(back.value), "back_bounds": "" if back is None else f"{share(back.low)} – {share(back.high)}",
        "worth": amount(group.worth_minor, sign) if group.is_known else "—", "share": share(group.stake.share),
        "stake": amount(group.stake.amount, sign) if group.is_known else "—",
        "stake_bounds": "" if not group.is_known or group.stake.low is None or group.stake.high is None else f"{amount(group.stake.low, '')} – {amount(group.stake.high, '')}",
    }  # fmt: skip


def share(value: float | None) -> str:
    """A share (0..1) in percent."""
    return "—" if value is None else f"{100 * value:.1f}%"


def _gap(row: Gap, sign: str) -> dict[str, Any]:
    """A question with its verdict in words: what the data show, and what they do not."""
    is_money = row.name == "spending"
    names = {"spending": _("推荐者比贬损者花得多吗"), "returning": _("推荐者比贬损者更常回来吗")}
    verdicts = {
        "more": _("在您的数据里，推荐者真实更高"), "less": _("在您的数据里，推荐者真实更低"),
        "unseen": _("在您的数据里没有显示"), "unknown": _("两边各要至少 30 名客户，还不能判断"),
    }  # fmt: skip

    def told(value: float | None) -> str:
        if value is None:
            return "—"
        if not is_money:
            return changes.signed(100 * value, 1)
        return ("+" if value > 0 else changes.MINUS if value < 0 else "") + amount(abs(value), sign)

    bounds = "" if row.gap.low is None else f"{told(row.gap.low)} {_('至')} {told(row.gap.high)}"
    unit = "" if is_money or row.gap.value is None else _("个百分点")
    return {"name": names[row.name], "said": verdicts[row.verdict], "verdict": row.verdict, "value": told(row.gap.value), "unit": unit, "bounds": bounds, "p": words.p_value(row.p), "n": row.gap.n}


def _lifetime_cells(found: Money) -> list[list[Any]]:
    """The lifetime value as the last two rows of the file, own and by the rules, under the columns of a mean."""
    held = lifetime(found)
    if held is None:
        return []
    own = held.own
    return [
        ["lifetime", "", held.n_spending, own.value, own.low, own.high, own.n, held.n_left, *[None] * 7, held.n_left / own.n if own.n else None, "own", held.currency],
        ["lifetime", "", "", held.assumed_minor, *[None] * 11, held.assumed_churn, "assumed", held.currency],
    ]


def _lifetime(found: Money, sign: str) -> dict[str, Any] | None:
    held = lifetime(found)
    if held is None:
        return None
    own = held.own
    return {
        "row": held, "own": "—" if own.value is None else amount(own.value, sign),
        "bounds": "" if own.low is None or own.high is None else f"{amount(own.low, '')} – {amount(own.high, '')}",
        "churn": share(held.n_left / own.n) if own.n else "—", "assumed": "—" if held.assumed_minor is None else amount(held.assumed_minor, sign),
        "assumed_churn": share(held.assumed_churn), "own_from": LINKED_FROM, "each": amount(found.value.each_minor, sign) if found.value else "",
    }  # fmt: skip


def _silence(row: Silence, found: Money, sign: str) -> dict[str, Any]:
    top = _("没有上限") if row.found.high is None else changes.number(row.found.high, 0)
    bounds = f"{changes.number(row.found.low, 0)} – {top}"
    most = None if row.money_high_minor is None else amount(row.money_high_minor, "")
    return {
        "row": row, "hidden": changes.number(row.found.hidden, 0), "bounds": bounds, "m": changes.number(row.found.multiplier, 1),
        "money": "" if row.money_minor is None else amount(row.money_minor, sign),
        "money_bounds": "" if row.money_low_minor is None else f"{amount(row.money_low_minor, '')} – {most or _('没有上限')}",
        "own_from": 100, "n": changes.number(row.found.n, 0) if not 1 <= row.found.n < HIDDEN_BELOW else _("不足 5"),
    }  # fmt: skip


@needs("customers:read")
def customers(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The customers behind a kind's number, those who spend most first."""
    units = Switcher(request, visit)
    filters = metric_filters.filters_of(request, visit, metric_filters.touchpoints_of(visit))
    kind = request.GET.get("kind", "")
    if kind not in money.KINDS:
        raise Http404
    period = dashboards.weeks_until(visit.now, filters.weeks, organisation=visit.organisation.id)
    asked: dict[str, Any] = {"organisation": visit.organisation.id, "period": period, "where": filters.where, "now": visit.now}
    found = money.money(**asked)
    group = next((row for row in found.groups if row.kind == kind), None)
    rows = money.customers_of(kind, **asked, limit=MOST) if group else []
    shown = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    people = Customer.objects.filter(organisation_id=visit.organisation.id).in_bulk([row[0] for row in shown.object_list])
    sign = sign_of(found.value.currency) if found.value else ""
    query = request.GET.copy()
    query.pop("page", None)
    lines = [
        {"person": people.get(key), "score": score, "day": day, "spent": "—" if spent is None else amount(spent, sign)}
        for key, score, day, spent in shown.object_list
    ]
    context = {
        "units": units, "kind": kinds()[kind], "n": group.n if group else 0, "page": shown, "lines": lines, "query": query.urlencode(),
        "is_capped": len(rows) >= MOST,
    }  # fmt: skip
    return render(request, "metrics/money_customers.html", context)


@require_POST
@needs("settings:write")
def assume(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Keeps the assumptions as typed, with their sources."""
    form = Form(typed(request, *FIELDS))
    try:
        with transaction.atomic():
            assumptions.save(
                Wanted(**{name: str(form.values[name]) for name in FIELDS}), version(request),
                organisation=visit.organisation.id, now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return page(request, form=form.refused(error))
    messages.success(request, _("假设已保存；这里、接口和下一份周报都用它。"))
    return redirect("money")
