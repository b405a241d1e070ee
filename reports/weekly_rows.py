"""The figures of a weekly report as rows: what its sheet of numbers holds, and what differs between two readings of a week."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from metrics.definitions.table import BY_CODE
from reports import changes
from reports.topics import topic
from reports.weekly_words import clause_name

Content = Mapping[str, Any]
COLUMNS = (
    "part", "metric", "code", "from", "to", "value", "low", "high", "n", "suppressed", "difference", "margin", "p", "verdict",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A figure of a report. part: head, places, metrics, promises, causes or money; code: the unit, clause or topic."""

    part: str
    metric: str
    code: str
    label: str
    point: Mapping[str, Any]
    change: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is a figure of."""
        return self.part, self.metric, self.code


@dataclass(frozen=True)
class Difference:
    """A figure as it was issued and as it is now."""

    label: str
    issued: str
    now: str


def rows(content: Content) -> list[Row]:
    """Every figure of a frozen content, in the order of the page; nothing is computed."""
    none: dict[str, Any] = {}
    found = [Row("head", "nps", content["unit"], content["unit_name"], content["nps"]["point"], content["nps"]["change"])]
    found += [Row("places", "nps", row["code"], row["name"], row["point"], row["change"]) for row in content["places"]]
    found += [Row("metrics", row["metric"], "", str(BY_CODE[row["metric"]].label), row["point"], row["change"]) for row in content["metrics"]]
    found += [
        Row("promises", "promise_attainment", row["clause"], clause_name(row), row["point"], row["change"]) for row in content["clauses"]
    ]
    for row in content["causes"]:
        label = row.get("label") or topic(row["topic"])
        found.append(Row("causes", "detractor_share", row["topic"], label, {**row["share"], "n": row["n"], "suppressed": False}, row["change"]))
    if money := content["money"]:
        point = {"value": money["value_minor"] / 100, "low": money["low_minor"] / 100, "high": money["high_minor"] / 100}
        found.append(Row("money", "revenue_at_risk", money["currency"], _("风险金额"), {**point, "n": money["n_detractors"], "suppressed": False}, none))
    return found


def table(content: Content) -> list[list[Any]]:
    """The rows under `COLUMNS`, numbers to the bit as they were frozen."""
    span = [content["week"], content["to"]]
    return [
        [
            row.part, row.metric, row.code, *span, *(row.point.get(name) for name in ("value", "low", "high", "n", "suppressed")),
            *(row.change.get(name) for name in ("difference", "margin", "p", "kind")),
        ]
        for row in rows(content)
    ]  # fmt: skip


def differences(issued: Content, now: Content) -> list[Difference]:
    """The figures whose value, interval or n is another now than when it was issued, one that came or went too."""
    before = {row.key: row for row in rows(issued)}
    after = {row.key: row for row in rows(now)}
    names = ("value", "low", "high", "n", "suppressed")
    found = []
    for key in dict.fromkeys([*before, *after]):
        then, here = before.get(key), after.get(key)
        points = [tuple(row.point.get(name) for name in names) if row else None for row in (then, here)]
        if points[0] != points[1]:
            label = (here or then or rows(now)[0]).label
            found.append(Difference(label if key[0] != "head" else _("NPS"), _said(then), _said(here)))
    return found


def _said(row: Row | None) -> str:
    """The value and n as the sheet writes them; — for a figure that is not there."""
    if row is None:
        return "—"
    if row.point.get("suppressed"):
        return _("已隐藏")
    definition = BY_CODE.get(row.metric)
    value = row.point.get("value")
    if row.part == "causes":
        shown = "—" if value is None else f"{100 * value:.1f}%"
    elif definition is not None and definition.unit == "points":
        shown = changes.signed(value, 1)
    else:
        shown = changes.shown(definition, value) if definition else changes.number(value, 0)
    return f"{shown}（n = {row.point.get('n') or 0:,}）"
