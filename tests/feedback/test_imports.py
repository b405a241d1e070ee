"""File imports: what was found out about a file, exact counts, nothing twice after a stop, and everything back by undo."""

import csv
import io
import random
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from cxms.lib.periods import Period
from feedback import first, imports, queries, search, voices
from feedback.channels import sheet
from feedback.enums import ImportState
from feedback.first_models import Unclassified
from feedback.imports import ImportError_, StaleImport
from feedback.models import Analysis, Feedback, ImportJob, ImportReject, Score
from feedback.queries import Filters
from ledger import runner
from ledger.models import Fact
from metrics.series import Where, series
from tests.metrics.voices import receive, voice

HEADER = ["评价时间", "门店", "推荐意愿", "评价内容", "手机号", "编号"]


def rows(n, bad=0.0, seed=7):
    """n records; a share of them bad in known ways. Gives the records and the rows (from 2) that are bad."""
    rng, made, wrong = random.Random(seed), [], set()
    for i in range(n):
        record = [f"2026/11/{1 + i % 18} {9 + i % 10}:05", "杭州西溪店", str(i % 11), f"第{i}条：排队，太久“真的”", f"138{i % 500:08d}", f"N-{i}"]
        if rng.random() < bad:
            wrong.add(i + 2)
            kind = len(wrong) % 3
            record[(0, 1, 2)[kind]] = ("昨天", "没有这家店!", "十一")[kind]
        made.append(record)
    return made, wrong


def as_csv(records, encoding="gb18030", header=HEADER):
    out = io.StringIO()
    csv.writer(out).writerows([header, *records])
    return out.getvalue().encode(encoding)


def upload(shop, body, now, name="评价.csv"):
    with shop.scope():
        return imports.upload(body, name, organisation=shop.id, now=now, actor="user:x")


def mapped(shop, job, now, columns=None, **more):
    with shop.scope():
        return imports.map_columns(
            job.id, columns or job.columns, channel=more.get("channel", "review"), unit=more.get("unit", ""),
            version=job.version, organisation=shop.id, now=now, actor="user:x",
        )  # fmt: skip


def drained():
    while runner.drain(seconds=60):
        pass


def fresh(shop, job):
    with shop.scope():
        return ImportJob.objects.get(id=job.id)


@pytest.mark.parametrize(
    ("encoding", "found"), [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")]
)
def test_encodings_are_found_out(shop, now, encoding, found):
    job = upload(shop, as_csv(rows(3)[0], encoding), now)
    assert (job.encoding, job.n_rows, job.header) == (found, 3, HEADER)
    with shop.scope():
        assert imports.preview(job)[0][3] == "第0条：排队，太久“真的”"
    assert job.columns == {"occurred_at": 0, "unit": 1, "nps": 2, "text": 3, "customer.phone": 4, "external_id": 5}


def test_a_workbook_is_read_with_its_dates(shop, now):
    book = Workbook()
    book.active.append(HEADER)
    book.active.append([now.replace(tzinfo=None, microsecond=0), "杭州西溪店", 9, "很好", 13812346629, "N-1"])
    out = io.BytesIO()
    book.save(out)
    job = upload(shop, out.getvalue(), now, "评价.xlsx")
    assert (job.kind, job.n_rows) == ("xlsx", 1)
    mapped(shop, job, now)
    drained()
    assert fresh(shop, job).n_accepted == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "unknown_form"),
        ("内容\n好".encode() + b"\xff\xff\x80", "unknown_encoding"),
        (b"", "no_header"),
        ("内容,编号\n".encode(), "empty"),
        (b"PK\x03\x04broken", "broken_xlsx"),
        (",".join(f"c{i}" for i in range(300)).encode() + b"\n1", "too_many_columns"),
    ],
)
def test_files_that_are_none_are_refused_and_leave_nothing(shop, now, body, code):
    with pytest.raises(ImportError_) as error:
        upload(shop, body, now)
    assert error.value.code == code
    with shop.scope():
        assert ImportJob.objects.count() == 0


def test_a_dry_run_counts_what_the_import_will_do_and_stores_nothing(shop, now):
    records, wrong = rows(2500, bad=0.04)
    records[10][5] = records[9][5]
    job = mapped(shop, upload(shop, as_csv(records), now), now)
    drained()
    job = fresh(shop, job)
    dry = (job.state, job.n_seen, job.n_accepted, job.n_duplicates, job.n_rejected)
    assert dry[0:2] == (ImportState.CHECKED, 2500)
    assert job.n_rejected == len(wrong)
    assert job.n_accepted + job.n_duplicates + job.n_rejected == 2500
    with shop.scope():
        assert Feedback.objects.count() == 0
        assert set(ImportReject.objects.values_list("row", flat=True)) == wrong
        reasons = imports.summary(job)["reasons"]
        assert {field for _n, _why, field in reasons} == {"occurred_at", "unit", "nps"}
        imports.begin(job.id, version=job.version, organisation=shop.id, now=now, actor="user:x")
    drained()
    done = fresh(shop, job)
    assert (done.n_accepted, done.n_duplicates, done.n_rejected) == dry[2:]
    with shop.scope():
        assert Feedback.objects.count() == done.n_accepted


def test_the_same_file_again_is_all_duplicates(shop, now):
    records, _ = rows(30)
    for n_new, n_same in ((30, 0), (0, 30)):
        job = mapped(shop, upload(shop, as_csv(records), now), now)
        drained()
        job = fresh(shop, job)
        assert (job.n_accepted, job.n_duplicates) == (n_new, n_same)
        if n_new:
            with shop.scope():
                imports.begin(job.id, version=job.version, organisation=shop.id, now=now, actor="user:x")
            drained()


def test_a_run_that_stops_goes_on_and_counts_nothing_twice(shop, now, monkeypatch):
    job = mapped(shop, upload(shop, as_csv(rows(4100)[0]), now), now)
    drained()
    with shop.scope():
        job = imports.begin(job.id, version=fresh(shop, job).version, organisation=shop.id, now=now, actor="user:x")
    real, calls = imports._take, []

    def breaks(job, part, *arguments, **more):
        real(job, part, *arguments, **more)
        calls.append(part.number)
        if len(calls) == 2:
            raise RuntimeError("the worker died after the effect and before the commit")

    monkeypatch.setattr(imports, "_take", breaks)
    ends = time.monotonic() + 60
    while fresh(shop, job).state != ImportState.DONE and time.monotonic() < ends:
        runner.drain(seconds=5)
        time.sleep(0.2)
    found = fresh(shop, job)
    assert (found.n_seen, found.n_accepted) == (4100, 4100)
    assert calls == [0, 1, 1, 2]
    with shop.scope():
        assert Feedback.objects.count() == 4100


def test_undo_takes_everything_back_and_the_figures_follow(shop, now):
    job = mapped(shop, upload(shop, as_csv(rows(220)[0]), now), now)
    drained()
    with shop.scope():
        job = imports.begin(job.id, version=fresh(shop, job).version, organisation=shop.id, now=now, actor="user:x")
    drained()
    period = Period((now - timedelta(days=40)).date(), (now + timedelta(days=2)).date())

    def n():
        with shop.scope():
            return series(organisation=shop.id, metric="nps", period=period, where=Where(), now=now).points[0].n

    assert n() == 220
    with shop.scope():
        found = ImportJob.objects.get(id=job.id)
        with pytest.raises(StaleImport):
            imports.undo(found.id, version=found.version - 1, organisation=shop.id, now=now, actor="x")
        with pytest.raises(ImportError_, match="7 天"):
            imports.undo(
                found.id, version=found.version, organisation=shop.id, now=found.finished_at + timedelta(days=8), actor="x"
            )
        imports.undo(found.id, version=found.version, organisation=shop.id, now=now, actor="x")
    drained()
    assert fresh(shop, job).state == ImportState.UNDONE
    assert n() == 0
    with shop.scope():
        assert Score.objects.count() == 0
        assert Feedback.objects.filter(deleted_at__isnull=True).count() == 0


def test_what_an_undo_took_back_is_nowhere(shop, now):
    """Neither found nor listed nor waiting to be classified, and whoever follows the facts hears of each; as `voices.delete` leaves it."""
    with shop.scope():
        first.choose("person", organisation=shop.id, version=None, now=now - timedelta(days=90), actor="user:x")
    job = mapped(shop, upload(shop, as_csv(rows(30)[0]), now), now)
    drained()
    with shop.scope():
        job = imports.begin(job.id, version=fresh(shop, job).version, organisation=shop.id, now=now, actor="user:x")
    drained()
    filters = Filters(q="排队 太久")

    def held():
        with shop.scope():
            ids = search.within(None, filters, organisation=shop.id).ids
            return len(ids), len(queries.in_order(ids, organisation=shop.id)), Unclassified.objects.count()

    assert held() == (30, 30, 30)
    page = shop.page()
    assert page.get("/feedback/", {"q": filters.q}).content.decode().count('class="vx-said"') == 30
    with shop.scope():
        keys = list(Feedback.objects.values_list("id", flat=True))
        imports.undo(job.id, version=fresh(shop, job).version, organisation=shop.id, now=now, actor="user:x")
    drained()
    assert held() == (0, 0, 0)
    assert page.get("/feedback/", {"q": filters.q}).content.decode().count('class="vx-said"') == 0
    with shop.scope():
        told = Fact.objects.filter(kind="feedback.deleted")
        assert sorted(told.values_list("subject", flat=True)) == sorted(map(str, keys))
        assert queries.in_order(keys, organisation=shop.id) == []
        # again: nothing is left to delete, nothing is told twice
        assert voices.delete_each(keys, organisation=shop.id, now=now, actor="user:x") == 0
        assert told.count() == 30


def test_a_voice_deleted_before_it_was_read_is_never_found(shop, now, work):
    keys = receive(shop, [voice(now.date(), 3, text=f"排队太久{n}") for n in range(2)], now=now)
    with shop.scope():
        voices.delete(keys[0], organisation=shop.id, now=now, actor="user:x")
    work()
    with shop.scope():
        assert search.within(None, Filters(q="排队"), organisation=shop.id).ids == [keys[1]]
        assert list(Analysis.objects.values_list("feedback_id", flat=True)) == [keys[1]]
        # nor when it went between the reading and the index
        search.index([(keys[0], "排队太久0")], organisation=shop.id)
        assert search.within(None, Filters(q="排队"), organisation=shop.id).ids == [keys[1]]


def test_an_excel_file_of_a_hundred_thousand_with_three_percent_bad_rows_goes_in_exactly(shop, now):
    records, wrong = rows(100_000, bad=0.03)
    body = as_csv(records)
    assert body.decode("gb18030") and 0.028 < len(wrong) / 100_000 < 0.032
    job = mapped(shop, upload(shop, body, now), now)
    drained()
    job = fresh(shop, job)
    assert (job.n_seen, job.n_rejected, job.n_accepted, job.n_duplicates) == (100_000, len(wrong), 100_000 - len(wrong), 0)
    with shop.scope():
        imports.begin(job.id, version=job.version, organisation=shop.id, now=now, actor="user:x")
    while runner.drain("imports", seconds=120):
        pass
    job = fresh(shop, job)
    assert (job.state, job.n_rejected, job.n_accepted) == (ImportState.DONE, len(wrong), 100_000 - len(wrong))
    with shop.scope():
        assert Feedback.objects.count() == 100_000 - len(wrong)
        assert set(ImportReject.objects.values_list("row", flat=True)) == wrong
        back = list(csv.reader(io.StringIO("".join(imports.rejected_csv(job, is_whole=True)).removeprefix("\ufeff"))))
        assert len(back) == len(wrong) + 1
        assert {int(line[0]) for line in back[1:]} == wrong


@given(st.text(max_size=30), st.sampled_from(["=1+1", "+cmd", "-2+3", "@SUM(A1)", "＝1", "\t=1", '"=1', "\ufeff=1", " =1"]))
def test_no_cell_of_a_rejected_file_is_a_formula(text, start):
    for cell in (text, start + text):
        found = sheet.safe(cell)
        first = found.lstrip(" \t\r\n\ufeff\"")[:1]
        assert not first or first not in "=+-@＝＋－＠" or sheet._is_number(found)
        assert found in {cell, f"'{cell}"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-22 10:33", "2026-11-22T10:33:00+08:00"), ("2026/1/2", "2026-01-02T00:00:00+08:00"),
        ("2026年11月22日 10时33分", "2026-11-22T10:33:00+08:00"), ("2026.11.22 8:05:09", "2026-11-22T08:05:09+08:00"),
        ("2026-11-22T02:33:00Z", "2026-11-22T02:33:00+00:00"),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text, said):
    from zoneinfo import ZoneInfo

    assert sheet.instant(text, ZoneInfo("Asia/Shanghai")) == said
    with pytest.raises(sheet.ShapeError):
        sheet.instant("2026-13-40", ZoneInfo("Asia/Shanghai"))
