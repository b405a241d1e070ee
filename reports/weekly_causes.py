"""The part of the weekly report that is counted from rows: what detractors speak of."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from cxms.lib.periods import Period
from feedback import topics
from metrics import statistics
from metrics.series import Where, series
from metrics.statistics import Estimate
from reports import reasons
from reports.changes import LEVEL, Change
from tenancy import queries

N_CAUSES = 3
MIN_N = 5


def causes(*, organisation: int, period: Period, where: Where, now: datetime) -> list[dict[str, Any]]:
    """The three topics most detractors of the week spoke of: share, change to the week before, a verbatim by rule.

    A topic below five detractors is not shown, a verbatim not below eight; nothing is compared with a week that is hidden itself.
    """
    before_period = Period(period.from_date - timedelta(days=7), period.from_date)
    mentions, n = _detractors(organisation, period, where, now)
    before, n_before = _before(organisation, before_period, where, now)
    top = sorted((code for code in mentions if mentions[code] >= MIN_N), key=lambda code: (-mentions[code], code))
    compared = [_change(mentions[code], n, before.get(code, 0), n_before) for code in top[:N_CAUSES]]
    names = {unit.code: unit.name for unit in queries.units_of(organisation=organisation, paths=where.paths or ("/",))}
    own = topics.own_labels(organisation=organisation)
    rows = []
    for code, change in zip(top, _holm(compared), strict=False):
        share = statistics.wilson(min(mentions[code], n), n)
        quote = None
        if mentions[code] >= reasons.MIN_N_QUOTE:
            found = reasons.pick(code, True, organisation, period, where, names)
            quote = asdict(found) | {"feedback": str(found.feedback), "day": found.day.isoformat()} if found else None
        rows.append(
            {
                "topic": code, "label": own.get(code, ""), "n": mentions[code], "n_all": n, "share": share._asdict(),
                "change": asdict(change), "quote": quote,
            }  # fmt: skip
        )
    return rows


def _detractors(organisation: int, period: Period, where: Where, now: datetime) -> tuple[dict[str, int], int]:
    """Detractors who speak of each topic, and how many of them wrote words that are analysed."""
    cells = series(
        organisation=organisation, metric="nps", period=period, by=("topic",), where=where, now=now, raw=True
    ).points
    found = {str(cell.by["topic"]): int((cell.components or {})["detractors"]) for cell in cells}
    found.pop(reasons.NOT_A_REASON, None)
    found.pop("None", None)
    return found, int(reasons.totals(organisation, period, where)["detractors"])


def _before(organisation: int, period: Period, where: Where, now: datetime) -> tuple[dict[str, int], int]:
    """As `_detractors`; nobody where they are fewer than five, or the week's own NPS is hidden: a change would tell them."""
    found, n = _detractors(organisation, period, where, now)
    (point,) = series(organisation=organisation, metric="nps", period=period, where=where, now=now).points
    return ({}, 0) if n < MIN_N or point.suppressed else (found, n)


def _change(hits: int, n: int, hits_before: int, n_before: int) -> Change:
    """The change of a share, in points of percent; more of a cause is worse."""
    if not n or not n_before:
        return Change(None, None, None, "none")
    a, b = statistics.wilson(min(hits, n), n), statistics.wilson(min(hits_before, n_before), n_before)
    test = statistics.compare_shares(min(hits, n), n, min(hits_before, n_before), n_before)
    difference = 100 * ((a.value or 0.0) - (b.value or 0.0))
    margin = 100 * (_half(a) ** 2 + _half(b) ** 2) ** 0.5
    return Change(difference, margin, test.p, "worse" if difference > 0 else "better")


def _half(estimate: Estimate) -> float:
    return ((estimate.high or 0.0) - (estimate.low or 0.0)) / 2


def _holm(compared: list[Change]) -> list[Change]:
    known = [change for change in compared if change.p is not None]
    adjusted = iter(statistics.holm([change.p or 0.0 for change in known]))
    found = []
    for change in compared:
        if change.p is None:
            found.append(Change(change.difference, change.margin, None, "none" if change.difference is None else "unclear"))
            continue
        p = next(adjusted)
        found.append(Change(change.difference, change.margin, p, change.kind if p < LEVEL else "unclear"))
    return found
