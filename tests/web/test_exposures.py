"""Exposures: typed, uploaded and sent; replaced and taken back; whose count stands under the complaint rate; missing is not 0."""

import io
import json
from datetime import date, timedelta

import pytest
import xlsxwriter

from complaints.intake import Complaint, file
from customers import events
from customers.cards import Card
from customers.events import RawEvent
from customers.models import Exposure, ExposureBatch
from cxms.lib import clock
from cxms.lib.periods import Period
from feedback.intake import Source
from feedback.shapes import RawVoice
from metrics.series import Where, series
from tenancy.models import Organisation
from tests.metrics.voices import ZONE, at


def today():
    return clock.now().astimezone(ZONE).date()


def rate(shop, **more):
    with shop.scope():
        asked = {"organisation": shop.id, "metric": "complaint_rate", "period": Period(today() - timedelta(days=3), today() + timedelta(days=1)), "now": clock.now()}
        return series(**asked, where=Where(unit=more.pop("unit", "")), **more).points


def send(client, rows):
    return client.post("/api/v1/exposures", data=json.dumps(rows), content_type="application/json")


@pytest.fixture
def busy(shop, now):
    """Six complaints of S001 today, and seven orders among the events."""
    with shop.scope():
        for i in range(6):
            file(Complaint(RawVoice(text=f"坏了{i}", channel="store", unit="S001")), organisation=shop.id, source=Source(b"x", "text/plain", "user:x"), now=now)
        made = [RawEvent(f"o{i}", "order", at(today()), Card(external_id=f"c{i}"), "S001") for i in range(7)]
        events.receive(made, organisation=shop.id, now=now, announce=False)
    return shop


def test_the_chosen_source_counts_and_nothing_is_added_twice(busy, stranger):
    shop, api, page = busy, busy.api(), busy.page()
    (point,) = rate(shop)
    assert (point.components["complaints"], point.components["exposures"]) == (6, 7)
    rows = [{"day": today().isoformat(), "unit": "S001", "kind": "order", "source": "pos", "count": 400},
            {"day": today().isoformat(), "unit": "S002", "kind": "order", "source": "pos", "count": 50},
            {"day": today().isoformat(), "kind": "call", "source": "pos", "count": 9_000}]  # fmt: skip
    answer = send(api, rows).json()
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (3, 0, 0)
    assert send(api, rows).json()["duplicates"] == 3
    assert send(api, [rows[0] | {"count": 500}]).json()["accepted"] == 1
    assert rate(shop)[0].components["exposures"] == 7  # told, and not chosen
    version = Organisation.objects.get(id=shop.id).version
    assert page.post("/settings/exposures/choose/", {"kind": "order", "source": "nobody", "version": version}).status_code == 404
    assert page.post("/settings/exposures/choose/", {"kind": "order", "source": "pos", "version": version}).status_code == 302
    page.post("/settings/exposures/choose/", {"kind": "call", "source": "", "version": version})  # an old form changes nothing
    (point,) = rate(shop)
    assert (point.components["exposures"], round(point.value, 4)) == (550, round(10_000 * 6 / 550, 4))
    cells = {p.by["unit"]: (p.components or {}).get("exposures") for p in rate(shop, by=("unit",))}
    assert cells["S001"] == 500
    # a day that nobody told of has no rate, and a small one is flagged
    days = rate(shop, grain="day")
    assert [p.value is None for p in days] == [True, True, True, False]
    told = api.get(f"/api/v1/metrics/complaint_rate?from={today()}&to={today() + timedelta(days=1)}").json()
    assert (told["definition"], told["points"][0]["unstable"]) == ("complaint_rate v2", False)
    send(api, [rows[0] | {"count": 40}])
    assert api.get(f"/api/v1/metrics/complaint_rate?from={today()}&to={today() + timedelta(days=1)}").json()["points"][0]["unstable"] is True
    assert "pos" in page.get("/metrics/complaint_rate/definition").content.decode()
    assert "不足 100" in page.get("/metrics/complaint_rate").content.decode()
    assert stranger.api().get("/api/v1/exposures").json()["results"] == []
    assert send(shop.api("metrics:read"), rows).status_code == 403


def test_bad_rows_are_named_and_good_ones_kept(shop):
    api, day = shop.api(), "2026-11-01"
    bad = [
        ({"day": "gestern", "kind": "order", "count": 1}, "bad_date", "day"), ({"day": day, "kind": "Bestellung!", "count": 1}, "bad_kind", "kind"),
        ({"day": day, "kind": "order", "count": -1}, "bad_count", "count"), ({"day": day, "kind": "order", "count": 1.5}, "wrong_type", "count"),
        ({"day": day, "kind": "order", "count": 1, "unit": "NOPE"}, "unknown_unit", "unit"), ({"day": day, "count": 1}, "missing", "kind"),
        ({"day": day, "kind": "order", "count": 1, "source": "a b"}, "bad_source", "source"), ("x", "wrong_type", ""), ({"day": day, "kind": "order", "count": True}, "wrong_type", "count"),
    ]  # fmt: skip
    answer = send(api, [row for row, _, _ in bad] + [{"day": day, "kind": "order", "count": 0}]).json()
    assert [(row["error"]["code"], row["error"]["field"]) for row in answer["results"][:-1]] == [(code, field) for _, code, field in bad]
    assert answer["results"][-1]["status"] == "accepted"
    listed = api.get("/api/v1/exposures").json()["results"]
    assert listed == [{"day": day, "unit": None, "kind": "order", "source": "api", "count": 0}]  # 0 is a value
    assert send(api, {"day": day}).status_code == 422
    send(api, [{"day": f"2026-10-{d:02}", "kind": "visit", "count": d} for d in range(1, 8)])
    first = api.get("/api/v1/exposures?kind=visit&limit=5").json()
    rest = api.get(f"/api/v1/exposures?kind=visit&limit=5&cursor={first['next']}").json()
    assert [row["count"] for row in first["results"] + rest["results"]] == [7, 6, 5, 4, 3, 2, 1]
    assert rest["next"] is None


def test_a_file_is_tried_first_and_taken_back_whole(shop):
    page = shop.page()
    send(shop.api(), [{"day": "2026-11-01", "unit": "S001", "kind": "order", "source": "erp", "count": 10}])
    text = "日期,门店,种类,数量,来源\n2026/11/01,S001,订单,\"1,200\",erp\n2026-11-02,S001,订单,0,erp\n"
    found = page.post("/settings/import/exposures/", {"text": text, "do": "preview"})
    assert found.context["upload"].plan.counts == {"add": 1, "change": 1, "same": 0, "wrong": 0}
    with shop.scope():
        assert Exposure.objects.count() == 1  # a dry run writes nothing
    wrong = text + "2026-11-03,NOPE,订单,5,erp\n2026-11-02,S001,订单,7,erp\n2026-11-04,,订单,,erp\n"
    said = page.post("/settings/import/exposures/", {"text": wrong, "do": "import"})
    assert (said.status_code, said.context["upload"].plan.n("wrong")) == (400, 3)
    assert page.post("/settings/import/exposures/", {"text": text, "do": "import"}).status_code == 302
    with shop.scope():
        counts = dict(Exposure.objects.values_list("local_day", "count"))
        batch = ExposureBatch.objects.get()
    assert counts == {date(2026, 11, 1): 1200, date(2026, 11, 2): 0}
    # told again since: that row stays, the other is as before
    send(shop.api(), [{"day": "2026-11-02", "unit": "S001", "kind": "order", "source": "erp", "count": 33}])
    assert shop.page("analyst").post(f"/settings/exposures/{batch.id}/undo/").status_code == 403
    for _ in range(2):
        assert page.post(f"/settings/exposures/{batch.id}/undo/").status_code == 302
    with shop.scope():
        assert dict(Exposure.objects.values_list("local_day", "count")) == {date(2026, 11, 1): 10, date(2026, 11, 2): 33}
    # the same rows as a workbook
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at_row, cells in enumerate((["day", "unit", "kind", "count", "source"], ["2026-11-05", "S002", "visit", "88", "door"])):
            sheet.write_row(at_row, 0, cells)
    made.seek(0)
    made.name = "a.xlsx"
    seen = page.post("/settings/import/exposures/", {"file": made, "do": "preview"})
    assert seen.context["upload"].plan.counts["add"] == 1
    typed = {"day": "2026-11-06", "unit": "S002", "kind": "visit", "count": "12", "source": "door"}
    assert page.post("/settings/exposures/", typed).status_code == 302
    assert page.post("/settings/exposures/", typed | {"count": "x"}).status_code == 400
    assert "door" in page.get("/settings/exposures/?kind=visit&source=door").content.decode()


def test_batches_over_each_other_come_off_in_any_order(shop):
    page, row = shop.page(), {"day": "2026-11-06", "unit": "S002", "kind": "visit", "source": "door"}

    def tell(count):
        assert page.post("/settings/exposures/", row | {"count": str(count)}).status_code == 302
        with shop.scope():
            return ExposureBatch.objects.order_by("-at", "-id").first().id

    def undo(key):
        assert page.post(f"/settings/exposures/{key}/undo/").status_code == 302
        with shop.scope():
            return list(Exposure.objects.values_list("count", flat=True))

    first, second, third = tell(10), tell(20), tell(30)
    assert [undo(third), undo(second), undo(first)] == [[20], [10], []], "the last first"
    first, second, third = tell(10), tell(20), tell(30)
    assert [undo(first), undo(second), undo(third)] == [[30], [30], []], "what was taken back does not come again"


def test_a_number_of_five_thousand_digits_is_a_wrong_row(shop):
    text = f"day,unit,kind,count,source\n2026-11-01,S001,order,{'9' * 5000},erp\n"
    found = shop.page().post("/settings/import/exposures/", {"text": text, "do": "preview"})
    assert found.context["upload"].plan.n("wrong") == 1
