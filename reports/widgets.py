"""Widgets of a dashboard: which kinds there are, and one as it is kept. Pure: a widget's figures are read elsewhere.

A dashboard is a list of widgets in reading order, laid on twelve columns; a narrow page shows one below the other.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cxms.lib.errors import DomainError
from metrics import grouping
from metrics.definitions.definition import Word
from metrics.definitions.table import BY_CODE

WIDTHS = (3, 4, 6, 8, 12)
HEIGHTS = (1, 2, 3)
WEEKS = (4, 13, 26, 52)
LONGEST = 600
BY = ("unit", "channel", "touchpoint", "tier", "topic")


class WidgetError(DomainError):
    """The widget cannot be kept as asked."""


@dataclass(frozen=True)
class Kind:
    """A kind of widget. most_metrics: how many metrics it shows (0: it has its own); by: the cuts it may be given;
    width, height: as it is first laid out; is_live: it shows the present, not a period."""

    code: str
    label: Word
    hint: Word
    most_metrics: int = 0
    by: tuple[str, ...] = ()
    width: int = 6
    height: int = 2
    is_live: bool = False


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("number", gettext_lazy("数字"), gettext_lazy("一个值，带区间、n 与真假变化"), 1, width=3, height=1),
        Kind("trend", gettext_lazy("趋势"), gettext_lazy("按周的线、区间带、去年同期与批注"), 1, width=8),
        Kind("control", gettext_lazy("控制图"), gettext_lazy("哪些周是信号，哪些只是波动"), 1, width=8),
        Kind("bars", gettext_lazy("对比"), gettext_lazy("按渠道、触点、主题等切开"), 1, BY, width=4),
        Kind("tiers", gettext_lazy("分层"), gettext_lazy("门店的 NPS，没有真实差别的同层"), width=6, height=3),
        Kind("mix", gettext_lazy("构成"), gettext_lazy("推荐、中立、贬损每周各占多少"), width=4),
        Kind("table", gettext_lazy("表格"), gettext_lazy("几个指标并排，按单元等切开"), 5, BY, width=12, height=3),
        Kind("reasons", gettext_lazy("原因"), gettext_lazy("推荐者与贬损者各说什么"), width=6, height=3),
        Kind("quotes", gettext_lazy("原声"), gettext_lazy("客户最近的话，个人信息已遮住"), width=6),
        Kind("promises", gettext_lazy("守约"), gettext_lazy("每条承诺守住了多少"), width=6),
        Kind("leaving", gettext_lazy("客户为什么离开"), gettext_lazy("投诉在两个轴上：什么没有满足，问题留没留给客户"), width=8),
        Kind("cases", gettext_lazy("承诺台"), gettext_lazy("此刻已失约与快到期的"), width=6, is_live=True),
        Kind("actions", gettext_lazy("行动"), gettext_lazy("进行中的改进与系统的判定"), width=6, is_live=True),
        Kind("note", gettext_lazy("文字"), gettext_lazy("一句说明或标题"), width=12, height=1),
    )
}


@dataclass(frozen=True)
class Widget:
    """One widget. weeks: 0 for what the page says; where: filters by code, over those of the page; by: a dimension, or `grouping.BY`…."""

    id: str
    kind: str
    title: str = ""
    metrics: tuple[str, ...] = ()
    by: str = ""
    weeks: int = 0
    where: Mapping[str, str] = field(default_factory=dict)
    width: int = 6
    height: int = 2
    text: str = ""

    @property
    def label(self) -> str:
        """What stands above it."""
        if self.title:
            return self.title
        names = [str(BY_CODE[code].label) for code in self.metrics]
        return " · ".join(names) if names else str(KINDS[self.kind].label)

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.__dict__, "metrics": list(self.metrics), "where": dict(self.where)}


def read(rows: Sequence[Mapping[str, Any]]) -> list[Widget]:
    """Widgets as they were kept; one whose kind or metric a release dropped is left out."""
    found = [Widget(**{**row, "metrics": tuple(row["metrics"])}) for row in rows]
    return [one for one in found if one.kind in KINDS and all(code in BY_CODE for code in one.metrics)]


def made(kind: str, *metrics: str, **more: Any) -> Widget:
    """A new widget in the kind's own size. Raises WidgetError as `checked`."""
    if kind not in KINDS:
        raise WidgetError(_("没有这种块"), code="unknown_kind", field="kind")
    size = {"width": KINDS[kind].width, "height": KINDS[kind].height}
    return checked(Widget(uuid.uuid4().hex[:12], kind, metrics=metrics, **{**size, **more}))


def checked(one: Widget) -> Widget:
    """The widget, trimmed, if it makes sense. Raises WidgetError naming the field."""
    kind = KINDS[one.kind]
    metrics = tuple(dict.fromkeys(one.metrics))[: kind.most_metrics]
    if kind.most_metrics and not metrics:
        raise WidgetError(_("选一个指标"), code="missing", field="metrics")
    if unknown := [code for code in metrics if code not in BY_CODE]:
        raise WidgetError(_("没有这个指标：%(code)s") % {"code": unknown[0]}, code="unknown_metric", field="metrics")
    by = (one.by or "unit") if kind.by else ""
    is_group = bool(kind.by) and by.startswith(grouping.BY)
    if by and by not in kind.by and not is_group:
        raise WidgetError(_("不能这样切开"), code="unknown_cut", field="by")
    if missing := [code for code in metrics if by and not (grouping.cuts(BY_CODE[code]) if is_group else by in BY_CODE[code].dimensions)]:
        label = BY_CODE[missing[0]].label
        raise WidgetError(_("%(metric)s不能这样切开") % {"metric": label}, code="unknown_cut", field="by")
    if one.kind == "note" and not one.text.strip():
        raise WidgetError(_("写一句话"), code="missing", field="text")
    return replace(
        one,
        title=" ".join(one.title.split())[:60],
        metrics=metrics,
        by=by[:80],
        weeks=one.weeks if one.weeks in WEEKS else 0,
        where={name: str(value)[:80] for name, value in one.where.items() if value and name in {"unit", "channel", "touchpoint"}},
        width=one.width if one.width in WIDTHS else kind.width,
        height=one.height if one.height in HEIGHTS else kind.height,
        text=one.text.strip()[:LONGEST] if one.kind == "note" else "",
    )


# ---- what is done to a list of them --------------------------------------------------------------------------------


def moved(widgets: Sequence[Widget], key: str, step: int) -> list[Widget]:
    """The list with one widget `step` places later (earlier when negative), as far as there is room."""
    rows = list(widgets)
    at = _place(rows, key)
    one = rows.pop(at)
    rows.insert(max(0, min(len(rows), at + step)), one)
    return rows


def resized(widgets: Sequence[Widget], key: str, *, width: int = 0, height: int = 0) -> list[Widget]:
    """The list with one widget wider, narrower, higher or lower by so many steps."""
    rows = list(widgets)
    at = _place(rows, key)
    one = rows[at]
    rows[at] = replace(one, width=_step(WIDTHS, one.width, width), height=_step(HEIGHTS, one.height, height))
    return rows


def put(widgets: Sequence[Widget], one: Widget) -> list[Widget]:
    """The list with this widget in the place of the one with its id, or at the end."""
    rows = list(widgets)
    ids = [row.id for row in rows]
    if one.id in ids:
        rows[ids.index(one.id)] = one
        return rows
    return [*rows, one]


def without(widgets: Sequence[Widget], key: str) -> list[Widget]:
    """The list without one widget."""
    rows = list(widgets)
    rows.pop(_place(rows, key))
    return rows


def _place(rows: Sequence[Widget], key: str) -> int:
    for index, row in enumerate(rows):
        if row.id == key:
            return index
    raise WidgetError(_("这一块已不在"), code="not_found", field="widget")


def _step(sizes: Sequence[int], size: int, step: int) -> int:
    return sizes[max(0, min(len(sizes) - 1, sizes.index(size) + step))]
