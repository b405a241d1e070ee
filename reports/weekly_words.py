"""A frozen weekly report in words: the active language, the numbers as `reports.changes` writes them, small figures.

Every sentence follows from a test: “真实” and “集中在” are said only where p < 0.05 after Holm, and the p stands in the
content. Used by the page, the PDF and the mail alike, so that they cannot differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from improvement.enums import Verdict
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.statistics import Estimate
from reports import changes, figures, reasons
from reports.changes import NO_BREAK, Change
from reports.figures import Sample, Spark
from reports.topics import topic

Content = Mapping[str, Any]
REAL = {"better", "worse"}
WIDTH = 80.0
SCALES = {"csi": (0.0, 100.0), "csat": (0.0, 100.0), "ces": (1.0, 7.0), "promise_attainment": (0.0, 100.0)}
MANY = 10_000


@dataclass(frozen=True)
class Piece:
    """A stretch of the headline; feel: "" plain, worse, better."""

    text: str
    feel: str = ""


@dataclass(frozen=True)
class Bar:
    """A value with its interval on a line of 80."""

    x: float
    x1: float
    x2: float


@dataclass(frozen=True)
class Line:
    """A row: name, n, value, margin, the change whole and in its two parts, its kind, the unit's code."""

    name: str
    n: str
    value: str
    margin: str
    change: str
    kind: str
    short: str = ""
    verdict: str = ""
    code: str = ""
    bar: Bar | None = None
    is_small: bool = False


@dataclass(frozen=True)
class Cause:
    """A topic that detractors speak of, with its verbatim. is_few: too few speak of it for one; without either, none fits."""

    name: str
    share: str
    n: str
    change: str
    kind: str
    quote: Mapping[str, Any] | None
    topic: str
    is_few: bool


@dataclass(frozen=True)
class Money:
    """The stake and its assumption, in words."""

    value: str
    bounds: str
    assumption: str


@dataclass(frozen=True)
class Due:
    """An action that fell due, and its verdict. kind: the chip's colour."""

    title: str
    owner: str
    verdict: str
    kind: str


@dataclass(frozen=True)
class Sheet:
    """One A4 page, ready to print."""

    title: str
    span: str
    whom: str
    headline: list[Piece]
    nps: Line
    spark: Spark | None
    places: list[Line]
    places_title: str
    metrics: list[Line]
    clauses: list[Line]
    causes: list[Cause]
    money: Money | None
    foot: str
    actions: list[Due] = field(default_factory=list)

    @property
    def headline_text(self) -> str:
        """The headline without its colours: a mail's subject and preview."""
        return "".join(piece.text for piece in self.headline)


def sheet(content: Content, *, issued_at: datetime | None, zone: Any, reader: str = "") -> Sheet:
    """The sheet of a content. issued_at: None for “as of now”; zone: in which instants are told."""
    week, to = date.fromisoformat(content["week"]), date.fromisoformat(content["to"])
    last = to - timedelta(days=1)
    span = {"week": week.isocalendar().week, "from": f"{week:%m-%d}", "to": f"{last:%m-%d}"}
    return Sheet(
        title=_("客户体验周报"),
        span=_("第 %(week)d 周，%(from)s 至 %(to)s") % span,
        whom=_whom(content, issued_at, zone, reader),
        headline=headline(content),
        nps=_line(_("NPS"), "nps", content["nps"]),
        spark=_spark(content["nps"]["weeks"]),
        places=[_line(row["name"], "nps", row, code=row["code"]) for row in content["places"]],
        places_title=_("大区") if content["unit_kind"] == "headquarters" else _("门店"),
        metrics=[_line(str(BY_CODE[row["metric"]].label), row["metric"], row) for row in content["metrics"]],
        clauses=[_clause(row) for row in content["clauses"]],
        causes=[_cause(row) for row in content["causes"]],
        money=_money(content["money"]),
        foot=_foot(content, zone),
        actions=[_action(row) for row in content.get("actions", [])],
    )


# ---- the headline ---------------------------------------------------------------------------------------------------


def headline(content: Content) -> list[Piece]:
    """One sentence from tests: NPS, where, why, and the promise of a solution."""
    pieces = _nps_said(content["nps"])
    if content["nps"]["change"]["kind"] in REAL:
        pieces += _where_and_why(content)
    pieces += _promise_said(content)
    return [*pieces, Piece(_("。"))]


def _nps_said(nps: Content) -> list[Piece]:
    point, change = nps["point"], nps["change"]
    if point["suppressed"]:
        return [Piece(_("本周回答不足 5 份，NPS 已隐藏"))]
    if point["value"] is None:
        return [Piece(_("本周没有 NPS 回答"))]
    value = changes.signed(point["value"], 0)
    margin = changes.plus_minus(_half(point), 1)
    if change["kind"] not in REAL:
        said = _("NPS %(value)s%(margin)s") % {"value": value, "margin": margin}
        return [Piece(said + (_("，与上周的差别尚不明确") if change["kind"] == "unclear" else _("，没有可比的上周")))]
    names = {"before": changes.signed(nps["before"]["value"], 0), "value": value}
    if change["difference"] > 0:
        return [Piece(_("NPS 由 %(before)s 升到 %(value)s，") % names), Piece(_("是真实上升"), "better")]
    return [Piece(_("NPS 由 %(before)s 降到 %(value)s，") % names), Piece(_("是真实下降"), "worse")]


def _where_and_why(content: Content) -> list[Piece]:
    kind = content["nps"]["change"]["kind"]
    places = [row["name"] for row in content["places"] if row["change"]["kind"] == kind]
    pieces = [Piece(_("，集中在%(places)s") % {"places": _("、").join(places[:2])})] if places else []
    more = [row.get("label") or topic(row["topic"]) for row in content["causes"] if row["change"]["kind"] == kind]
    if more:
        said = _("，贬损者更多提到%(topic)s") if kind == "worse" else _("，贬损者较少提到%(topic)s")
        pieces.append(Piece(said % {"topic": more[0]}))
    return pieces


def _promise_said(content: Content) -> list[Piece]:
    row = next((row for row in content["clauses"] if row["kind"] == "solution"), None)
    if row is None or row["point"]["value"] is None:
        return []
    names = {"name": clause_name(row), "value": changes.shown(BY_CODE["promise_attainment"], row["point"]["value"])}
    if row["change"]["kind"] == "better":
        return [Piece(_("；%(name)s守约率升到 %(value)s") % names)]
    if row["change"]["kind"] == "worse":
        return [Piece(_("；%(name)s守约率降到 %(value)s") % names, "worse")]
    return [Piece(_("；%(name)s守约率 %(value)s") % names)]


# ---- rows -----------------------------------------------------------------------------------------------------------


def clause_name(row: Content) -> str:
    """A clause as customers know it."""
    hours = f"{row['target_seconds'] / 3600:g}"
    said = {
        "notify": lambda: _("直达高管"),
        "reconstruction": lambda: _("%(hours)s 小时还原"),
        "solution": lambda: _("%(hours)s 小时方案"),
    }
    return said[row["kind"]]() % {"hours": hours}


def _half(point: Content) -> float | None:
    return None if point["low"] is None else (point["high"] - point["low"]) / 2


def _estimate(point: Content) -> Estimate:
    return Estimate(point["value"], point["low"], point["high"], point["n"] or 0)


def _line(name: str, metric: str, row: Content, code: str = "") -> Line:
    definition, point = BY_CODE[metric], row["point"]
    decimals = max(definition.decimals, 1) if definition.unit == "points" else definition.decimals
    change = Change(**row["change"])
    return Line(
        name=name,
        n=_n(point),
        value="—" if point["suppressed"] else changes.shown(definition, point["value"]),
        margin="" if point["suppressed"] else changes.interval(definition, _estimate(point)),
        change=f"{change.arrow}{NO_BREAK}{said}" if (said := changes.words(change, decimals)) else "",
        kind=change.kind,
        short=f"{change.arrow}{NO_BREAK}{short}" if (short := changes.difference(change, decimals)) else "",
        verdict=changes.verdict(change) if said else "",
        code=code,
        bar=_bar(metric, point, definition),
        is_small=not point["suppressed"] and 0 < (point["n"] or 0) < 30,
    )


def _n(point: Content) -> str:
    return "n < 5" if point["suppressed"] else f"n = {point['n']:,}"


def _clause(row: Content) -> Line:
    line = _line(clause_name(row), "promise_attainment", row)
    found = row["point"]["components"]
    n = f"{found['met']:,} / {found['met'] + found['breached']:,}" if found else line.n
    return Line(**{**line.__dict__, "n": n})


def _bar(metric: str, point: Content, definition: Definition) -> Bar | None:
    if metric not in SCALES or point["value"] is None or point["low"] is None:
        return None
    low, high = SCALES[metric]
    at = figures.Axis(low, high, 4, WIDTH - 4)
    return Bar(round(at(point["value"]), 1), round(at(max(point["low"], low)), 1), round(at(min(point["high"], high)), 1))


def _spark(weeks: list[list[float | None]]) -> Spark | None:
    samples = [Sample(None, value, low, high) for value, low, high in weeks]
    spark = figures.sparkline(samples, width=234, height=52)
    return spark if spark.now_x is not None else None


def _cause(row: Content) -> Cause:
    change = Change(**row["change"])
    share = row["share"]["value"] or 0.0
    return Cause(
        name=row.get("label") or topic(row["topic"]),
        share=_("贬损者中 %(share)s 提到") % {"share": f"{100 * share:.0f}%"},
        n=f"n = {row['n']:,}",
        change=f"{change.arrow}{NO_BREAK}{said}" if (said := changes.words(change, 1)) else "",
        kind=change.kind,
        # reports of before may hold an empty one
        quote=row["quote"] if row["quote"] and row["quote"]["text"] else None,
        topic=row["topic"],
        is_few=row["n"] < reasons.MIN_N_QUOTE,
    )


def _action(row: Content) -> Due:
    if row["verdict"]:
        kinds = {Verdict.EFFECTIVE: "good", Verdict.NOT_EFFECTIVE: "bad", Verdict.INSUFFICIENT: "line"}
        found = Verdict(row["verdict"])
        return Due(row["title"], row["owner"], str(found.label), kinds[found])
    if row["late_days"]:
        return Due(row["title"], row["owner"], _("逾期 %(n)s 天") % {"n": row["late_days"]}, "warn")
    return Due(row["title"], row["owner"], _("进行中"), "")


# ---- money and small print ------------------------------------------------------------------------------------------


def _money(money: Content | None) -> Money | None:
    if money is None:
        return None
    sign = sign_of(money["currency"])
    names = {
        "n": f"{money['n_detractors']:,}",
        "each": sign + f"{money['per_customer_minor'] / 100:,.0f}",
        "known": f"{money['n_customers']:,}",
        "own": f"{money['n_own']:,}",
    }
    known = _("%(known)s 名可辨认的客户") % names if money["n_customers"] else money.get("value_source", "")
    names |= {"whose": known, "share": f"{100 * money.get('share', 0.5):.0f}%", "linked": f"{money.get('n_linked', 0):,}"}
    assumption = _("本周 %(n)s 名贬损者中一半会离开，客均年消费 %(each)s（%(whose)s）。“一半”是公开经验值，不是本公司实测。")
    if money.get("basis") == "own":
        assumption = _("本周 %(n)s 名贬损者中 %(share)s 会离开，客均年消费 %(each)s（%(whose)s）。%(share)s 是本公司 %(linked)s 名贬损者的实际流失。")
    low, high = amount(money["low_minor"], ""), amount(money["high_minor"], "")
    return Money(
        value=amount(money["value_minor"], sign),
        bounds=_("一年内，%(low)s 至 %(high)s") % {"low": low, "high": high},
        assumption=assumption % names,
    )


def sign_of(currency: str) -> str:
    """¥, $ …; a currency we have no sign for by its code."""
    return {"CNY": "¥", "HKD": "HK$", "TWD": "NT$", "USD": "$"}.get(currency, currency + NO_BREAK)


def amount(minor: float, sign: str) -> str:
    """Money as it is read aloud: ¥46 万 in Chinese, ¥460,000 elsewhere, ¥4,600 in both."""
    whole = minor / 100
    if abs(whole) >= MANY and (get_language() or "").startswith("zh"):
        return sign + _("%(n)s 万") % {"n": f"{whole / MANY:,.1f}".removesuffix(".0")}
    return f"{sign}{whole:,.0f}"


def _whom(content: Content, issued_at: datetime | None, zone: Any, reader: str) -> str:
    names = {"organisation": content["organisation"], "unit": content["unit_name"], "reader": reader}
    place = names["organisation"] if content["unit_kind"] == "headquarters" else _("%(organisation)s %(unit)s") % names
    at = datetime.fromisoformat(content["as_of"]) if issued_at is None else issued_at
    told = f"{at.astimezone(zone):%m-%d %H:%M}"
    if issued_at is None:
        return _("%(place)s，截至 %(at)s 重新计算") % {"place": place, "at": told}
    if reader:
        return _("%(place)s，发给%(reader)s，%(at)s 签发并冻结") % {"place": place, "at": told, "reader": reader}
    return _("%(place)s，%(at)s 签发并冻结") % {"place": place, "at": told}


def _foot(content: Content, zone: Any) -> str:
    at = datetime.fromisoformat(content["as_of"]).astimezone(zone)
    last = date.fromisoformat(content["to"]) - timedelta(days=1)
    said = [_("统计到 %(day)s 24:00，%(at)s 取数。") % {"day": f"{last:%m-%d}", "at": f"{at:%m-%d %H:%M}"}]
    if content["n_excluded"]:
        said.append(_("排除 %(n)d 条。") % {"n": content["n_excluded"]})
    if content["n_small"] and content["unit_kind"] != "store":
        said.append(_("%(n)d 家门店样本不足 30，不单独下结论。") % {"n": content["n_small"]})
    said.append(_("“真实”指 p < 0.05，比较多个大区、门店或主题时经 Holm 校正；其余写“尚不明确”。"))
    return "".join(said)
