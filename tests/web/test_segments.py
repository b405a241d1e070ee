"""Segments: one click on every page of figures, own or shared, inside the reader's subtrees; the tier filter reaches every page."""

import re
from datetime import timedelta

from cxms.lib import clock
from reports.models import Segment
from tests.metrics.voices import mix, receive

PAGES = ("/metrics/nps", "/metrics/csat", "/metrics/nps/reasons", "/metrics/drivers", "/metrics/money")


def save(page, **fields):
    return page.post("/segments/add/", {"name": "金卡 门店", "tier": "gold", "channel": "app", "back": "/metrics/nps", "token": "t1", **fields})


def names(shop):
    with shop.scope():
        return list(Segment.objects.order_by("name").values_list("name", flat=True))


def test_a_segment_is_one_click_on_every_page(shop, stranger, now):
    day = clock.now().date() - timedelta(days=8)
    receive(shop, mix(day, 7, 2, 3, tier="gold", customer="G"), now=now)
    receive(shop, mix(day, 6, 0, 30, tier="plain", channel="qr", customer="P"), now=now)
    page = shop.page()
    assert save(page)["Location"] == "/metrics/nps"
    save(page)  # the same form again
    assert save(page, back="https://evil.example/", token="t2")["Location"] == "/metrics/nps"  # a name that is taken; no road away
    assert names(shop) == ["金卡 门店"]
    for url in PAGES:
        shown = page.get(f"{url}?weeks=26&page=2").content.decode()
        (query,) = re.findall(r'href="\?([^"]*tier=gold[^"]*)"', shown)
        assert "weeks=26" in query and "channel=app" in query and "page=" not in query, url
        there = page.get(f"{url}?{query.replace('&amp;', '&')}")
        assert there.status_code == 200
        assert "aria-current" in there.content.decode()
    # n of the segment is that of its rows, and a second press takes it off
    head = page.get("/metrics/nps?tier=gold&channel=app").context["head"]
    assert head["point"].n == 12
    assert page.get(head["url"]).context["page"].paginator.count == 12
    assert page.get("/metrics/nps/reasons?tier=gold").status_code == 200
    # nothing to save, no name: said, nothing kept
    save(page, name="", token="t3")
    save(page, name="空", tier="", channel="", token="t4")
    assert names(shop) == ["金卡 门店"]
    assert "金卡 门店" not in stranger.page().get("/metrics/nps").content.decode()


def test_shared_ones_reach_others_inside_their_subtrees_and_only_the_maker_takes_them_away(shop):
    page, other, store = shop.page(), shop.page("analyst"), shop.page("store_manager")
    save(page, name="大家的", shared="1", token="a")
    save(page, name="只有我", token="b")
    save(page, name="西部", unit="WEST", shared="1", token="c")
    save(other, name="我也想", shared="1", token="d")
    seen = other.get("/metrics/nps").content.decode()
    assert [name in seen for name in ("大家的", "只有我", "西部", "我也想")] == [True, False, True, True]
    below = store.get("/metrics/nps").content.decode()
    assert [name in below for name in ("大家的", "西部", "我也想")] == [True, False, False]
    with shop.scope():
        key = Segment.objects.get(name="大家的").id
    assert other.post(f"/segments/{key}/remove/").status_code == 404
    assert page.post(f"/segments/{key}/remove/", {"back": "/metrics/csat"})["Location"] == "/metrics/csat"
    assert "大家的" not in names(shop)
    assert shop.page("frontline").post("/segments/add/", {"name": "x"}).status_code == 403


def test_a_token_of_anothers_form_is_no_clash_and_ones_own_are_never_crowded_out(shop):
    page, other = shop.page(), shop.page("analyst")
    assert save(page, name="我的", token="same")["Location"] == save(other, name="别人的", token="same")["Location"]
    assert names(shop) == ["别人的", "我的"]
    made = [
        Segment(organisation_id=shop.id, member=shop.members[role], name=f"A{role}{i}", filters={"channel": "app"}, is_shared=True, created_at=clock.now())
        for role in ("analyst", "executive", "admin", "region_manager") for i in range(19)
    ]  # fmt: skip
    with shop.scope():
        Segment.objects.bulk_create(made)
    assert "我的" in page.get("/metrics/nps").content.decode()
