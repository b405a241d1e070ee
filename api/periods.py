"""Days of a query string, for figures of complaints."""

from datetime import date, datetime, timedelta

from rest_framework.request import Request

from api.contract import DATE, Parameter, text
from api.problems import Problem
from complaints.received import Asked
from tenancy import queries, trees

MOST_DAYS = 800
DEFAULT_DAYS = 28
ASKED = (
    Parameter("from", "first day received", DATE),
    Parameter("to", "the day after the last", DATE),
    Parameter("unit", "where it happened; covers the subtree", text()),
)


def day(request: Request, name: str) -> date | None:
    """The ISO date a parameter names, or None when it is absent. A wrong one is a 422 that names it."""
    value = request.query_params.get(name, "")
    if not value:
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError as error:
        raise Problem(422, "bad_date", "an ISO date", [{"field": name, "code": "bad_date"}]) from error
    if not 1990 <= found.year <= 2100:
        raise Problem(422, "bad_date", "an ISO date between 1990 and 2100", [{"field": name, "code": "bad_date"}])
    return found


def asked(request: Request, *, organisation: int, now: datetime) -> Asked:
    """The complaints that `ASKED` names: those of the last 28 days unless said otherwise. 422 for a bad period or unit."""
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    to_date = day(request, "to") or today + timedelta(days=1)
    from_date = day(request, "from") or to_date - timedelta(days=DEFAULT_DAYS)
    if not timedelta(0) < to_date - from_date <= timedelta(days=MOST_DAYS):
        raise Problem(422, "bad_period", "from must lie before to, at most 800 days", [{"field": "from", "code": "bad_period"}])
    unit = request.query_params.get("unit", "").replace("\x00", "")[:64]
    if unit and trees.by_code(unit, organisation=organisation) is None:
        raise Problem(422, "unknown_unit", "no such unit", [{"field": "unit", "code": "unknown_unit"}])
    return Asked(from_date, to_date, unit)
