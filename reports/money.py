"""客户与金钱: what customers are worth, whether promoters come back and spend more, what is at stake, who stays silent.

One source for the page, the API and the weekly report's line of money. What the organisation's own data do not tell is
an assumption, and every answer says which it is (`basis`). Amounts are in minor units of one currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from customers.models import CustomerEvent
from cxms.lib.periods import Period
from metrics import statistics
from metrics.definitions.table import BY_CODE
from metrics.hiding import HIDDEN_BELOW
from metrics.relations import RELATIONS
from metrics.series import Where, parameters, series, source_of
from metrics.statistics import Estimate, Iceberg, Stake, Test
from reports import assumptions, reasons
from reports.models import MoneyAssumption
from tenancy import queries

KINDS = ("promoter", "passive", "detractor")
RETURNS = ("order", "visit", "stay", "trip")
YEAR = timedelta(days=365)
LEVEL = 0.05
MIN_EACH = 30
Sums = tuple[int, float, float]

_LATEST = "select distinct on (r.customer_id) r.customer_id, r.value, r.local_day {source} order by r.customer_id, r.local_day desc, r.occurred_at desc, r.id desc"
_SIDE = "case when a.value >= 9 then 'promoter' when a.value >= 7 then 'passive' else 'detractor' end"
_SPENT = (
    "(select sum(e.amount_minor) from customers_customerevent e where e.organisation_id = %(org)s and e.customer_id = a.customer_id"
    " and e.amount_minor > 0 and e.currency = %(currency)s and e.local_day >= %(year_from)s and e.local_day < %(year_to)s)::float8"
)
_EVENT = (
    "exists (select 1 from customers_customerevent e where e.organisation_id = %(org)s and e.customer_id = a.customer_id and e.kind = any(%(kinds)s)"
)
_WORTH = f"select {_SIDE} as side, a.customer_id, a.value, a.local_day, {_SPENT} as spent from ({_LATEST}) a"
_LEFT = (
    f"select {_SIDE}, count(*), count(*) filter (where not {_EVENT} and e.local_day > a.local_day and e.local_day <= a.local_day + %(days)s))"
    f" from ({_LATEST}) a where {_EVENT} and e.local_day <= a.local_day) group by 1"
)


@dataclass(frozen=True)
class Value:
    """What a customer is worth a year. basis: events (n_customers who can be told apart), typed (with its source)."""

    each_minor: float
    currency: str
    basis: str
    n_customers: int
    source: str = ""


@dataclass(frozen=True)
class Group:
    """Customers whose latest answer is of one kind. spent: of those with known spending, (n, Σ, Σ²) a year.

    retention: share who came again, of the linked; None where they are too few to tell (fewer than 200 each: `is_own` False).
    is_known: False where nobody's spending is known or may be told: worth and stake are then no figures, and 0 only to add up.
    """

    kind: str
    n: int
    spent: Sums
    mean: Estimate
    n_linked: int
    n_left: int
    retention: Estimate | None
    worth_minor: float
    stake: Stake
    is_known: bool = True


@dataclass(frozen=True)
class Gap:
    """Promoters less detractors. verdict: more, less, unseen (the data do not show it), unknown (too few); p after Holm."""

    name: str
    gap: Estimate
    p: float | None
    verdict: str


@dataclass(frozen=True)
class Silence:
    """The iceberg of a period. money_minor: hidden × what a customer is worth × the share of detractors who leave."""

    n_complaints: int
    found: Iceberg
    n_told: int
    money_minor: float | None
    money_low_minor: float | None
    money_high_minor: float | None


@dataclass(frozen=True)
class Money:
    """Everything of a period. value None: nobody's spending is known and none was typed. problem: hidden, empty or ""."""

    assumed: MoneyAssumption
    value: Value | None
    groups: list[Group]
    gaps: list[Gap]
    silence: Silence | None
    problem: str


def money(*, organisation: int, period: Period, where: Where, now: datetime) -> Money:
    """Customers by their latest NPS answer of the period, their money and their coming back; and the silent ones."""
    assumed, value = assumptions.current(organisation=organisation), value_of(organisation=organisation, until=period.to_date, where=where)
    (whole,) = series(organisation=organisation, metric="nps", period=period, where=where, now=now).points
    counted = {} if whole.suppressed else _counted(organisation, period, where, now, value)
    if whole.suppressed or any(1 <= n < HIDDEN_BELOW for n, _ in counted.values()):
        return Money(assumed, value, [], [], None, "hidden")
    left = _left(organisation, period.to_date, assumed.return_days, where, now)
    groups = _groups(counted, left, value)
    return Money(assumed, value, groups, _gaps(groups), _silence(organisation, period, where, now, assumed, value, groups), "" if counted else "empty")


def value_of(*, organisation: int, until: date, where: Where) -> Value | None:
    """What a customer spent in the year before `until`, in the currency most of it came in; else what was typed; else None.

    Fewer than five who spent tell nobody's purse: they count as unknown.
    """
    year = CustomerEvent.objects.filter(
        organisation_id=organisation, customer__isnull=False, amount_minor__isnull=False, amount_minor__gt=0,
        local_day__gte=until - YEAR, local_day__lt=until,
    )  # fmt: skip
    spent = (
        reasons.placed(year, where, "customers_customerevent", organisation=organisation)
        .values("currency").annotate(total=Sum("amount_minor"), n=Count("customer", distinct=True)).order_by("-total", "currency")
    )  # fmt: skip
    first = spent.first()
    if first is not None and first["n"] >= HIDDEN_BELOW:
        return Value(first["total"] / first["n"], first["currency"], "events", first["n"])
    typed = assumptions.current(organisation=organisation)
    return Value(float(typed.arpu_minor), typed.currency, "typed", 0, typed.source) if typed.arpu_minor else None


def left_of(*, organisation: int, until: date, now: datetime) -> Mapping[str, tuple[int, int]]:
    """Kind → (left, linked) of the whole organisation, for its reports: read once an hour, however many scopes are issued."""
    return _left_within(organisation, until, assumptions.current(organisation=organisation).return_days, now.replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=256)
def _left_within(organisation: int, until: date, days: int, hour: datetime) -> Mapping[str, tuple[int, int]]:
    return _left(organisation, until, days, Where(), hour)


def _asked(organisation: int, period: Period, where: Where, now: datetime) -> tuple[str, dict[str, Any]]:
    """The latest answers of customers in a period, as SQL and its parameters."""
    read = BY_CODE["nps_relationship"].reads[0]
    source = source_of(read, RELATIONS[read.relation].rows, (), where)
    return source, parameters(read, organisation, period, where, now)


def _counted(organisation: int, period: Period, where: Where, now: datetime, value: Value | None) -> dict[str, tuple[int, Sums]]:
    """Kind → (customers, (n, Σ, Σ²) of a year's spending of those who have any)."""
    source, values = _asked(organisation, period, where, now)
    year = {"currency": value.currency if value else "", "year_from": period.to_date - YEAR, "year_to": period.to_date}
    with connection.cursor() as cursor:
        cursor.execute(
            f"select side, count(*), count(spent), coalesce(sum(spent), 0), coalesce(sum(spent * spent), 0) from ({_WORTH.format(source=source)}) w group by 1",
            values | year,
        )
        return {row[0]: (int(row[1]), _open((int(row[2]), float(row[3]), float(row[4])))) for row in cursor.fetchall()}


def _open(spent: Sums) -> Sums:
    """Sums of a kind's spending; of one to four people they would be somebody's own, and count as unknown."""
    return spent if spent[0] >= HIDDEN_BELOW else (0, 0.0, 0.0)


def customers_of(kind: str, *, organisation: int, period: Period, where: Where, now: datetime, limit: int, offset: int = 0) -> list[tuple[Any, int, date, float | None]]:
    """The customers counted under a kind: key, score, day of the answer, spent in the year (minor units, None unknown)."""
    value = value_of(organisation=organisation, until=period.to_date, where=where)
    source, values = _asked(organisation, period, where, now)
    year = {"currency": value.currency if value else "", "year_from": period.to_date - YEAR, "year_to": period.to_date}
    page = {"side": kind, "limit": limit, "offset": offset}
    with connection.cursor() as cursor:
        cursor.execute(
            f"select customer_id, value, local_day, spent from ({_WORTH.format(source=source)}) w where side = %(side)s"
            " order by spent desc nulls last, customer_id limit %(limit)s offset %(offset)s",
            values | year | page,
        )
        return [(row[0], int(row[1]), row[2], row[3]) for row in cursor.fetchall()]


def _left(organisation: int, until: date, days: int, where: Where, now: datetime) -> dict[str, tuple[int, int]]:
    """Kind → (left, linked): customers who had met us and answered in the year whose window is over, and who had not come again by its end."""
    end = until - timedelta(days=days)
    source, values = _asked(organisation, Period(end - YEAR, end), where, now)
    kinds = list({*RETURNS, queries.organisation(organisation).complaint_exposure})
    with connection.cursor() as cursor:
        cursor.execute(_LEFT.format(source=source), values | {"kinds": kinds, "days": days})
        return {kind: (int(gone), int(linked)) for kind, linked, gone in cursor.fetchall()}


def _groups(counted: Mapping[str, tuple[int, Sums]], left: Mapping[str, tuple[int, int]], value: Value | None) -> list[Group]:
    worth = {kind: _worth(counted[kind], value) for kind in KINDS if kind in counted}
    stakes = statistics.stakes(worth, left)
    found = []
    for kind in worth:
        n, spent = counted[kind]
        gone, linked = left.get(kind, (0, 0))
        is_shown = not 1 <= linked < HIDDEN_BELOW
        retention = statistics.wilson(linked - gone, linked) if linked >= HIDDEN_BELOW else None
        mean = statistics.mean_estimate(*spent, low_clip=0)
        is_known = value is not None and (value.basis != "events" or spent[0] > 0)
        found.append(Group(kind, n, spent, mean, linked if is_shown else 0, gone if is_shown else 0, retention, worth[kind], stakes[kind], is_known))
    return found


def _worth(counted: tuple[int, Sums], value: Value | None) -> float:
    """Σ of the customers' own spending; where it is typed, so many times the figure."""
    if value is None:
        return 0.0
    return counted[1][1] if value.basis == "events" else counted[0] * value.each_minor


def _gaps(groups: list[Group]) -> list[Gap]:
    """Do promoters spend more and come back more often than detractors? Two tests, Holm over both."""
    by_kind = {group.kind: group for group in groups}
    high, low = by_kind.get("promoter"), by_kind.get("detractor")
    if high is None or low is None:
        return []
    spending = statistics.mean_gap(high.spent, low.spent), statistics.mean_difference(high.spent, low.spent), min(high.spent[0], low.spent[0])
    back = _returned(high), _returned(low)
    test = statistics.compare_shares(back[0][0], back[0][1], back[1][0], back[1][1])
    returning = _share_gap(high, low, test), test, min(high.n_linked, low.n_linked)
    known = [(name, gap, test.p, n) for name, (gap, test, n) in (("spending", spending), ("returning", returning))]
    tested = [p for _, _, p, n in known if p is not None and n >= MIN_EACH]
    adjusted = iter(statistics.holm(tested))
    found = []
    for name, gap, p, n in known:
        if p is None or n < MIN_EACH:
            found.append(Gap(name, gap, None, "unknown"))
            continue
        held = next(adjusted)
        found.append(Gap(name, gap, held, ("more" if (gap.value or 0) > 0 else "less") if held < LEVEL else "unseen"))
    return found


def _returned(group: Group) -> tuple[int, int]:
    return group.n_linked - group.n_left, group.n_linked


def _share_gap(high: Group, low: Group, test: Test) -> Estimate:
    """The difference of two shares with Newcombe's interval (1998, method 10: from the two Wilson intervals)."""
    a, b = high.retention, low.retention
    if a is None or b is None or test.difference is None or None in (a.value, a.low, a.high, b.value, b.low, b.high):
        return Estimate(None, None, None, high.n_linked + low.n_linked)
    x, y = (a.value or 0.0), (b.value or 0.0)
    down = ((x - (a.low or 0.0)) ** 2 + ((b.high or 0.0) - y) ** 2) ** 0.5
    up = (((a.high or 0.0) - x) ** 2 + (y - (b.low or 0.0)) ** 2) ** 0.5
    return Estimate(test.difference, test.difference - down, test.difference + up, high.n_linked + low.n_linked)


def _silence(
    organisation: int, period: Period, where: Where, now: datetime, assumed: MoneyAssumption, value: Value | None, groups: list[Group]
) -> Silence | None:
    """Complaints × (m − 1), m being our own from a hundred respondents with a problem; None while complaints are hidden."""
    place = Where(unit=where.unit, paths=where.paths)
    (point,) = series(organisation=organisation, metric="complaint_rate", period=period, where=place, now=now).points
    if point.suppressed or point.components is None or 1 <= point.components["complaints"] < HIDDEN_BELOW:
        return None
    n_complaints = int(point.components["complaints"])
    n, told = _problems(organisation, period, place, now)
    found = statistics.iceberg(n_complaints, n, told, float(assumed.multiplier))
    share = next((group.stake.share for group in groups if group.kind == "detractor"), statistics.unheard.RULE_OF_THUMB["detractor"])
    each = value.each_minor * share if value else None
    amounts = [None if each is None or hidden is None else each * hidden for hidden in (found.hidden, found.low, found.high)]
    return Silence(n_complaints, found, told, *amounts)


def _problems(organisation: int, period: Period, where: Where, now: datetime) -> tuple[int, int]:
    """Of the survey answers that are counted: how many met a problem, and how many of them had told us."""
    read = BY_CODE["volume"].reads[0]
    source = source_of(read, RELATIONS[read.relation].rows, (), where)
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), count(*) filter (where problem = 'told') from surveys_response"
            f" where organisation_id = %(org)s and problem in ('told', 'silent') and feedback in (select r.id {source})",
            parameters(read, organisation, period, where, now),
        )
        n, told = cursor.fetchone() or (0, 0)
        return int(n), int(told)


def stake_of_week(*, organisation: int, period: Period, where: Where, point: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """What of the week's detractors may be lost in a year: their number × a customer's value × P(leaves).

    P is our own where 200 detractors are linked, else the published half. None when nobody's worth is known or the week is hidden.
    """
    found = point["components"]
    value = value_of(organisation=organisation, until=period.to_date, where=where) if found and point["n"] else None
    if value is None:
        return None
    left = left_of(organisation=organisation, until=period.to_date, now=now)
    stake = statistics.stakes({"detractor": value.each_minor * found["detractors"]}, left)["detractor"]
    low, high = stake.low, stake.high
    if stake.basis == "assumed":
        share = statistics.wilson(found["detractors"], point["n"])
        low, high = (stake.share * value.each_minor * point["n"] * (bound or 0.0) for bound in (share.low, share.high))
    return {
        "currency": value.currency, "value_minor": round(stake.amount), "low_minor": round(low or 0.0), "high_minor": round(high or 0.0),
        "n_detractors": found["detractors"], "per_customer_minor": round(value.each_minor), "n_customers": value.n_customers,
        "n_own": statistics.unheard.LINKED_FROM, "basis": stake.basis, "share": stake.share, "n_linked": stake.n, "value_source": value.source,
    }  # fmt: skip
