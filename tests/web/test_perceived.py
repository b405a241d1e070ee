"""Minutes beside feelings: flagged when one moved without the other; the halo check in words; rows and CSV say the same."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from customers import events
from customers.events import RawEvent
from feedback.shapes import RawScore
from metrics.series import Where
from metrics.statistics import partial_correlation
from reports import perceived
from reports.dashboards import monday_of
from reports.perceived import HaloAsked, Move, Row
from tenancy.models import Unit
from tests.metrics.voices import at, receive, voice

PAIRS = [(0.001, 0.5, "measured_only"), (0.5, 0.001, "felt_only"), (0.001, 0.001, ""), (0.5, 0.5, ""), (None, 0.001, ""), (0.001, None, "")]


@pytest.mark.parametrize(("measured", "felt", "said"), PAIRS)
def test_a_flag_needs_one_move_and_one_that_was_looked_at(measured, felt, said):
    assert Row("S001", None, None, None, Move(1.0, measured), Move(1.0, felt)).mismatch == said


@pytest.fixture
def weeks(shop, now, work):
    """S001: before, 20 minutes and sad; in the last week 2 minutes, and just as sad."""
    monday = monday_of((now + timedelta(hours=8)).date())
    rows = [
        RawEvent(f"W{ago}-{i}", "visit", at(monday - timedelta(weeks=ago)), unit="S001", metadata={"waited_seconds": minutes * 60})
        for ago, minutes in ((2, 20), (1, 2)) for i in range(40)
    ]  # fmt: skip
    with shop.scope():
        events.receive(rows, organisation=shop.id, now=now, announce=False)
    for ago in (2, 1):
        keys = receive(shop, [voice(monday - timedelta(weeks=ago), text="排队等了很久", unit="S001") for _ in range(12)], now=now)
        work()
        feel(shop, keys)
    return monday


def feel(shop, keys):
    from django.db import connection

    with shop.scope(), connection.cursor() as cursor:
        for i, key in enumerate(keys):
            cursor.execute(
                "update feedback_analysis set topic_codes = array['waiting_time'], sentiment_score = %s where feedback_id = %s and is_current",
                [-0.5 + (0.1 if i % 2 else -0.1), key],
            )
            assert cursor.rowcount == 1


def test_minutes_moved_and_feelings_did_not(shop, stranger, now, weeks):
    page = shop.page()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.get("/perceived/").content.decode()))
    assert "实测变了，感受没变" in text and "感受变了，实测没变" not in text
    with shop.scope():
        found = perceived.beside(organisation=shop.id, now=now, where=Where(), topic="waiting_time")
    last, before = found.weeks[-1], found.weeks[-2]
    assert [(row.measured.value, row.measured.n, row.felt.n) for row in (before, last)] == [(20.0, 40, 12), (2.0, 40, 12)]
    assert last.measured_move.is_real and last.felt_move.p == 1.0 and last.mismatch == "measured_only"
    assert before.mismatch == "", "nothing before it to compare with"
    rows = list(csv.DictReader(io.StringIO(page.get("/perceived/?format=csv").content.decode("utf-8-sig"))))
    (line,) = [row for row in rows if row["cut"] == "week" and row["from"] == str(weeks - timedelta(weeks=1))]
    assert (line["minutes"], line["waits"], line["within_share"], line["voices"], line["mismatch"]) == ("2.0", "40", "1.0", "12", "measured_only")
    assert float(line["sentiment"]) == last.felt.value
    empty = stranger.page().get("/perceived/").content.decode()
    assert "metadata.waited_seconds" in empty
    assert shop.page("frontline").get("/perceived/").status_code == 403
    with pytest.raises(ValueError):
        perceived.beside(organisation=shop.id, now=now, where=Where(), topic="price")


def test_the_halo_check_reads_each_respondents_scores(shop, now):
    day = (now + timedelta(hours=8)).date()
    voices, columns = [], []
    for i in range(60):
        attitude, speed, score = 1 + i % 5, 1 + (i // 5) % 5, min(10, 2 * (i % 5) + i % 3)
        columns.append((speed, score, attitude))
        made = voice(day, score)
        items = tuple(RawScore("csat", Decimal(v), 1, 5, item) for item, v in (("wait_speed", speed), ("staff_attitude", attitude)))
        voices.append(replace(made, scores=(*made.scores, *items)))
    receive(shop, voices, now=now)
    with shop.scope():
        from cxms.lib.periods import Period

        period = Period(day, day + timedelta(days=1))
        chosen, items, halo = perceived.halo(organisation=shop.id, period=period, where=Where(), now=now, asked=HaloAsked())
    assert (chosen.speed, chosen.attitude, items) == ("csat.wait_speed", "csat.staff_attitude", ["csat.staff_attitude", "csat.wait_speed"])
    wanted = partial_correlation(*map(list, zip(*columns, strict=True)))
    assert halo.n == 60 and halo.partial.value == pytest.approx(wanted.partial.value) and halo.verdict == wanted.verdict
    text = shop.page().get("/perceived/").content.decode()
    assert "相关，不等于因果" in text and "n = 60" in text
    few = shop.page().get("/perceived/?outcome=csat").content.decode()
    assert "才能查光环" in few


def test_how_few_answered_all_three_is_not_told(shop, now):
    day = (now + timedelta(hours=8)).date()
    voices = [voice(day, 9) for _ in range(20)]
    for i in range(3):
        made = voice(day, 3 + i)
        items = tuple(RawScore("csat", Decimal(1 + i), 1, 5, item) for item in ("wait_speed", "staff_attitude"))
        voices.append(replace(made, scores=(*made.scores, *items)))
    receive(shop, voices, now=now)
    text = shop.page().get("/perceived/").content.decode()
    assert "三项都答了的有 3 条" not in text and "才能查光环" in text


def test_a_retired_unit_stands_with_what_it_counted_on_the_page_and_in_the_file(shop, weeks, now):
    page = shop.page()

    def units():
        lines = csv.DictReader(io.StringIO(page.get("/perceived/?format=csv").content.decode("utf-8-sig")))
        shown = next(rows for code, _, rows in page.get("/perceived/").context["tables"] if code == "unit")
        assert [row["code"] for row in lines if row["cut"] == "unit"] == [row["row"].code for row in shown]
        return shown

    assert [row["name"] for row in units()] == ["杭州西溪店"]
    with shop.scope():
        Unit.objects.filter(organisation_id=shop.id, code="S001").update(retired_at=now)
    (row,) = units()
    assert row["name"] == "杭州西溪店（已停用）" and row["felt"]["url"] == ""
    assert page.get(row["measured"]["url"]).context["n"] == row["measured"]["n"]
