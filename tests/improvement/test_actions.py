"""Actions: a baseline that is read, a verdict that cannot be chosen, a circle that cannot be short-cut."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from improvement import actions, huddles, queries
from improvement.actions import ActionError, Plan, StaleAction
from improvement.enums import State, Verdict
from improvement.models import Action
from metrics.series import Where, series
from tests.metrics.voices import mix, receive


@pytest.fixture
def today(now):
    return (now + timedelta(hours=8)).date()


def plan(shop, today, now, *, began=30, due=0, unit="HQ", token="t1", **more):
    found = Plan(
        title="先打电话再报价", metric="nps", owner=shop.members["cx_manager"], unit=shop.units[unit],
        start_date=today - timedelta(days=began), due_date=today + timedelta(days=due), n_days=14, **more,
    )  # fmt: skip
    return actions.plan(found, token=token, organisation=shop.id, now=now, actor="user:x", actor_name="沈")


def test_the_baseline_is_the_series_figure_and_stays(shop, today, now):
    receive(shop, mix(today - timedelta(days=35), 30, 10, 20), now=now)
    with shop.scope():
        row = plan(shop, today, now)
        (point,) = series(
            organisation=shop.id, metric="nps", period=actions.before_of(row), where=Where(), now=now
        ).points
        assert row.baseline["value"] == point.value
        assert (row.baseline["n"], row.baseline["low"]) == (60, point.low)
        assert plan(shop, today, now).id == row.id
        assert Action.objects.count() == 1
    receive(shop, mix(today - timedelta(days=35), 0, 0, 9), now=now)
    with shop.scope():
        assert Action.objects.get().baseline["n"] == 60


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((20, 20, 60), (70, 20, 10), Verdict.EFFECTIVE),
        ((40, 20, 40), (42, 20, 38), Verdict.NOT_EFFECTIVE),
        ((70, 20, 10), (20, 20, 60), Verdict.NOT_EFFECTIVE),
        ((20, 20, 60), (20, 5, 4), Verdict.INSUFFICIENT),
        ((20, 20, 60), (3, 0, 0), Verdict.INSUFFICIENT),
    ],
)
def test_the_figures_judge_on_the_due_date(shop, today, now, work, before, after, verdict):
    receive(shop, mix(today - timedelta(days=35), *before) + mix(today - timedelta(days=3), *after), now=now)
    with shop.scope():
        plan(shop, today, now, target=10.0)
    assert shop.id in actions.due_organisations()
    work()
    with shop.scope():
        row = Action.objects.get()
        assert (row.verdict, row.state, row.checked_at is not None) == (verdict, State.CHECK, True)
        assert row.check_result["after"]["to"] == today.isoformat()
        if verdict == Verdict.EFFECTIVE:
            assert row.check_result["change"]["p"] < 0.05
            assert row.check_result["reached"] is True
    assert shop.id not in actions.due_organisations()


def test_what_is_not_due_is_not_checked(shop, today, now, work):
    with shop.scope():
        plan(shop, today, now, began=10, due=1)
    assert shop.id not in actions.due_organisations()
    work()
    with shop.scope():
        assert Action.objects.get().verdict == ""


def test_only_the_figures_make_an_action_effective(shop, today, now, work):
    receive(shop, mix(today - timedelta(days=35), 40, 20, 40) + mix(today - timedelta(days=3), 42, 20, 38), now=now)
    who = {"organisation": shop.id, "now": now, "actor": "user:x"}
    with shop.scope():
        row = plan(shop, today, now)
        for state in (State.CHECK, State.ACT):
            with pytest.raises(ActionError):
                actions.move(row.id, state, version=row.version, **who)
        row = actions.move(row.id, State.DO, version=row.version, **who)
        with pytest.raises(StaleAction):
            actions.move(row.id, State.PLAN, version=1, **who)
    work()
    who["now"] = now + timedelta(days=1)
    with shop.scope():
        row = Action.objects.get()
        with pytest.raises(ActionError, match="没有显示有效"):
            actions.learn(row.id, "standardise", "写进手册", version=row.version, **who)
        with pytest.raises(ActionError, match="学到了什么"):
            actions.learn(row.id, "adjust", " ", version=row.version, **who)
        row = actions.learn(row.id, "adjust", "改成短信", version=row.version, **who)
        row = actions.move(row.id, State.CLOSED, version=row.version, **who)
        assert [note.kind for note in queries.notes(row)] == ["planned", "moved", "checked", "moved", "moved"]
        with pytest.raises(IntegrityError), transaction.atomic():
            Action.objects.filter(id=row.id).update(verdict="")


def test_bad_plans_are_refused_by_field(shop, today, now):
    owner, unit = shop.members["cx_manager"], shop.units["HQ"]
    good = {"title": "标题", "metric": "nps", "owner": owner, "unit": unit, "start_date": today, "due_date": today + timedelta(days=9)}
    for change, field in (
        ({"title": "x"}, "title"), ({"metric": "magic"}, "metric"), ({"due_date": today}, "due_date"),
        ({"n_days": 3}, "n_days"), ({"where": {"clause": "solution"}}, "clause"),
    ):  # fmt: skip
        with shop.scope(), pytest.raises(ActionError) as error:
            actions.plan(Plan(**(good | change)), token=field, organisation=shop.id, now=now, actor="x")
        assert error.value.field == field
    with shop.scope():
        assert Action.objects.count() == 0


def test_verdict_and_target_are_pure():
    assert actions.verdict("better", 29, 1000) == Verdict.INSUFFICIENT
    assert actions.verdict("better", None, 1000) == Verdict.INSUFFICIENT
    assert actions.verdict("better", 30, 30) == Verdict.EFFECTIVE
    assert actions.verdict("worse", 30, 30) == actions.verdict("unclear", 30, 30) == Verdict.NOT_EFFECTIVE
    assert actions.reached(1, 10, 10.0) is True
    assert actions.reached(-1, 10, 10.1) is False
    assert actions.reached(1, None, 3) is actions.reached(1, 3, None) is None


def test_huddles_are_one_a_day_and_days_in_a_row_are_counted(shop, now):
    member, day = shop.members["store_manager"], date(2026, 11, 20)
    with shop.scope():
        unit = shop.units["S001"]
        for back in (0, 1, 2, 4):
            huddles.begin(unit, day - timedelta(days=back), member=member, organisation=shop.id, now=now)
        row = huddles.begin(unit, day, member=member, organisation=shop.id, now=now)
        huddles.decide(row, "明早电话回访", token="k", organisation=shop.id, now=now, actor_name="店长")
        huddles.decide(row, "明早电话回访", token="k", organisation=shop.id, now=now, actor_name="店长")
        assert [d.text for d in queries.decisions(row)] == ["明早电话回访"]
        assert queries.streak(unit, day, organisation=shop.id) == 3
        assert queries.streak(unit, day + timedelta(days=1), organisation=shop.id) == 3
        assert queries.streak(unit, day + timedelta(days=2), organisation=shop.id) == 0
        with pytest.raises(huddles.HuddleError):
            huddles.end(row, 0, now=now)
        assert huddles.end(row, 7, now=now).n_present == 7
        assert queries.last_decisions(unit, day + timedelta(days=1), organisation=shop.id)[1][0].text == "明早电话回访"
