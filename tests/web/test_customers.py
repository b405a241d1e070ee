"""客户: found by what one knows of him, his story in one place, two who are one joined by hand and parted again."""

from datetime import date, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from complaints import leaving
from complaints.leaving import RawLeaving
from complaints.models import LeavingRecord
from customers import customers, suggesting
from customers.cards import Card
from customers.customers import Put, version_of
from customers.models import Apart, Customer, Merge
from feedback.models import Feedback
from tests.metrics.voices import receive, voice

DAY = date(2026, 9, 7)


def put(shop, now, **card):
    with shop.scope():
        return customers.put(Put(Card(**card)), organisation=shop.id, now=now, actor="crm")[0]


def twins(shop, now):
    one = put(shop, now, external_id="K-1", name="欧阳雪", phone="13812346629")
    return one, put(shop, now + timedelta(seconds=1), external_id="K-2", name="欧阳雪", phone="13812346629", tier="gold")


def asked(one, other, keep=None, **more):
    kept = {"keep": str(keep.id)} if keep else {}
    return {"one": str(one.id), "other": str(other.id), "version_one": version_of(one), "version_other": version_of(other), **kept, **more}


def test_found_masked_and_by_tier(shop, now):
    one, _ = twins(shop, now)
    put(shop, now, external_id="K-3", name="李芳", phone="13900001111", tier="gold")
    page = shop.page()
    said = page.get("/customers/").content.decode()
    assert "李*" in said and "李芳" not in said and "13900001111" not in said
    for query, n in (("q=6629", 2), ("q=lf", 1), ("q=K-3", 1), ("tier=gold", 2), ("q=6629&tier=gold", 1), ("q=0000", 0), ("q=%00xx", 0)):
        assert page.get(f"/customers/?{query}").context["page"].paginator.count == n, query
    assert page.get(f"/customers/{one.id}/").status_code == 200


def test_who_sees_a_part_looks_for_one(shop, now):
    twins(shop, now)
    page = shop.page("store_manager")
    assert page.get("/customers/").context["page"].paginator.count == 0
    assert page.get("/customers/?q=6629").context["page"].paginator.count == 2
    assert page.get("/customers/duplicates/").status_code == 403


def test_a_story_keeps_to_what_its_reader_sees(shop, now, work, complain):
    one, _ = twins(shop, now)
    complain(unit="S001", customer=Card(external_id="K-1"))
    receive(shop, [voice(now.date(), 9, customer="K-1", text="上次用13800001111打电话问过，答得很清楚", unit="S003")], now=now)
    work()
    found = shop.page().get(f"/customers/{one.id}/")
    assert [row.noun for row in found.context["entries"]].count("投诉") == 1
    assert len(found.context["entries"]) == 2
    assert "13800001111" not in found.content.decode()
    assert len(shop.page().get(f"/customers/{one.id}/?noun=ticket").context["entries"]) == 1
    assert found.context["summary"].n_voices_year == 2
    near = shop.page("store_manager").get(f"/customers/{one.id}/")
    assert [row.noun for row in near.context["entries"]] == ["投诉"]  # his store only
    assert near.context["summary"].n_voices_year == 1


def test_joined_and_parted_by_hand(shop, now, work):
    one, other = twins(shop, now)
    receive(shop, [voice(DAY, 2, customer="K-1", text="太慢了")], now=now)
    page = shop.page()
    assert len(page.get("/customers/duplicates/").context["pairs"]) == 1
    for _ in range(2):  # a second tap
        answer = page.post("/customers/decide/", asked(one, other, keep=other), follow=True)
    work()
    with shop.scope():
        row = Merge.objects.get()
        assert Feedback.objects.get().customer_id == other.id == row.kept_id
    assert answer.status_code == 200
    assert page.get(f"/customers/{one.id}/").url == f"/customers/{other.id}/"
    assert page.get("/customers/?q=K-1").context["page"].paginator.count == 1
    page.post(f"/customers/merges/{row.id}/undo/")
    work()
    with shop.scope():
        assert Feedback.objects.get().customer_id == one.id
    assert "合并了客户" in page.get("/settings/audit/?action=customer").content.decode()


def test_somebody_was_faster(shop, now):
    one, other = twins(shop, now)
    put(shop, now + timedelta(hours=1), external_id="K-2", name="欧阳雪花")
    said = shop.page().post("/customers/decide/", asked(one, other, keep=one), follow=True).content.decode()
    assert "刚刚有变化" in said
    with shop.scope():
        assert not Merge.objects.exists()


def test_two_persons_are_not_suggested_again(shop, now):
    one, other = twins(shop, now)
    shop.page().post("/customers/decide/", asked(one, other, say="differ"))
    with shop.scope():
        assert Apart.objects.count() == 1
        assert suggesting.pairs(organisation=shop.id) == []


def test_the_contract(shop, stranger, now):
    twins(shop, now)
    api = shop.api("customers:read", "customers:write")
    found = api.get("/api/v1/customers/duplicates").json()
    assert (found["n"], found["next"], len(found["results"])) == (1, None, 1)
    assert found["results"][0]["score"] > 0.8
    made = api.post("/api/v1/customers/K-1/merge", {"other": "K-2"}, content_type="application/json")
    again = api.post("/api/v1/customers/K-1/merge", {"other": "K-2"}, content_type="application/json")
    assert (made.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert api.get("/api/v1/customers/K-2").json()["external_id"] == "K-1"
    assert api.post("/api/v1/customers/K-1/merge", {"other": "nobody"}, content_type="application/json").status_code == 404
    assert api.post("/api/v1/customers/K-1/merge", {"other": "K-1"}, content_type="application/json").json()["code"] == "not_two"
    theirs = stranger.api("customers:read", "customers:write")
    key = made.json()["id"]
    assert theirs.post(f"/api/v1/customers/merges/{key}/undo", {}, content_type="application/json").status_code == 404
    assert api.post(f"/api/v1/customers/merges/{key}/undo", {}, content_type="application/json").json()["undone_at"]
    assert api.get("/api/v1/customers/K-2").json()["external_id"] == "K-2"
    with shop.scope():
        assert Customer.objects.filter(merged_into__isnull=False).count() == 0


def test_a_client_that_merges_page_by_page_sees_every_pair(shop, now):
    for i in range(5):
        for j in range(2):
            put(shop, now + timedelta(seconds=j), external_id=f"K-{i}{j}", name=f"欧阳{'雪晴雯静敏'[i]}", phone=f"1380000000{i}")
    api, seen, url = shop.api("customers:read", "customers:write"), [], "/api/v1/customers/duplicates?limit=2"
    while url:
        answer = api.get(url).json()
        assert answer["n"] == 5 - len(seen)
        for row in answer["results"]:
            seen.append((row["one"]["external_id"], row["other"]["external_id"]))
            assert api.post(f"/api/v1/customers/{seen[-1][0]}/merge", {"other": seen[-1][1]}, content_type="application/json").status_code == 200
        url = answer["next"] and f"/api/v1/customers/duplicates?limit=2&cursor={answer['next']}"
    assert sorted(seen) == [(f"K-{i}0", f"K-{i}1") for i in range(5)]
    assert api.get("/api/v1/customers/duplicates?cursor=eA").status_code == 422


def test_that_he_left_stands_in_his_story(shop, now):
    one, _ = twins(shop, now)
    day = (now + timedelta(hours=8)).date()
    with shop.scope():
        rows = [RawLeaving(f"L-{i}", day, "price", customer="K-1", unit=unit, unmet="need", left_with="partly", note="电话13800001111说的") for i, unit in enumerate(("S001", "S003", "S003"))]
        leaving.put(rows, organisation=shop.id, now=now, actor="t")
        gone = LeavingRecord.objects.get(external_id="L-2")
        leaving.withdraw(gone.id, version=1, organisation=shop.id, now=now, actor="t")
    page = shop.page()
    found = page.get(f"/customers/{one.id}/?noun=leaving")
    assert [row.head for row in found.context["entries"]] == ["流失"] * 2
    assert all(row.text.startswith("价格 · 需求没有满足 · 留了一部分 · ") for row in found.context["entries"])
    assert "13800001111" not in found.content.decode() and gone.id.hex not in found.content.decode().replace("-", "")
    assert all(page.get(row.url).status_code == 200 for row in found.context["entries"])
    assert str(day) in found.content.decode()
    near = shop.page("store_manager").get(f"/customers/{one.id}/").context["entries"]
    assert [row.noun for row in near] == ["流失"]  # his store only


def test_a_long_story_asks_no_more_often_than_a_short_one(shop, now):
    short, long = put(shop, now, external_id="K-1", name="欧阳雪"), put(shop, now, external_id="K-2", name="李芳")
    receive(shop, [voice(now.date(), 9, customer=who, text=f"很好{i}") for who, n in (("K-1", 2), ("K-2", 12)) for i in range(n)], now=now)
    page, asked = shop.page(), []
    for row in (short, short, long):  # the first warms what is kept
        with CaptureQueriesContext(connection) as found:
            n = len(page.get(f"/customers/{row.id}/").context["entries"])
        asked.append((n, len(found)))
    assert [n for n, _ in asked] == [2, 2, 12]
    assert asked[2][1] <= asked[1][1]


def test_what_has_no_place_is_seen_by_whoever_sees_everything(shop, now):
    one, _ = twins(shop, now)
    receive(shop, [voice(now.date(), 9, customer="K-1", unit="")], now=now)
    page, api = shop.page().get(f"/customers/{one.id}/").context, shop.api().get("/api/v1/customers/K-1/summary").json()
    assert (len(page["entries"]), page["summary"].n_voices_year) == (1, 1), api
    assert shop.page().get("/customers/").context["lines"][-1][1].n_voices + shop.page().get("/customers/").context["lines"][0][1].n_voices == 1
    near = shop.page("store_manager").get(f"/customers/{one.id}/").context
    assert (len(near["entries"]), near["summary"].n_voices_year) == (0, 0)
