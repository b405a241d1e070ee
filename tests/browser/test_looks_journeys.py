"""旅程: sound at both widths, light and dark; edited by keyboard."""

from datetime import timedelta

import pytest

from journeys import maps
from tests.browser import looks
from tests.metrics.voices import receive, voice


@pytest.fixture
def journey(shop, now, work):
    day = (now + timedelta(hours=8)).date() - timedelta(days=2)
    receive(shop, [voice(day, i % 11, text=f"店员很热情{i}", touchpoint="store_visit", hour=i % 20) for i in range(40)], now=now)
    receive(shop, [voice(day, 2, text=f"修了三次还是坏的{i}", touchpoint="repair_intake", hour=i % 20) for i in range(35)], now=now)
    work()
    with shop.scope():
        return maps.draw(
            "买机旅程", "换机族", token="t", owner=shop.members["cx_manager"], organisation=shop.id, now=now, actor_name="沈"
        )


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(journey, visit, width):
    page, base, found = visit("cx_manager", width=width), f"/journeys/{journey.id}/", []
    for name, url in (
        ("list", "/journeys/"), ("new", "/journeys/new/"), ("map", base), ("panel", f"{base}?at=repair_intake"),
        ("edit", f"{base}?edit=1"), ("versions", f"{base}versions/"),
    ):  # fmt: skip
        found += looks.findings(page, name, url, width=width)
        if width == 360:
            found += [f"{name}: {small}" for small in looks.small_targets(page)]
    assert found == []


def test_a_map_is_edited_by_keyboard_alone(shop, journey, visit):
    page = visit("cx_manager")
    page.goto(f"/journeys/{journey.id}/?edit=1")
    page.focus("#pain-0")
    page.keyboard.type("讲参数，不讲用途")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/journeys/{journey.id}/")
    assert page.locator("text=讲参数，不讲用途").count() == 1
