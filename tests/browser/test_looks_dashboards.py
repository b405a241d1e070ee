"""Dashboards: sound at both widths, changed by keyboard, a figure taken away as a picture, a failed widget asked again."""

import uuid
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from reports import annotations, saved_dashboards
from reports.models import Dashboard
from reports.widgets import KINDS, made
from tests.browser import looks
from tests.metrics.voices import mix, receive, voice
from tests.web.test_voices import last_week


@pytest.fixture
def board(shop, now, work, complain):
    week = last_week(now)
    answers = mix(week, 60, 30, 24) + mix(week, 30, 10, 30, unit="S002") + mix(week, 3, 0, 0, unit="S003")
    for n in range(1, 9):
        answers += mix(week - timedelta(weeks=n), 30 + n, 12, 20 - n)
    answers += [voice(week, 2, text="收银等了半小时，没人理", touchpoint="payment") for _ in range(9)]
    receive(shop, answers, now=now)
    complain(severity="high")
    work()
    rows = [made(code, *(["nps", "csat", "complaint_rate"] if kind.most_metrics > 1 else ["nps"] if kind.most_metrics else []), **({"text": "早会看这里"} if code == "note" else {}))
            for code, kind in KINDS.items()]  # fmt: skip
    with shop.scope():
        seat = shop.seat()
        annotations.add(
            uuid.uuid4(), shop.units["HQ"], week, "双十一大促", seat.member, organisation=shop.id, now=now, actor="t"
        )
        row = saved_dashboards.add(uuid.uuid4(), "总览", rows, seat, organisation=shop.id, now=now, actor="t")
        return saved_dashboards.describe(row, row.name, ["all"], version=1, now=now, actor="t")


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(shop, board, visit, width):
    page = visit("cx_manager", width=width)
    url = f"/dashboards/{board.id}/"
    table = next(one["id"] for one in board.widgets if one["kind"] == "table")
    found = looks.findings(page, "list", "/dashboards/", width=width)
    found += looks.findings(page, "page", url, width=width)
    found += looks.findings(page, "edit", f"{url}edit/", width=width)
    found += looks.findings(page, "form", f"{url}widgets/{table}/edit/", width=width)
    if width > 500:
        found += looks.findings(page, "wall", f"{url}wall/", width=width)
    else:
        page.goto(f"{url}edit/")
        assert looks.small_targets(page) == []
    assert found == []


def test_made_by_keyboard_and_undone(shop, visit):
    page = visit("store_manager")
    page.goto("/dashboards/")
    page.get_by_label("空白看板").focus()
    page.keyboard.insert_text("我的早会")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/")
    page.locator(".dx-kinds a", has_text="数字").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="加上去").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".dx-editing section")).to_have_count(1)
    page.get_by_role("button", name="宽些").press("Enter")
    expect(page.locator(".dx-editing .dx-w4")).to_have_count(1)
    page.get_by_role("button", name="撤销一步").press("Enter")
    expect(page.locator(".dx-editing .dx-w3")).to_have_count(1)
    with shop.scope():
        kept = Dashboard.objects.get(name="我的早会")
    assert [(widget["kind"], widget["width"]) for widget in kept.widgets] == [("number", 3)]


def test_a_figure_goes_away_as_svg_and_png(board, visit):
    page = visit("cx_manager")
    page.goto(f"/dashboards/{board.id}/")
    section = page.locator(".dx-k-trend")
    expect(section.locator(".dx-body svg").first).to_be_visible()
    for name, magic in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        section.locator(".dx-menu summary").click()
        with page.expect_download() as taken:
            section.get_by_role("button", name=name).click()
        assert taken.value.path().read_bytes().startswith(magic)
        page.keyboard.press("Escape")


def test_a_widget_that_did_not_come_is_asked_again(board, visit):
    page = visit("cx_manager")
    one = next(one["id"] for one in board.widgets if one["kind"] == "number")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if f"/widgets/{one}/" in request.url else None)
    page.route(f"**/widgets/{one}/**", lambda route: route.abort())
    page.goto(f"/dashboards/{board.id}/")
    button = page.locator(f"#w-{one}").get_by_role("button", name="这一块没有取到，点按再试")
    expect(button).to_be_visible()
    expect(page.locator(".dx-k-trend .dx-body svg").first).to_be_visible()
    page.unroute(f"**/widgets/{one}/**")
    button.click()
    expect(page.locator(f"#w-{one} .vx-value")).to_be_visible()
    assert len(asked) == 2, "once when it opened, once when it was pressed"
