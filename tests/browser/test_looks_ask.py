"""The pages of surveys: no axe finding, no sideways scrolling, nothing in the console, light and dark, desk and phone;
and the whole story in a browser, from a template to a figure."""

import re

import pytest

from ledger import runner
from tests.browser import looks
from tests.surveys.conftest import happen as happen
from tests.surveys.conftest import invited as invited
from tests.surveys.conftest import link_of as link_of
from tests.surveys.conftest import person
from tests.surveys.conftest import publish as publish
from tests.surveys.conftest import work as work
from tests.surveys.test_mailing import post as post
from tests.surveys.test_mailing import tell


@pytest.fixture
def addresses(shop, publish, happen, invited, link_of, client):
    """Each page's reader and address, with something on it."""
    row = publish()
    _, token = invited(1)
    _, answered = invited(2)
    _, tapped = invited(3)
    client.post(f"/s/{answered}/", {"score": "9", "done": "1"})
    client.post(f"/s/{tapped}/", {"score": "2"})
    happen("o9")
    link, page = link_of(row), link_of(None)
    runner.beat("clockwork")
    one = f"/surveys/{row.id}/"
    return {
        "list": ("cx_manager", "/surveys/"),
        "new": ("cx_manager", "/surveys/new/"),
        "form": ("cx_manager", "/surveys/new/?template=order"),
        "edit": ("cx_manager", f"{one}edit/"),
        "overview": ("cx_manager", one),
        "log": ("cx_manager", f"{one}?tab=log"),
        "links": ("cx_manager", f"{one}?tab=links"),
        "versions": ("cx_manager", f"{one}?tab=versions"),
        "pages": ("cx_manager", "/surveys/pages/"),
        "poster": ("cx_manager", f"/survey-links/{link.id}/poster/"),
        "start": ("", f"/s/{token}/"),
        "marked": ("", f"/s/{token}/?score=8"),
        "tapped": ("", f"/s/{tapped}/"),
        "thanks": ("", f"/s/{answered}/"),
        "leave": ("", f"/s/{token}/unsubscribe/"),
        "store": ("", f"/f/{page.token}/"),
        "gone": ("", "/s/nothing/"),
    }


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(addresses, visit, width):
    found = []
    pages = {role: visit(role, width=width) for role in {role for role, _ in addresses.values()}}
    for name, (role, url) in addresses.items():
        found += looks.findings(pages[role], name, url, width=width)
    assert found == []


@pytest.mark.parametrize("name", ["list", "new", "form", "overview", "log", "links", "pages", "start", "tapped", "thanks", "leave", "store"])
def test_fingers_find_their_targets_on_a_phone(addresses, visit, name):
    role, url = addresses[name]
    page = visit(role, width=360)
    page.goto(url)
    if name != "links":
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert looks.small_targets(page) == []


def test_from_a_template_to_a_figure(shop, visit, post, work, site, settings):
    settings.SITE_URL = site
    manager = visit()
    manager.goto("/surveys/")
    manager.click("text=新问卷")
    manager.click("text=购后推荐")
    manager.wait_for_selector("text=这 30 天没有这种事件")
    manager.fill("[name=delay_minutes]", "0")
    with manager.expect_response(re.compile("/surveys/preview/")):
        manager.fill("[name='question.en']", "Would you tell a friend about us?")
    manager.click(".sv-show >> text=EN")
    manager.wait_for_selector(".legend1 >> text=Would you tell a friend about us?")
    manager.click("text=发布，开始问")
    manager.wait_for_selector("text=已发布")
    tell(shop)
    work()
    ((_, letter),) = post.letters
    link = re.search(r"(http\S+/s/\S+?/\?score=9)\s", letter.get_body(("plain",)).get_content()).group(1)
    customer = visit("", width=360)
    customer.goto(link)
    customer.click("text=就是 9 分，送出")
    customer.wait_for_selector("text=已收到 9 分")
    customer.click(".chips >> text=态度好")
    customer.fill("#text", "店员一次就讲清楚了")
    customer.click("text='送出'")
    customer.wait_for_selector("text=谢谢您，9 分已收到")
    work()
    points = shop.api("metrics:read", "metrics:raw").get("/api/v1/metrics/nps?raw=1").json()["points"]
    assert [(point["n"], point["value"]) for point in points if point["n"]] == [(1, 100)]
    manager.reload()
    assert re.sub(r"\s+", " ", manager.inner_text(".sv-funnel")) == "事件 1 已邀请 1 已送达 1 打开过 1 已回答 1"


def test_a_poster_prints_on_one_sheet(addresses, visit):
    import io

    from pypdf import PdfReader

    page = visit()
    page.goto(addresses["poster"][1])
    pdf = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
    (sheet,) = pdf.pages
    assert (round(sheet.mediabox.width), round(sheet.mediabox.height)) == (595, 842)
    assert "杭州西溪店" in sheet.extract_text()
    assert "打印" not in sheet.extract_text()


def test_a_code_can_be_taken_back_by_keyboard(addresses, visit, shop):
    page, customer = visit(), visit("")
    assert customer.goto(addresses["store"][1]).status == 200
    page.goto(addresses["pages"][1])
    page.focus(".sv-more summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=链接已停用")
    assert customer.goto(addresses["store"][1]).status in (404, 410)


def test_people_of_the_log_are_masked(addresses, visit):
    page = visit()
    page.goto(addresses["log"][1])
    assert "客1" not in page.inner_text("main")
    assert person(1).email not in page.inner_text("main")
