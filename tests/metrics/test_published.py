"""Published indices: as printed, marked as somebody else's wherever they go, and in no series."""

import csv
import io
import re
import uuid
from datetime import timedelta

import pytest

from metrics import published
from metrics.published import PublishedError
from metrics.targets import TargetError
from tests.metrics.voices import receive, voice

GIVEN = {"name": "行业均值", "publisher": "某协会", "metric": "csi", "year": "2025", "value": "80.2", "source": "年报第 3 页"}


def test_the_shipped_values_are_the_printed_ones(shop):
    with shop.scope():
        (index,) = published.indices(organisation=shop.id, metric="csi")
        assert published.indices(organisation=shop.id, metric="nps") == []
    assert {value.year: value.value for value in index.values} == {2023: 74.7, 2024: 78.5, 2025: 81.9}
    assert index.publisher and all(value.source for value in index.values)
    assert [round(b.value - a.value, 1) for a, b in zip(index.values, index.values[1:], strict=False)] == [3.8, 3.4]
    assert published.line(index, [2022, 2023, 2026]) == [None, 74.7, 81.9]


def test_own_additions_are_checked_kept_once_and_withdrawn(shop, stranger, now):
    key = uuid.uuid4()
    with shop.scope():
        asked = {"organisation": shop.id, "now": now, "actor": "t"}
        for _ in range(2):
            row = published.add(key, GIVEN, **asked)
        for more, code in (({"year": "2099"}, "bad_year"), ({"year": "x"}, "bad_year"), ({"source": " "}, "missing"), ({}, "there_already"), ({"metric": "x"}, "unknown_metric")):
            with pytest.raises(PublishedError) as refused:
                published.add(uuid.uuid4(), GIVEN | more, **asked)
            assert refused.value.code == code
        with pytest.raises(TargetError):
            published.add(uuid.uuid4(), GIVEN | {"value": "101", "year": "2024"}, **asked)
        assert [one.code for one in published.indices(organisation=shop.id)] == ["c-csi", "own-行业均值"]
    with stranger.scope():
        assert [one.code for one in published.indices(organisation=stranger.id)] == ["c-csi"]
        assert published.withdraw(row.id, organisation=stranger.id, now=now, actor="t") is None
    with shop.scope():
        for _ in range(2):
            assert published.withdraw(row.id, **asked).withdrawn_at == now
        assert [one.code for one in published.indices(organisation=shop.id)] == ["c-csi"]


def test_page_api_and_figure_say_that_it_is_not_ones_own(shop, stranger, now):
    day = (now + timedelta(hours=8)).date()
    for back in (0, 7, 14):
        receive(shop, [voice(day - timedelta(days=back), 60 + i, kind="csi", scale=(0, 100)) for i in range(8)], now=now)
    page, api = shop.page(), shop.api("metrics:read")
    assert page.post("/published/", GIVEN | {"token": "p"}).status_code == 302
    assert shop.page("analyst").post("/published/", GIVEN | {"token": "q"}).status_code == 404
    assert page.post("/published/", GIVEN | {"token": "r"}).status_code == 400
    lines = list(csv.DictReader(io.StringIO(page.get("/published/?format=csv").content.decode("utf-8-sig"))))
    assert len(lines) == 4 and {(line["kind"], line["own_data"]) for line in lines} == {("published", "false")}
    rows = api.get("/api/v1/published-indices").json()["results"]
    assert [(row["metric"], row["kind"], row["own_data"], row["shipped"]) for row in rows] == [("csi", "published", False, True), ("csi", "published", False, False)]
    before = api.get("/api/v1/metrics/csi?grain=week").json()["points"]
    text = re.sub(r"<[^>]+>", " ", page.get("/metrics/csi?index=c-csi").content.decode())
    assert "公开数据，不是本公司：C-CSI 全国 81.9（2025）" in text
    assert "vx-public" in page.get("/metrics/csi?index=c-csi").content.decode()
    assert "vx-public" not in page.get("/metrics/csi").content.decode(), "only when asked for"
    assert api.get("/api/v1/metrics/csi?grain=week").json()["points"] == before
    with shop.scope():
        own = published.indices(organisation=shop.id)[1].values[0].key
    assert stranger.page().post(f"/published/{own}/withdraw/").status_code == 404
    assert page.post(f"/published/{own}/withdraw/").status_code == 302
    assert "某协会" not in page.get("/published/").content.decode()
