"""旅程 on the pages: drawn, edited, compared; a stranger finds nothing, nothing typed is lost."""

import re
from datetime import timedelta

import pytest

from journeys.models import JourneyMap, MapVersion
from tests.metrics.voices import receive, voice


@pytest.fixture
def journey(shop):
    shop.page().post("/journeys/new/", {"name": "买机旅程", "persona": "换机族", "token": "a" * 32})
    with shop.scope():
        return JourneyMap.objects.get()


def form_of(text):
    """The fields of the edit form as a browser would send them."""
    found = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*?value="([^"]*)"', text))
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        found[name] = chosen.group(1) if chosen else re.search(r'<option value="([^"]*)"', body).group(1)
    return found


def test_nine_lanes_and_the_panel(shop, journey, now, work):
    day = (now + timedelta(hours=8)).date() - timedelta(days=2)
    receive(shop, [voice(day, 2, text="耳机左侧无声，换过一次还是坏的", touchpoint="repair_intake")], now=now)
    work()
    text = shop.page().get(f"/journeys/{journey.id}/?at=repair_intake").content.decode()
    for lane in ("角色", "时间", "阶段", "场景", "触点", "期望", "情绪", "痛点", "机会"):
        assert f'scope="row">{lane}' in text
    assert "为什么要紧" in text
    assert "耳机左侧无声" in text
    assert "/actions/new/?touchpoint=repair_intake&amp;metric=nps" in text


def test_editing_in_the_browser_writes_a_version_and_keeps_words_on_a_conflict(shop, journey):
    client, url = shop.page(), f"/journeys/{journey.id}/"
    form = form_of(client.get(f"{url}?edit=1").content.decode())
    form |= {"pain-0": "讲参数，不讲用途", "hand-0": "-1.5", "metric-0": "csat"}
    arranged = client.post(url, form | {"do": "right-0"}).content.decode()
    assert arranged.index("到店咨询") < arranged.index("广告种草")
    with shop.scope():
        assert MapVersion.objects.count() == 1
    assert client.post(url, form | {"do": "save"}).status_code == 302
    with shop.scope():
        column = MapVersion.objects.get(number=2).columns[0]
    assert (column["hand"], column["metric"], column["lanes"]["pain"]) == (-1.5, "csat", "讲参数，不讲用途")
    stale = client.post(url, form | {"do": "save", "pain-1": "周末要等很久"})
    assert stale.status_code == 412
    assert "周末要等很久" in stale.content.decode()
    page = client.get(f"{url}versions/").content.decode()
    assert "讲参数，不讲用途" in page
    again = form_of(client.get(f"{url}?edit=1").content.decode())
    assert again["hand-0"] == "-1.5"


def test_who_may_and_a_stranger(shop, stranger, journey):
    url = f"/journeys/{journey.id}/"
    assert [shop.page(role).get(url).status_code for role in ("executive", "store_manager", "frontline")] == [200, 200, 403]
    assert shop.page("executive").post(url, {"do": "save"}).status_code == 403
    for path in ("", "versions/", "?edit=1"):
        assert stranger.page("admin").get(url + path).status_code == 404
    assert stranger.page("admin").post(url, {"do": "save"}).status_code == 404
    assert "买机旅程" not in stranger.page("admin").get("/journeys/").content.decode()


@pytest.mark.parametrize("path", ["/journeys/", "/journeys/new/", "map", "map?at=payment", "map?edit=1", "versions"])
def test_no_chinese_is_left_on_english_pages(shop, journey, path):
    client = shop.page()
    client.cookies["cxms_language"] = "en"
    base = f"/journeys/{journey.id}/"
    url = path if path.startswith("/") else base + ("versions/" if path == "versions" else path.removeprefix("map"))
    text = client.get(url).content.decode()
    from tenancy.touchpoints import PRESETS

    names = "|".join({word for _code, name, stage in PRESETS for word in (name, stage)})
    text = re.sub(rf"简体中文|繁體中文|<option.*?</option>|试店|买机旅程|换机族|杭州西溪店|苏州观前店|成都天府店|华东区|西部区|{names}", "", text)
    assert re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text) == []
