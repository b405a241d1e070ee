"""Why promoters promote and detractors detract: topics with their shares, lift, and a verbatim picked by rule.

Associated, never caused. A topic below five answers is not shown, a verbatim not below eight.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet

from cxms.lib.periods import Period
from feedback import masking, queries
from feedback.models import Analysis, Score
from feedback.nlp import PersonalData, mask
from metrics import statistics
from metrics.series import Point, Where, series
from metrics.statistics import Estimate
from tenancy import groups

MIN_N = 5
MIN_N_QUOTE = 8
LEVEL = 0.05
Z = 1.959964
LONGEST = 90
NOT_A_REASON = "other"
_CURRENT: dict[str, Any] = {"feedback_id": OuterRef("feedback_id"), "is_current": True}
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Quote:
    """What one customer said, masked: `feel` neg or pos, the score given, the store and the day."""

    feedback: Any
    text: str
    feel: str
    score: int
    unit: str
    day: date


@dataclass(frozen=True)
class Reason:
    """A topic: shares of detractors and promoters who speak of it (0..1) and lift = detractors ÷ all.

    impact: NPS points of all answers minus those of the answers without the topic. is_real: it is not nought, by Holm.
    """

    topic: str
    n: int
    n_detractors: int
    n_promoters: int
    detractors: Estimate
    promoters: Estimate
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    is_real: bool
    impact: Estimate
    quote: Quote | None

    @property
    def is_praise(self) -> bool:
        """Who speak of it lift the NPS; where that cannot be told, more promoters than detractors speak of it."""
        points = self.impact.value or 0.0
        return points > 0 if points else self.n_promoters > self.n_detractors


@dataclass(frozen=True)
class Reasons:
    """The reasons, those not to recommend first, on each side by their points; and how many answers they rest on.

    n: None where it is 1 to 4, as every figure is hidden there.
    """

    rows: list[Reason]
    n: int | None
    n_more: int
    n_pending: int
    n_silent: int


def reasons(
    *, organisation: int, period: Period, where: Where, now: datetime, limit: int = 6, names: dict[str, str] | None = None
) -> Reasons:
    """The reasons behind the NPS answers of a period; `names` gives the units' names for the quotes."""
    by_topic = series(
        organisation=organisation, metric="nps", period=period, by=("topic",), where=where, now=now, raw=True
    ).points
    counted = totals(organisation, period, where)
    cells = [cell for cell in by_topic if cell.by["topic"] != NOT_A_REASON and (cell.n or 0) >= MIN_N]
    rows = _reasons(cells, counted["analysed"])
    shown = rows[:limit]
    quoted = [_with_quote(row, organisation, period, where, names or {}) for row in shown]
    n = sum(counted["analysed"])
    return Reasons(quoted, None if 1 <= n < MIN_N else n, len(rows) - len(shown), counted["pending"], counted["silent"])


def answers(*, organisation: int, period: Period, where: Where, excluded: bool = False) -> QuerySet[Score]:
    """NPS answers of the period under the filters that the rows themselves carry; or those taken out of the metrics."""
    rows = Score.objects.filter(organisation_id=organisation, kind="nps", item="", excluded=excluded)
    rows = rows.filter(local_day__gte=period.from_date, local_day__lt=period.to_date)
    for name, column in (("channel", "channel"), ("touchpoint", "touchpoint__code"), ("staff", "staff__employee_no"), ("tier", "feedback__customer__tier")):
        if value := getattr(where, name):
            rows = rows.filter(**{column: value})
    return placed(rows, where, "feedback_score", organisation=organisation)


def placed(rows: QuerySet[Row], where: Where, table: str, *, organisation: int) -> QuerySet[Row]:
    """Rows of a table with unit and local day below `where`'s unit and subtrees, as the tree stood on the row's day.

    The units that ever hung there lead into the indexes, the day decides.
    """
    if where.group:
        rows = rows.filter(groups.counted(where.hierarchy, where.group, organisation=organisation))
    places = [[where.unit]] if where.unit else []
    places += [where.subtrees] if where.subtrees else []
    for inside in places:
        rows = rows.extra(
            where=[
                f"{table}.unit_id = any(array(select p.unit_id from tenancy_unitplacement p"
                f" where p.organisation_id = %s and string_to_array(p.path, '/') && %s::text[]))"
                f" and exists (select 1 from tenancy_unitplacement p where p.organisation_id = {table}.organisation_id"
                f" and p.unit_id = {table}.unit_id and p.from_date <= {table}.local_day"
                f" and p.to_date > {table}.local_day and string_to_array(p.path, '/') && %s::text[])"
            ],
            params=[organisation, inside, inside],
        )
    return rows


def totals(organisation: int, period: Period, where: Where) -> dict[str, Any]:
    """(promoters, passives, detractors) whose words are analysed; answers still pending; answers without words."""
    done = Exists(Analysis.objects.filter(organisation_id=organisation, **_CURRENT))
    rows = answers(organisation=organisation, period=period, where=where).annotate(is_done=done)
    spoken = ~Q(feedback__text="")
    sides = {"promoters": Q(value__gte=9), "passives": Q(value__gte=7, value__lte=8), "detractors": Q(value__lte=6)}
    found = rows.aggregate(
        silent=Count("id", filter=~spoken),
        pending=Count("id", filter=spoken & Q(is_done=False)),
        **{name: Count("id", filter=spoken & Q(is_done=True) & side) for name, side in sides.items()},
    )
    return {**found, "analysed": tuple(found[name] for name in sides)}


def _reasons(cells: Sequence[Point], totals: tuple[int, int, int]) -> list[Reason]:
    impacts = [_impact(cell, totals) for cell in cells]
    adjusted = statistics.holm([statistics.nps_impact_p(impact) for impact in impacts])
    rows = [_reason(cell, impact, p, totals) for cell, impact, p in zip(cells, impacts, adjusted, strict=True)]
    return sorted(rows, key=lambda row: (row.is_praise, -abs(row.impact.value or 0.0), -row.n, row.topic))


def _impact(cell: Point, totals: tuple[int, int, int]) -> Estimate:
    found = cell.components or {}
    said = [min(found[side], whole) for side, whole in zip(("promoters", "passives", "detractors"), totals, strict=True)]
    return statistics.nps_impact((said[0], said[1], said[2]), totals)


def _reason(cell: Point, impact: Estimate, p: float, totals: tuple[int, int, int]) -> Reason:
    found = cell.components or {}
    n_promoters, n_passives, n_detractors = totals
    d, pro, passive = found["detractors"], found["promoters"], found["passives"]
    ratio = lift(d, n_detractors, pro + passive, n_promoters + n_passives)
    return Reason(
        topic=str(cell.by["topic"]),
        n=cell.n or 0,
        n_detractors=d,
        n_promoters=pro,
        detractors=statistics.wilson(min(d, n_detractors), n_detractors),
        promoters=statistics.wilson(min(pro, n_promoters), n_promoters),
        lift=ratio[0],
        lift_low=ratio[1],
        lift_high=ratio[2],
        is_real=p < LEVEL,
        impact=impact,
        quote=None,
    )


def lift(d: int, n_d: int, r: int, n_r: int) -> tuple[float | None, float | None, float | None]:
    """The share among detractors (d of n_d) ÷ the share among all, with a 95 % interval.

    r of n_r: the others. The interval is that of the logarithm by the delta method, detractors being part of all; half
    an answer is added to each cell so that zero has one. (None, None, None) without detractors or mentions.
    """
    n = n_d + n_r
    if n_d == 0 or d + r == 0:
        return None, None, None
    value = (d / n_d) / ((d + r) / n)
    share_d, share_r = (d + 0.5) / (n_d + 1), (r + 0.5) / (n_r + 1)
    weight = n_d / n
    overall = weight * share_d + (1 - weight) * share_r
    slope_d, slope_r = 1 / share_d - weight / overall, (1 - weight) / overall
    variance = slope_d**2 * share_d * (1 - share_d) / (n_d + 1) + slope_r**2 * share_r * (1 - share_r) / (n_r + 1)
    centre, spread = math.log(share_d / overall), Z * math.sqrt(variance)
    return value, math.exp(centre - spread), math.exp(centre + spread)


def _with_quote(row: Reason, organisation: int, period: Period, where: Where, names: dict[str, str]) -> Reason:
    if row.n < MIN_N_QUOTE:
        return row
    quote = pick(row.topic, not row.is_praise, organisation, period, where, names)
    return Reason(**{**row.__dict__, "quote": quote})


def pick(
    topic: str, is_negative: bool, organisation: int, period: Period, where: Where, names: dict[str, str]
) -> Quote | None:
    """The rule: among the newest 200 of the side, the strongest feeling towards the topic, then the newest. Never empty.

    A topic that a person added has no place in the text: such a voice is quoted from its beginning, and only where no other can be.
    What waits for its first classification is counted, not quoted: reports go to departments.
    """
    spoken = Analysis.objects.filter(organisation_id=organisation, topic_codes__contains=[topic], **_CURRENT)
    rows = answers(organisation=organisation, period=period, where=where).filter(Exists(spoken))
    rows = rows.filter(queries.classified(organisation=organisation, name="feedback"))
    rows = rows.filter(value__lte=6) if is_negative else rows.filter(value__gte=9)
    newest = list(rows.select_related("feedback", "unit").order_by("-feedback__occurred_at", "-id")[:200])
    made = queries.analyses([row.feedback_id for row in newest], organisation=organisation)
    told: list[tuple[bool, float, Score, dict[str, Any]]] = []
    for row in newest:
        for mention in made[row.feedback_id].topics:
            force = -mention["sentiment"] if is_negative else mention["sentiment"]
            if mention["code"] == topic and force > 0:
                told.append((mention["start"] >= mention["end"], -force, row, mention))
    # of equals the newest: sorting keeps their order
    for _unplaced, _force, row, mention in sorted(told, key=lambda one: one[:2]):
        if said := excerpt(row.feedback.text, mention["start"], mention["end"], made[row.feedback_id].pii):
            name = names.get(row.unit.code, "") if row.unit else ""
            return Quote(row.feedback_id, said, "neg" if is_negative else "pos", int(row.value), name, row.local_day)
    return None


def excerpt(text: str, start: int, end: int, pii: Sequence[dict[str, Any]]) -> str:
    """The words of a span with personal data written over; the whole text when it is short, its beginning without a span."""
    if len(text) <= LONGEST:
        start, end = 0, len(text)
    elif start >= end:
        start, end = 0, LONGEST
    spans = [
        PersonalData(span.type, max(span.start, start) - start, min(span.end, end) - start)
        for span in masking.personal(text, pii)
        if span.start < end and span.end > start
    ]
    return mask(text[start:end].rstrip("，。；,.; \n"), spans).strip()
