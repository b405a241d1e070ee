"""Is this voice a complaint that we owe a promise? The table of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from complaints.triage import Judgement, judge

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CASES = [
    ("complaint", 1, False, "phone", 0, Judgement(True, "normal", "complaint")),
    ("complaint", 0, False, "app", 0, Judgement(True, "low", "complaint")),
    ("complaint", 2, False, "app", 0, Judgement(True, "high", "complaint")),
    ("praise", 0, False, "app", 0, Judgement(False, "low", "not_a_complaint")),
    ("complaint", 1, False, "review", 0, Judgement(False, "normal", "not_addressed_to_us")),
    ("complaint", 2, False, "survey", 0, Judgement(True, "high", "urgent")),
    ("enquiry", 3, True, "social", 0, Judgement(True, "critical", "red_line")),
    ("complaint", 3, True, "phone", 8, Judgement(False, "low", "history")),
    ("complaint", 1, False, "phone", 7, Judgement(True, "normal", "complaint")),
]


@pytest.mark.parametrize(("kind", "urgency", "red_line", "channel", "days", "expected"), CASES)
def test_judgements(kind, urgency, red_line, channel, days, expected):
    found = judge(
        kind=kind,
        urgency=urgency,
        red_line=red_line,
        channel=channel,
        occurred_at=NOW - timedelta(days=days),
        judged_at=NOW,
    )
    assert found == expected
