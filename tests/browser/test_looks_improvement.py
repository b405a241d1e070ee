"""行动 and 例会: sound at both widths, light and dark."""

from datetime import timedelta

import pytest

from improvement import actions
from improvement.actions import Plan
from tests.browser import looks
from tests.metrics.voices import mix, receive


@pytest.fixture
def action(shop, now, work):
    today = (now + timedelta(hours=8)).date()
    receive(shop, mix(today - timedelta(days=35), 20, 20, 60) + mix(today - timedelta(days=3), 70, 20, 10), now=now)
    with shop.scope():
        for i, due in enumerate((0, 9)):
            plan = Plan(
                title="先打电话再报价", metric="nps", owner=shop.members["cx_manager"], unit=shop.units["HQ"],
                start_date=today - timedelta(days=30), due_date=today + timedelta(days=due), n_days=14, target=30.0,
            )  # fmt: skip
            row = actions.plan(plan, token=f"t{i}", organisation=shop.id, now=now, actor="x")
    work()
    return row


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(shop, action, complain, visit, width):
    complain()
    page = visit("cx_manager", width=width)
    with shop.scope():
        first = actions.Action.objects.order_by("due_date").first()
    found = []
    for name, url in (
        ("board", "/actions/"), ("new", "/actions/new/?metric=nps"), ("checked", f"/actions/{first.id}/"),
        ("open", f"/actions/{action.id}/"), ("huddle", "/huddle/"),
    ):  # fmt: skip
        found += looks.findings(page, name, url, width=width)
        if width == 360:
            found += [f"{name}: {small}" for small in looks.small_targets(page)]
    assert found == []
