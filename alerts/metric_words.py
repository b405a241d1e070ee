"""A metric alert in words: rule, value, n, interval, what it was compared with, p. In the active language."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from metrics import queries as register
from metrics import writing
from metrics.definitions.definition import Definition
from metrics.statistics import Estimate
from tenancy.enums import Channel

RULES: dict[str, Callable[[], str]] = {
    "beyond": lambda: _("越出三倍标准差的控制限"),
    "run": lambda: _("连续 8 期在中心线同一侧"),
    "two_of_three": lambda: _("三期里有两期越出两倍标准差"),
    "trend": lambda: _("连续 6 期同一方向"),
}
UNKNOWN: dict[str, Callable[[], str]] = {
    "hidden": lambda: _("少于 5 份，已隐藏"),
    "no_data": lambda: _("没有数据"),
    "few": lambda: _("样本不够"),
    "no_interval": lambda: _("没有区间"),
    "nothing_before": lambda: _("上一期不能比"),
    "no_test": lambda: _("没法检验"),
    "no_baseline": lambda: _("基线不足 8 期"),
    "never_regular": lambda: _("以前也没有固定的数据"),
}


def figure(definition: Definition, figures: Mapping[str, Any]) -> str:
    """“+12（+4 – +20），n = 120”, the same digits as the page."""
    if figures.get("value") is None:
        return "" if figures.get("n") is None else _("n = %(n)s") % {"n": f"{figures['n']:,}"}
    estimate = Estimate(figures["value"], figures["low"], figures["high"], figures["n"])
    said = writing.interval(definition, estimate)
    bounds = f" {said}" if said.startswith("±") else f" ({said})" if said else ""
    return f"{writing.shown(definition, estimate.value)}{bounds}, n = {estimate.n:,}"


def reason(definition: Definition, figures: Mapping[str, Any], condition: Mapping[str, Any]) -> str:
    """Why it fired, with what it was compared with and p; or why nothing can be told."""
    why, against = figures["why"], writing.shown(definition, figures.get("against"))
    if figures["state"] == "unknown":
        return UNKNOWN[why]() if why in UNKNOWN else why
    if why in {"below", "above"}:
        words = _("整个区间低于 %(limit)s") if why == "below" else _("整个区间高于 %(limit)s")
        plain = _("低于 %(limit)s") if why == "below" else _("高于 %(limit)s")
        return (words if condition.get("bound") == "interval" else plain) % {"limit": against}
    if why == "silent":
        return _("连续 %(n)d 期没有数据") % {"n": condition.get("n_periods", 1)}
    if why == "changed":
        names = {"before": against, "n": f"{figures['against_n']:,}", "p": p_value(figures["p_adjusted"])}
        return _("上一期 %(before)s（n = %(n)s），校正后 %(p)s") % names
    if why in RULES:
        limits = {"low": writing.shown(definition, figures["lower"]), "high": writing.shown(definition, figures["upper"]), "centre": against}
        return RULES[why]() + _("；中心 %(centre)s，控制限 %(low)s 至 %(high)s") % limits
    return ""


def p_value(p: float | None) -> str:
    """“p = 0.013”, “p < 0.001”, or nothing."""
    if p is None:
        return ""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def place(by: str, code: str, label: str) -> str:
    """A cell's name: the unit's, the channel's, else its code."""
    if by == "channel" and code in Channel.values:
        return str(Channel(code).label)
    return label or code


def period(grain: str, from_date: date, to_date: date) -> str:
    """“W47”, “11 月” or the day."""
    if grain == "week":
        return f"W{from_date.isocalendar().week:02} {from_date:%m-%d} – {to_date - timedelta(days=1):%m-%d}"
    return f"{from_date:%Y-%m}" if grain == "month" else f"{from_date:%Y-%m-%d}"


def notice(data: Mapping[str, Any], alert: Any) -> tuple[str, str, str, str]:
    """Subject, line, body and link of a notice."""
    definition = register.definition(data["metric"])
    link = f"{settings.SITE_URL}/alerts/{alert}/"
    if definition is None:
        return data["rule"], data["rule"], data["rule"], link
    when = period(data["grain"], date.fromisoformat(data["from"]), date.fromisoformat(data["to"]))
    names = {"rule": data["rule"], "metric": str(definition.label), "when": when, "n": data["n_cells"]}
    said = [_cell(definition, cell, data) for cell in data["cells"]]
    subject = _("【指标】%(rule)s：%(metric)s %(when)s") % names
    line = f"{data['rule']}：{said[0]}" if said else data["rule"]
    if data["n_cells"] > 1:
        line = _("%(line)s；一共 %(n)d 处") % {"line": line, "n": data["n_cells"]}
    more = data["n_cells"] - len(said)
    parts = [subject, "", *said, *([_("另有 %(n)d 处") % {"n": more}] if more > 0 else []), "", _("打开：%(link)s") % {"link": link}]
    parts.append(_("数字是发出时的样子，打开能看到当时的每一格。"))
    return subject, line, "\n".join(parts), link


def _cell(definition: Definition, cell: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    where = place(data["by"], cell["code"], cell["label"]) or data["unit"]
    shown = figure(definition, cell["figures"])
    return f"{where} {definition.label} {shown}".strip() + "；" + reason(definition, cell["figures"], data["condition"])
