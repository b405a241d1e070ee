"""`/metrics`: the register, and the figures of one metric. Every number comes from `metrics.series`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import DATE, INSTANT, Operation, Parameter, choice, listed, obj, page, ref, text
from api.door import Endpoint
from api.problems import Problem, not_found
from api.shapes import instant
from cxms.lib.periods import Grain, Period, split
from feedback import topics
from metrics import grouping, queries, targets
from metrics import series as figures
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.grouping import GROUP
from metrics.series import Point, Series, Where
from metrics.targets import Book
from tenancy import groups as hierarchies
from tenancy import queries as tenancy
from tenancy.groups import UNGROUPED
from tenancy.hierarchies import LEVELS

GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year", "all")
DEFAULT_DAYS = 28
NPS = BY_CODE["nps"]
MAX_PERIODS = 1_500
MAX_POINTS = 50_000
MAX_DAYS = 366 * 200


def _refuse(field: str, code: str, detail: str) -> Problem:
    return Problem(422, code, detail, [{"field": field, "code": code, "detail": detail}])


class MetricList(Endpoint):
    """`GET /metrics`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation("Metrics", "The register of definitions", page(obj({"metric": text()}, additionalProperties=True)))
    }

    def get(self, request: Request) -> Response:
        """The register: what each metric means, exactly."""
        return Response({"results": [_definition(row) for row in queries.register()], "next": None})


class MetricOne(Endpoint):
    """`GET /metrics/{code}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "The figures of a metric",
            obj({"metric": text(), "definition": text(), "unit": text(), "as_of": INSTANT, "points": listed(ref("Point"))}),
            description="Days are of the organisation's zone, `to` is not included. Every point carries n and, where it has one, "
            "its 95 % interval; a point with 1 ≤ n < 5 is suppressed unless the key holds `metrics:raw`. `target` is what held on a "
            "point's last day for exactly this figure, `verdict` whether its whole interval lies on one side of it. `hierarchy` with "
            "`by=group` cuts by its groups, as stores belonged on each day; null is what belongs to none, so all points are the organisation.",
            query=(
                Parameter("from", "first day", DATE),
                Parameter("to", "the day after the last", DATE),
                Parameter("grain", "length of a point", choice(*GRAINS)),
                Parameter("by", "up to three dimensions, separated by commas", text()),
                *(
                    Parameter(name, f"only this {name}", text())
                    for name in ("unit", "staff", "channel", "touchpoint", "tier", "topic", "clause", "level")
                ),
                Parameter("hierarchy", "which hierarchy of groups, by code", text()),
                Parameter("group", "only this group and those below it; `~` for stores of no group", text()),
                Parameter("depth", "the level of groups to cut by, from 1; the lowest unless given", choice(*map(str, range(1, LEVELS + 1)))),
            ),
        )
    }

    def get(self, request: Request, code: str) -> Response:
        """The points of a metric; the last 28 days as one point unless asked otherwise."""
        definition = queries.definition(code)
        if definition is None:
            return not_found()
        period = period_of(request, organisation=self.organisation, now=self.now)
        grain = _grain(request, period)
        by, where = _by(request, definition), where_of(request, definition, organisation=self.organisation)
        where = _grouped(request, definition, by, where, organisation=self.organisation)
        if grain == "day" and ("staff" in by or where.staff):
            raise _refuse("grain", "never_by_day", "a person is never shown by day: take weeks")
        found = figures.series(
            organisation=self.organisation,
            metric=code,
            period=period,
            grain=grain,
            by=by,
            where=where,
            now=self.now,
            raw=self.may("metrics:raw"),
        )
        if len(found.points) > MAX_POINTS:
            raise _refuse("grain", "too_many_points", f"more than {MAX_POINTS} points: take a coarser grain")
        book = targets.book([code], organisation=self.organisation)
        return Response(_series(found, book, where))


def period_of(request: Request, *, organisation: int, now: datetime) -> Period:
    """The days a request asks for; the last 28 unless it says. At least a week of a person, however long a point is."""
    zone = tenancy.organisation(organisation).timezone
    tomorrow = tenancy.local_today(now, zone) + timedelta(days=1)
    from_date, to_date = _date(request, "from"), _date(request, "to")
    to_date = to_date or max(tomorrow, (from_date or date.min) + timedelta(days=1))
    from_date = from_date or to_date - timedelta(days=DEFAULT_DAYS)
    if to_date <= from_date:
        raise _refuse("to", "empty_period", "to comes after from")
    if (to_date - from_date).days > MAX_DAYS:
        raise _refuse("from", "period_too_long", f"at most {MAX_DAYS} days")
    if (to_date - from_date).days < 7 and _names_people(request):
        raise _refuse("to", "never_by_day", "a person is never shown by day: take weeks")
    return Period(from_date, to_date)


def _names_people(request: Request) -> bool:
    return bool(request.query_params.get("staff")) or "staff" in ",".join(request.query_params.getlist("by"))


def where_of(request: Request, definition: Definition, *, organisation: int) -> Where:
    """The filters a request asks for, each known to the organisation."""
    given = {
        name: request.query_params.get(name, "") for name in (*definition.dimensions,) if name != "clause"
    }
    clause = request.query_params.get("clause", "") if "clause" in definition.dimensions else ""
    codes = tenancy.codes(
        organisation=organisation,
        units={given.get("unit", "")} - {""},
        staff={given.get("staff", "")} - {""},
        touchpoints={given.get("touchpoint", "")} - {""},
    )
    known: dict[str, Callable[[str], bool]] = {
        "unit": codes.units.__contains__,
        "staff": codes.staff.__contains__,
        "touchpoint": codes.touchpoints.__contains__,
        "channel": queries.CHANNELS.__contains__,
        "topic": lambda code: code in queries.TOPICS or code in topics.all_names(organisation=organisation),
    }
    for name, is_known in known.items():
        if given.get(name) and not is_known(given[name]):
            raise _refuse(name, f"unknown_{name}", f"{name} {given[name][:64]!r} is not known")
    return Where(paths=(), clause=clause, **given)


def _grouped(request: Request, definition: Definition, by: tuple[str, ...], where: Where, *, organisation: int) -> Where:
    """The filters with the groups of a hierarchy, where a request asks for them."""
    given = {name: request.query_params.get(name, "") for name in ("hierarchy", "group", "depth")}
    if not given["hierarchy"]:
        if given["group"] or GROUP in by:
            raise _refuse("hierarchy", "no_hierarchy", "groups are those of a hierarchy: name it")
        return where
    if not grouping.cuts(definition):
        raise _refuse("hierarchy", "not_additive", f"{definition.code} does not add up over groups")
    if hierarchies.by_code(given["hierarchy"], organisation=organisation) is None:
        raise _refuse("hierarchy", "unknown_hierarchy", f"hierarchy {given['hierarchy'][:64]!r} is not known")
    known = {UNGROUPED, *(row.code for row in hierarchies.groups(given["hierarchy"], organisation=organisation))}
    if given["group"] and given["group"] not in known:
        raise _refuse("group", "unknown_group", f"group {given['group'][:64]!r} is not known")
    if given["depth"] and given["depth"] not in map(str, range(1, LEVELS + 1)):
        raise _refuse("depth", "unknown_depth", f"depth is 1 to {LEVELS}")
    if (given["group"] or GROUP in by) and (where.unit or by not in {(), (GROUP,), ("unit",)}):
        raise _refuse("by", "groups_alone", "groups stand by themselves: no unit, no other dimension")
    return replace(where, hierarchy=given["hierarchy"], group=given["group"], depth=given["depth"])


def _date(request: Request, name: str) -> date | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise _refuse(name, "bad_date", f"{name} is a date, YYYY-MM-DD") from error
    if not 1970 <= found.year <= 9000:
        raise _refuse(name, "bad_date", f"{name} is out of range")
    return found


def _grain(request: Request, period: Period) -> Grain:
    asked = request.query_params.get("grain", "") or "all"
    for grain in GRAINS:
        if grain == asked:
            if len(split(period.from_date, period.to_date, grain)) > MAX_PERIODS:
                raise _refuse("grain", "too_many_points", f"more than {MAX_PERIODS} periods: take a coarser grain")
            return grain
    raise _refuse("grain", "unknown_grain", f"grain is one of {', '.join(GRAINS)}")


def _by(request: Request, definition: Definition) -> tuple[str, ...]:
    asked = [name.strip() for text in request.query_params.getlist("by") for name in text.split(",")]
    names = tuple(dict.fromkeys(name for name in asked if name))
    for name in names:
        if name not in definition.dimensions and not (name == GROUP and grouping.cuts(definition)):
            raise _refuse("by", "unknown_dimension", f"by is one of {', '.join(definition.dimensions)}")
    if len(names) > 3:
        raise _refuse("by", "too_many_dimensions", "at most three dimensions")
    return names


def _definition(row: Definition) -> dict[str, Any]:
    words = {name: str(getattr(row, name)) for name in ("formula", "numerator", "denominator", "exclusions")}
    return {
        "metric": row.code,
        "label": str(row.label),
        "definition": row.name,
        "version": row.version,
        "unit": row.unit,
        "direction": row.direction,
        "decimals": row.decimals,
        **words,
        "source": row.source,
        "dimensions": list(row.dimensions),
    }


def _series(found: Series, book: Book, where: Where) -> dict[str, Any]:
    return {
        "metric": found.metric,
        "definition": found.definition.name,
        "unit": found.unit,
        "as_of": instant(found.as_of),
        "points": [_point(point) | _aim(found.definition, point, book, where) | _flags(found.definition, point) for point in found.points],
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "from": point.from_date.isoformat(),
        "to": point.to_date.isoformat(),
        "by": point.by,
        "value": point.value,
        "n": point.n,
        "low": point.low,
        "high": point.high,
        "suppressed": point.suppressed,
        "components": point.components,
    }


def _aim(definition: Definition, point: Point, book: Book, where: Where) -> dict[str, Any]:
    """The target of a point and what its interval says of it; a cut by several dimensions has none."""
    cell: dict[str, Any] = {}
    for name, code in point.by.items():
        cell |= {"unit": code or ""} if name == "unit" else {"cell": (name, code or "")}
    target = None if len(point.by) > 1 or None in point.by.values() else book.of(definition.code, point, where, **cell)
    return {"target": None if target is None else float(target.value), "verdict": targets.verdict(definition, point, target)}


def _flags(definition: Definition, point: Point) -> dict[str, Any]:
    """What a reader must know of the value, of the metrics that tell it."""
    return {} if definition.is_unstable is None else {"unstable": definition.unstable(point.components)}
