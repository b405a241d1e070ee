"""Days of a query string, for figures of complaints."""

from datetime import date

from rest_framework.request import Request

from api.problems import Problem

MOST_DAYS = 800


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
