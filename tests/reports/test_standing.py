"""Tiers of any metric with a test follow the rule of the NPS tiers, and growth is compared with one's own past."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import statistics
from metrics.definitions.table import BY_CODE
from reports.standing import tiers

GROUPS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200), st.integers(0, 400)), min_size=0, max_size=9)


@settings(max_examples=60)
@given(GROUPS)
def test_for_nps_they_are_the_tiers_of_the_statistics(groups):
    named = [(f"S{i:02}", *counts) for i, counts in enumerate(groups) if sum(counts)]
    definition = BY_CODE["nps"]
    cells = []
    for code, p, q, d in named:
        found = {"promoters": p, "passives": q, "detractors": d}
        cells.append((code, definition.estimate(found).value, found))
    assert tiers(definition, cells) == statistics.tiers(named)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        # complaints of 1,000 visits: fewer is better, so the quiet store leads
        ([("A", 90, 1000), ("B", 10, 1000), ("C", 12, 1000)], [["B", "C"], ["A"]]),
        ([("A", 10, 1000), ("B", 10, 1000)], [["A", "B"]]),
        ([("A", 1, 1000)], [["A"]]),
        ([], []),
    ],
)
def test_where_less_is_better_the_least_leads(rates, expected):
    definition = BY_CODE["complaint_rate"]
    cells = [(code, c / e, {"complaints": c, "exposures": e}) for code, c, e in rates]
    assert tiers(definition, cells) == expected
