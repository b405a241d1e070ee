"""客户为什么离开: the page, its file and the API say the same; every number opens as many rows; records are written, corrected, withdrawn."""

import csv
import io
import json
import re
import uuid
from datetime import timedelta
from html import unescape

import pytest

from complaints import axes, leaving, moves
from complaints.leaving import RawLeaving
from complaints.models import AxesCode, LeavingRecord, Ticket
from complaints.received import Asked
from reports import saved_dashboards
from reports.leaving import leaving as figures
from reports.widgets import made
from tenancy.models import AuditEvent
from web.leaving import percent

PHONE = "13812345678"


def said_of(page, url, status=200):
    answer = page.get(url)
    assert answer.status_code == status, url
    return unescape(answer.content.decode())


def file_of(page, url):
    return list(csv.DictReader(io.StringIO(page.get(url).content.decode("utf-8-sig"))))


@pytest.fixture
def told(shop, now, complain, work):
    """Six complaints, one of the west, three closed and one of them coded; seven records, one withdrawn, one of the west."""
    tickets = [complain(f"等了{i}个小时，太慢了", unit="S003" if i == 5 else "S001") for i in range(6)]
    work()
    day = (now + timedelta(hours=8)).date()
    with shop.scope():
        for ticket in tickets[:3]:
            moves.apply(ticket.id, "resolve", {"text": "换新"}, organisation=shop.id, actor="t")
        axes.code(Ticket.objects.get(id=tickets[0].id), "need", "not", organisation=shop.id, version=0, now=now, actor="t")
        rows = [RawLeaving(f"L-{i}", day, "price" if i else "indifference", customer=f"王先生 {PHONE}", unit="S003" if i == 6 else "S001", note=f"说 {PHONE}") for i in range(7)]
        rows[0] = RawLeaving("L-0", day, "indifference", customer="K-1", unit="S001", unmet="expectation", left_with="wholly")
        leaving.put(rows, organisation=shop.id, now=now, actor="t")
        leaving.withdraw(LeavingRecord.objects.get(external_id="L-5").id, version=1, organisation=shop.id, now=now, actor="t")
    return day, tickets


def test_every_number_opens_its_rows_and_is_one_everywhere(shop, stranger, now, told):
    day, tickets = told
    page = shop.page()
    said = said_of(page, "/desk/leaving/")
    opened = re.findall(r'<a href="(/promises/\?[^"]*axes[^"]*|/desk/leaving/records/\?[^"]*)"(?:>[^<]*? (\d+)</a>|><b>(\d+)</b>)', said)
    assert len(opened) > 40
    for url, state_n, n in opened:
        body = said_of(page, url)
        if "/records/" in url:
            assert int(re.search(r'<span class="sub">n = (\d+)', body).group(1)) == len(re.findall('<td class="main2">', body)) == int(state_n or n), url
        else:
            assert len(set(re.findall(r'href="/promises/(C-[\d-]+)/', body))) == int(state_n or n), url
    with shop.scope():
        found = figures(Asked(day - timedelta(days=89), day + timedelta(days=1)), organisation=shop.id, now=now)
    assert (found.complaints.n, found.complaints.n_coded, found.complaints.n_suggested, found.complaints.n_open, found.records.n, found.n) == (3, 1, 2, 3, 1, 6)
    file = file_of(page, "/desk/leaving/?format=csv")
    told_api = shop.api("complaints:read").get("/api/v1/leaving/summary?from=" + (day - timedelta(days=89)).isoformat()).json()
    for table in (found.complaints, found.records):
        for cell in table.cells:
            (line,) = [row for row in file if (row["kind"], row["unmet"], row["left_with"]) == (table.kind, cell.unmet, cell.left_with)]
            (one,) = [row for row in told_api[table.kind]["cells"] if (row["unmet"] or "", row["left_with"] or "") == (cell.unmet, cell.left_with)]
            share = cell.share.value if cell.share else None
            assert (int(line["n"]), line["share"]) == (cell.n, "" if share is None else repr(share)) and (one["n"], one["value"]) == (cell.n, share)
    # the units right below add up to the whole, and say the same in the file
    assert [(part.unit.code, part.n) for part in found.units] == [("EAST", 3)] == [(one["unit"], one["n"]) for one in told_api["units"]]
    assert {(one["unmet"] or "", one["left_with"] or ""): one["n"] for one in told_api["units"][0]["cells"]} == {(row["unmet"], row["left_with"]): int(row["n"]) for row in file if row["kind"] == "unit:EAST"}
    price = next(row for row in found.reasons if row.code == "price")
    assert (price.n, percent(price.share.value) in said) == (5, True)
    (one,) = [row for row in told_api["reasons"] if row["reason"] == "price"]
    assert (one["n"], one["value"], one["low"], one["high"], one["folk"]) == (5, price.share.value, price.share.low, price.share.high, None)
    assert len(file_of(page, "/desk/leaving/?format=csv&rows=complaints")) == 6
    # narrower questions, other people
    assert "n = 0" in said_of(page, "/desk/leaving/?from=2020-01-01&to=2020-02-01&how=coded")
    assert [row["n"] for row in file_of(page, "/desk/leaving/?format=csv&unit=WEST") if row["kind"] == "reason" and row["reason"] == "price"] == ["1"]
    for source, n in (("api", "5"), ("person", "0"), ("x", "5")):
        assert [row["n"] for row in file_of(page, f"/desk/leaving/?format=csv&source={source}") if row["reason"] == "price"] == [n]
    assert "/desk/leaving/records/?from=" in (said := said_of(page, "/desk/leaving/?source=person")) and "source=person&reason=price" in said
    assert shop.api().get("/api/v1/leaving/summary?source=person").json()["n"] == 0 and shop.api().get("/api/v1/leaving/summary?source=x").status_code == 422
    assert [row["n"] for row in file_of(shop.page("region_manager"), "/desk/leaving/?format=csv") if row["reason"] == "price"] == ["4"]
    assert len(file_of(shop.page("region_manager"), "/desk/leaving/records/?format=csv")) == 5
    assert {row["n"] for row in file_of(stranger.page(), "/desk/leaving/?format=csv")} == {"0"}
    assert page.get("/desk/leaving/?unit=NOWHERE").status_code == 404
    assert shop.page("analyst").get("/desk/leaving/").status_code == 403


def test_a_dashboard_shows_the_same_figures(shop, told, now):
    _day, tickets = told
    with shop.scope():
        axes.code(Ticket.objects.get(id=tickets[5].id), "expectation", "wholly", organisation=shop.id, version=0, now=now, actor="t")
        board = saved_dashboards.add(uuid.uuid4(), "X", [made("leaving")], shop.seat("cx_manager"), organisation=shop.id, now=now, actor="t")
        board = saved_dashboards.describe(board, "X", ["all"], version=1, now=now, actor="t")
    url = f"/dashboards/{board.id}/widgets/{board.widgets[0]['id']}/"
    said = said_of(shop.page(), url)
    opened = re.findall(r'href="(/promises/[^"]+)"><b>(\d+)</b>', said)
    assert len(opened) == 16 and "n = 4" in said
    for link, n in opened[::3]:
        assert len(set(re.findall(r'href="/promises/(C-[\d-]+)/', said_of(shop.page(), link)))) == int(n), link
    file = {(row["unmet"], row["left_with"]): row["n"] for row in file_of(shop.page(), f"{url}?as=csv")}
    assert (file[("", "")], file[("expectation", "wholly")]) == ("4", "1")
    assert "n = 3" in said_of(shop.page("region_manager"), url) and "n = 1" in said_of(shop.page(), f"{url}?unit=WEST")
    assert "/promises/" not in said_of(shop.page("analyst"), url)  # he reads figures, not complaints
    whole = said_of(shop.page(), "/desk/leaving/")
    (link,) = re.findall(r'href="(/promises/[^"]*unit=WEST[^"]*axes=%3A%3Aset[^"]*)"', whole)
    assert len(set(re.findall(r'href="/promises/(C-[\d-]+)/', said_of(shop.page(), link)))) == 1


def test_the_desk_lists_what_a_cell_counts(shop, told):
    page, api = shop.page(), shop.api("complaints:read")
    for place, n in (("need:not:set", 1), ("need:not:coded", 1), ("::suggested", 2), ("::open", 3), (":not:set", 1), ("::", 6), ("nonsense", 6)):
        body = said_of(page, f"/promises/?view=all&axes={place}")
        assert len(set(re.findall(r'href="/promises/(C-[\d-]+)/', body))) == n, place
        answer = api.get(f"/api/v1/complaints?axes={place}")
        assert answer.status_code == 422 if place == "nonsense" else len(answer.json()["results"]) == n, place


def test_one_tap_on_the_case_confirms_what_is_suggested(shop, stranger, told):
    _day, tickets = told
    page, url = shop.page("frontline"), f"/promises/{tickets[1].number}/"
    said = said_of(page, url)
    assert "确认编码" in said and "结了案，客户没有点接受" in said
    answer = page.post(f"{url}axes/", {"unmet": "expectation", "left_with": "partly", "version": "0", "query": "view=all"})
    assert (answer.status_code, answer.url) == (302, f"{url}?view=all")
    assert "frontline" in said_of(page, url) and "改编码" in said_of(page, url)
    page.post(f"{url}axes/", {"unmet": "need", "left_with": "wholly", "version": "0"})  # an old form
    page.post(f"{url}axes/", {"unmet": "need", "left_with": "", "version": "1"})
    with shop.scope():
        row = AxesCode.objects.get(ticket=tickets[1])
        assert (row.unmet, row.left_with, row.version, row.coded_name) == ("expectation", "partly", 1, "frontline")
    assert shop.page("frontline").post(f"/promises/{tickets[5].number}/axes/", {"unmet": "need", "left_with": "not"}).status_code == 404
    assert stranger.page().post(f"{url}axes/", {"unmet": "need", "left_with": "not"}).status_code == 404
    assert "给投诉编了两个轴" in said_of(shop.page("admin"), "/settings/audit/")


def test_a_record_is_written_once_corrected_and_withdrawn(shop, told):
    day, tickets = told
    page = shop.page("store_manager")
    form = {"token": "a" * 32, "day": day.isoformat(), "customer": "K-1", "unit": "S001", "reason": "unsolved", "unmet": "need", "left_with": "wholly", "note": "说了三次"}
    assert page.post("/desk/leaving/records/new/", form).status_code == 302
    assert page.post("/desk/leaving/records/new/", form).status_code == 302
    with shop.scope():
        row = LeavingRecord.objects.get(reason="unsolved")
        assert (row.source, row.customer.external_id, row.version) == ("person", "K-1", 1)
    for wrong, name in (({"day": "x"}, "day"), ({"reason": ""}, "reason"), ({"left_with": ""}, "left_with"), ({"unit": "S003"}, "unit"), ({"unit": ""}, "unit"), ({"day": (day + timedelta(days=1)).isoformat()}, "day")):
        answer = page.post("/desk/leaving/records/new/", {**form, "token": "b" * 32, **wrong})
        assert answer.status_code == 400 and "说了三次" in answer.content.decode(), name
    url = f"/desk/leaving/records/{row.id}/"
    assert 'value="K-1"' in said_of(page, url)
    assert page.post(url, {**form, "note": "改了", "version": "1"}).status_code == 302
    assert page.post(url, {**form, "note": "晚了", "version": "1"}).status_code == 409
    body = said_of(page, "/desk/leaving/records/")
    assert "改了" in body and PHONE not in body and "陈**" in body
    assert PHONE not in page.get("/desk/leaving/records/?format=csv").content.decode()
    assert shop.page("region_manager").get(url).status_code == 200
    assert page.post(f"{url}withdraw/", {"version": "1"}).status_code == 302  # somebody was faster: it stays
    assert page.get(url).status_code == 200
    assert page.post(f"{url}withdraw/", {"version": "2"}).status_code == 302
    assert page.get(url).status_code == 404
    with shop.scope():
        west = LeavingRecord.objects.get(external_id="L-6")
        assert [e.action for e in AuditEvent.objects.filter(action__startswith="leaving.", subject=str(row.id)).order_by("seq")] == ["leaving.recorded", "leaving.changed", "leaving.withdrawn"]
    assert page.get(f"/desk/leaving/records/{west.id}/").status_code == 404  # another region's
    assert page.post(f"/desk/leaving/records/{west.id}/withdraw/", {"version": "1"}).status_code == 404


def test_an_import_is_tried_and_refuses_tomorrow(shop, told):
    day, _tickets = told
    page = shop.page()
    text = f"记录号,日期,客户,门店,原因,期望还是需求,问题留给客户,备注\nF-1,{day},K-1,S001,价格,,,\nF-2,{day},,S003,problem,,,\n"
    assert "没有这个流失原因" in page.post("/settings/import/leaving/", {"text": text}).content.decode()
    good = text.replace("problem", "unsolved")
    assert "写入 2 条流失记录" in page.post("/settings/import/leaving/", {"text": good, "do": "import"}, follow=True).content.decode()
    late = good.replace(day.isoformat(), (day + timedelta(days=2)).isoformat())
    assert "有日期在今天以后" in page.post("/settings/import/leaving/", {"text": late, "do": "import"}).content.decode()
    assert page.get("/settings/import/leaving/").status_code == 200
    assert "L-001" in page.get("/start/template/leaving/").content.decode()


def test_the_api_tells_once_lists_and_codes(shop, stranger, told):
    day, tickets = told
    api = shop.api("complaints:read", "complaints:write")

    def post(client, rows):
        return client.post("/api/v1/leaving", data=json.dumps(rows), content_type="application/json")

    rows = [{"external_id": "A-1", "day": day.isoformat(), "reason": "competitor", "customer": "K-1", "unit": "S003"}, {"external_id": "A-2", "day": day.isoformat(), "reason": "x"},
            {"external_id": "A-3", "day": (day + timedelta(days=1)).isoformat(), "reason": "price"}, {"day": day.isoformat(), "reason": "price"}, 7,
            {"external_id": "A-4", "day": day.isoformat(), "reason": "price", "unit": "NO"}, {"external_id": "A-5", "day": day.isoformat(), "reason": "price", "unmet": 1}]  # fmt: skip
    answer = post(api, rows).json()
    assert [row.get("error", {}).get("code", row["status"]) for row in answer["results"]] == ["accepted", "unknown_reason", "future", "missing", "wrong_type", "unknown_unit", "wrong_type"]
    assert post(api, rows[:1]).json()["duplicates"] == 1
    assert post(api, [rows[0] | {"reason": "moved"}]).json()["accepted"] == 1
    walked, cursor = [], ""
    while cursor is not None and len(walked) < 20:
        page = api.get(f"/api/v1/leaving?limit=2&cursor={cursor}").json()
        walked, cursor = walked + page["results"], page["next"]
    assert len({row["id"] for row in walked}) == len(walked) == 7 and PHONE not in str(walked)
    (one,) = api.get("/api/v1/leaving?reason=moved&unit=WEST&source=api").json()["results"]
    assert (one["external_id"], one["customer"], one["unit"]) == ("A-1", "K-1", "S003")
    for query in ("reason=x", "source=x", "from=x"):
        assert api.get(f"/api/v1/leaving?{query}").status_code == 422
    assert api.get("/api/v1/leaving/summary?how=x").status_code == 422
    url = f"/api/v1/complaints/{tickets[1].number}/axes"
    assert (api.get(url).json()["state"], api.get(url).json()["why"]) == ("suggested", ["counted_on", "not_accepted"])
    for body, status in (({"unmet": "neither", "left_with": "not"}, 200), ({"unmet": "neither"}, 422), ({"unmet": [], "left_with": "not"}, 422)):
        assert api.put(url, data=json.dumps(body), content_type="application/json").status_code == status
    found = api.get(url).json()
    assert (found["state"], found["unmet"], found["suggested"]["unmet"]) == ("coded", "neither", "expectation")
    # without the scope, and from another house
    assert post(shop.api("complaints:read"), rows).status_code == 403 and shop.api("metrics:read").get("/api/v1/leaving").status_code == 403
    other = stranger.api()
    assert other.get("/api/v1/leaving").json()["results"] == [] and other.get(url).status_code == 404
    assert other.get("/api/v1/leaving/summary").json()["n"] == 0
