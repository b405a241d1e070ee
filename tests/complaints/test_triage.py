"""Is this voice a complaint that we owe a promise? The table of cases of the shipped rules, and the guards above any."""

from datetime import UTC, datetime, timedelta

import pytest

from complaints import case_rules
from complaints.case_rules import Voice, judge
from complaints.case_rules_kept import ready

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CASES = [
    ("complaint", 1, False, "phone", 0, (True, "normal", "complaint")),
    ("complaint", 0, False, "app", 0, (True, "low", "complaint")),
    ("complaint", 2, False, "app", 0, (True, "high", "complaint")),
    ("praise", 0, False, "app", 0, (False, "low", "not_a_complaint")),
    ("complaint", 1, False, "review", 0, (False, "normal", "not_addressed_to_us")),
    ("complaint", 2, False, "survey", 0, (True, "high", "urgent")),
    ("enquiry", 3, True, "social", 0, (True, "critical", "red_line")),
    ("complaint", 3, True, "phone", 8, (False, "low", "history")),
    ("complaint", 1, False, "phone", 7, (True, "normal", "complaint")),
]
SHIPPED = ready(case_rules.defaults())
DETRACTOR = Voice(channel="survey", scores=(("nps", 3.0),), has_text=True, text="等了一个小時")


@pytest.mark.parametrize(("kind", "urgency", "red_line", "channel", "days", "expected"), CASES)
def test_judgements(kind, urgency, red_line, channel, days, expected):
    is_history = case_rules.is_history(NOW - timedelta(days=days), NOW)
    voice = Voice(kind=kind, urgency=urgency, red_line=red_line, channel=channel, is_history=is_history)
    found = judge(voice, SHIPPED)
    assert (found.opens, found.severity, found.reason) == expected


def rule(match, code="r", is_on=True, **then):
    base = {"open": True, "severity": "auto", "unit": "", "owner": "", "policy": "", "reason": ""}
    return {"code": code, "name": "", "is_on": is_on, "match": match, "then": base | then}


def test_a_detractor_with_words_and_who_asks_to_be_called():
    assert judge(DETRACTOR, SHIPPED).rule == "detractor"
    assert judge(DETRACTOR, SHIPPED).severity == "normal"
    assert not judge(Voice(channel="survey", scores=(("nps", 3.0),)), SHIPPED).opens
    assert not judge(Voice(channel="survey", scores=(("nps", 7.0),), has_text=True), SHIPPED).opens
    assert judge(Voice(channel="survey", scores=(("nps", 10.0),), contact=True), SHIPPED).severity == "low"


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ({}, True), ({"words": ["一个小时"]}, True), ({"words": ["一個小時"]}, True), ({"words": ["两个小时"]}, False),
        ({"score": {"kind": "nps", "at_most": 3}}, True), ({"score": {"kind": "nps", "at_most": 2.5}}, False),
        ({"score": {"kind": "nps", "at_least": 3, "at_most": 3}}, True), ({"score": {"kind": "csat", "at_most": 3}}, False),
        ({"tier": ["A"], "unit": ["EAST"]}, True), ({"tier": ["A"], "unit": ["EAS"]}, False), ({"topic": ["price", "hygiene"]}, True),
        ({"touchpoint": ["payment"]}, False), ({"sentiment": ["negative"]}, True), ({"urgency": 2}, False), ({"red_line": True}, False),
    ],
)  # fmt: skip
def test_conditions(match, holds):
    voice = Voice(
        channel="survey", scores=(("nps", 3.0),), has_text=True, text="等了一個小時，换了两次", tier="A", unit_path="/HQ/EAST/S001/",
        topics=("hygiene",), sentiment="negative",
    )  # fmt: skip
    assert judge(voice, ready([rule(match)])).opens is holds


def test_the_first_rule_decides_and_a_red_line_stands_above_all():
    never = rule({}, "never", open=False, reason="试验")
    found = judge(DETRACTOR, ready([never, *case_rules.defaults()]))
    assert (found.opens, found.reason, found.rule) == (False, "rule", "never")
    assert judge(DETRACTOR, ready([rule({}, is_on=False)])).opens is False
    red = Voice(channel="review", red_line=True)
    for rules in ([], [never], [rule({}, severity="low")]):
        found = judge(red, ready(rules))
        assert (found.opens, found.severity, found.reason) == (True, "critical", "red_line")
    assert judge(Voice(channel="app", kind="complaint", is_excluded=True), SHIPPED).reason == "excluded"
