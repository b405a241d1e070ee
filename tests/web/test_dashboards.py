"""看板 over HTTP: made, changed, shared; what a widget shows is what it exports and what the API says, to the bit."""

import csv
import io
import re
import uuid
from datetime import timedelta
from html import unescape

import openpyxl
import pytest

from reports import saved_dashboards, widgets
from reports.models import Annotation, Dashboard
from reports.widgets import KINDS, made
from tests.metrics.voices import mix, receive, voice
from tests.web.test_voices import html, last_week, total


@pytest.fixture
def board(shop, now):
    """One widget of every kind, shared with everybody."""
    rows = [made(code, *(["nps", "csat"] if kind.most_metrics > 1 else ["nps"] if kind.most_metrics else []), **({"text": "早会看这里"} if code == "note" else {}))
            for code, kind in KINDS.items()]  # fmt: skip
    with shop.scope():
        seat = shop.seat("cx_manager")
        row = saved_dashboards.add(uuid.uuid4(), "总览", rows, seat, organisation=shop.id, now=now, actor="t")
        return saved_dashboards.describe(row, row.name, ["all"], version=1, now=now, actor="t")


@pytest.fixture
def heard(shop, now, work):
    """Two weeks of answers in three stores, some with words."""
    week = last_week(now)
    made_ = mix(week, 20, 10, 8) + mix(week, 3, 0, 0, unit="S003") + mix(week, 8, 1, 1, unit="S002") + mix(week - timedelta(days=7), 9, 5, 20)
    made_ += [voice(week, 2, text="收银等了半小时，没人理", touchpoint="payment"), voice(week, 4, kind="csat")]
    receive(shop, made_, now=now)
    work()
    return week


def part(board, kind):
    return next(one["id"] for one in board.widgets if one["kind"] == kind)


def body(client, board, kind, query=""):
    return html(client, f"/dashboards/{board.id}/widgets/{part(board, kind)}/{query}")


def rows_of(client, board, kind, query=""):
    answer = client.get(f"/dashboards/{board.id}/widgets/{part(board, kind)}/?as=csv{query}")
    assert answer.status_code == 200 and answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_opens_empty_and_full(shop, board, now, work, complain, kind):
    page = shop.page()
    assert 'style="' not in body(page, board, kind)
    week = last_week(now)
    receive(shop, [*mix(week, 20, 10, 8), voice(week, 2, text="收银等了半小时，没人理"), voice(week, 4, kind="csat")], now=now)
    complain()
    work()
    said = body(page, board, kind)
    assert 'style="' not in said and "onclick" not in said
    assert "这段时间没有数据" not in said or kind in {"actions", "reasons"}


def test_a_number_is_the_same_here_in_both_files_and_in_the_api(shop, board, heard):
    page = shop.page()
    (row,) = rows_of(page, board, "number")
    book = openpyxl.load_workbook(io.BytesIO(page.get(f"/dashboards/{board.id}/widgets/{part(board, 'number')}/?as=xlsx").content))
    head, line = list(book.worksheets[0].values)
    in_book = dict(zip(head, line, strict=True))
    answer = shop.api().get(f"/api/v1/metrics/nps?from={row['from']}&to={row['to']}").json()["points"][0]
    for name in ("value", "low", "high", "n"):
        assert float(row[name]) == in_book[name] == answer[name], name
    assert f"n = {int(row['n'])}" in body(page, board, "number")


def test_the_marks_lead_to_as_many_rows(shop, board, heard):
    page = shop.page()
    for kind in ("number", "bars", "trend", "mix"):
        said = body(page, board, kind)
        counts = {unescape(url): int(n.replace(",", "")) for url, n in re.findall(r'href="(/feedback/\?[^"]+)"[^>]*>\s*<title>[^<]*n = ([\d,]+)', said)}
        if kind == "number":
            counts = {unescape(re.search(r'href="(/feedback/\?[^"]+)"', said).group(1)): int(rows_of(page, board, kind)[0]["n"])}
        assert counts, kind
        for url, n in counts.items():
            assert total(html(page, url)) == n, (kind, url)


def test_filters_live_in_the_url_and_a_foreign_unit_is_not_found(shop, board, heard):
    page = shop.page()
    whole, one_store = rows_of(page, board, "number")[0], rows_of(page, board, "number", "&unit=S001")[0]
    assert int(whole["n"]) == int(one_store["n"]) + 3 + 10, "the other two stores"
    assert f"/dashboards/{board.id}/widgets/{part(board, 'number')}/?unit=S001&amp;weeks=26" in page.get(f"/dashboards/{board.id}/?unit=S001&weeks=26").content.decode()
    assert shop.page("region_manager").get(f"/dashboards/{board.id}/widgets/{part(board, 'number')}/?unit=WEST").status_code == 404


def test_a_reader_sees_his_own_units_figures_only(shop, board, heard, now):
    receive(shop, mix(heard, 0, 0, 40, unit="S003"), now=now)
    with shop.scope():
        paths = {code: unit.path for code, unit in shop.units.items()}
    assert "/EAST/" in paths["S001"] and "/EAST/" not in paths["S003"], "the shop must have a store outside the reader's region"
    manager, region = shop.page(), shop.page("region_manager")
    assert int(rows_of(manager, board, "number")[0]["n"]) == int(rows_of(region, board, "number")[0]["n"]) + 40 + 3
    assert "S003" in {row["label"] for row in rows_of(manager, board, "bars")}
    assert "S003" not in {row["label"] for row in rows_of(region, board, "bars")}


def test_few_are_hidden_here_too(shop, board, now):
    receive(shop, mix(last_week(now), 2, 1, 1), now=now)
    (row,) = rows_of(shop.page(), board, "number")
    assert (row["value"], row["n"], row["suppressed"]) == ("", "", "true")
    assert "已隐藏，防止认出个人" in body(shop.page(), board, "number")


def test_from_the_list_to_a_dashboard_of_ones_own_and_back(shop, stranger):
    page = shop.page("store_manager")
    assert "还没有看板" in html(page, "/dashboards/")
    form = {"preset": "overview", "token": "t1"}
    assert page.post("/dashboards/new/", form).status_code == 302
    page.post("/dashboards/new/", form)
    with shop.scope():
        (row,) = Dashboard.objects.all()
    url = f"/dashboards/{row.id}/"
    assert html(page, url).count("hx-get=\"/dashboards/") == len(row.widgets)
    assert stranger.page("admin").get(url).status_code == 404
    assert shop.page().get(url).status_code == 404, "it is not shared yet"
    step = {"version": 1, "widget": row.widgets[0]["id"], "do": "wider"}
    assert page.post(f"{url}step/", step).status_code == 302
    assert page.post(f"{url}step/", step).status_code == 409
    assert page.post(f"{url}step/", {"version": 2, "do": "undo"}).status_code == 302
    wrong = page.post(f"{url}widgets/new/edit/", {"kind": "note", "version": 3, "text": " ", "title": "标题还在"})
    assert wrong.status_code == 400 and "写一句话" in wrong.content.decode() and "标题还在" in wrong.content.decode()
    right = {"kind": "table", "version": 3, "metrics": ["nps", "csi"], "by": "channel", "width": "12", "height": "2", "token": "t2"}
    assert page.post(f"{url}widgets/new/edit/", right).status_code == 302
    with shop.scope():
        assert Dashboard.objects.get().widgets[-1]["metrics"] == ["nps", "csi"]
    shared = {"version": 4, "name": "门店早会", "roles": ["cx_manager"], "do": "save"}
    assert page.post(f"{url}describe/", shared).status_code == 302
    assert "门店早会" in html(shop.page(), "/dashboards/")
    assert shop.page("executive").get(url).status_code == 404
    shop.page().post("/dashboards/new/", {"copy": str(row.id), "token": "t3"})
    with shop.scope():
        assert Dashboard.objects.filter(owner=shop.members["cx_manager"]).get().name == "门店早会 副本"
    assert page.post(f"{url}describe/", {"version": 5, "do": "remove"}).status_code == 302
    assert page.get(url).status_code == 404


def test_one_who_only_reads_changes_nothing(shop, board):
    page, url = shop.page("analyst"), f"/dashboards/{board.id}/"
    assert page.get(url).status_code == 200
    assert [page.get(f"{url}edit/").status_code, page.post(f"{url}step/", {"do": "undo", "version": 2}).status_code] == [404, 404]
    assert page.post(f"{url}describe/", {"do": "remove", "version": 2}).status_code == 404
    assert shop.page("frontline").get("/dashboards/").status_code == 403


def test_what_happened_on_a_day_stands_on_every_trend(shop, stranger, board, heard):
    page, url = shop.page(), f"/dashboards/{board.id}/"
    form = {"do": "add", "day": heard.isoformat(), "unit": "HQ", "text": "双十一大促", "token": "a1"}
    for _ in range(2):
        assert page.post(f"{url}annotations/", form).status_code == 302
    assert page.post(f"{url}annotations/", {**form, "day": "昨天", "token": "a2"}).status_code == 400
    with shop.scope():
        (note,) = Annotation.objects.all()
    assert "双十一大促" in body(page, board, "trend") and "vx-flag" in body(page, board, "trend")
    assert "双十一大促" in body(shop.page("region_manager"), board, "trend"), "what concerns the whole concerns its parts"
    assert page.post(f"{url}annotations/", {"do": "remove", "annotation": "x"}).status_code == 404
    assert page.post(f"{url}annotations/", {"do": "remove", "annotation": str(note.id)}).status_code == 302
    assert "双十一大促" not in body(page, board, "trend")


def test_the_wall_asks_again_every_minute(shop, board):
    said = html(shop.page(), f"/dashboards/{board.id}/wall/")
    assert said.count("every 60s") == len(board.widgets)


def test_all_presets_make_sense():
    for _name, rows in saved_dashboards.presets().values():
        assert [widgets.checked(one) for one in rows] == rows
