"""The widget of why customers leave: complaints on the two axes, the same figures and rows as on their own page."""

from typing import Any

from complaints.enums import LeftWith
from complaints.received import Asked as Received
from reports import leaving
from reports.leaving import Table
from reports.widget_figures import Asked
from web.leaving import page_url, table_of

COLUMNS = ("unmet", "left_with", "n", "total", "share", "low", "high")


def table(asked: Asked, paths: tuple[str, ...]) -> tuple[Table, dict[str, Any], str]:
    """The complaints of the widget's weeks and the running one, what its template needs, and the page behind. paths: empty for all."""
    days = Received(asked.running.from_date, asked.running.to_date, asked.where.unit, paths)
    found = leaving.leaving(days, organisation=asked.organisation, now=asked.now).complaints
    shown = table_of(found, days)
    context = {"table": found, "lines": shown["lines"], "states": shown["states"], "lefts": [*LeftWith.labels, shown["whole"]]}
    return found, context, page_url(days)


def rows(found: Table) -> list[list[Any]]:
    """Its cells and margins as they are exported."""
    made = []
    for cell in found.cells:
        share = cell.share
        numbers = [share.value, share.low, share.high] if share else [None, None, None]
        made.append([cell.unmet, cell.left_with, cell.n, found.n, *numbers])
    return made
