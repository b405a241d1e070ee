"""The anonymous question to employees: one answer a person, nothing that links it to him, few hidden from everybody."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from cxms.lib import clock
from feedback.models import Feedback, Score
from ledger.models import Fact
from metrics.series import Where, series
from reports import pulse as beside
from surveys import pulses
from surveys.models import PulsePerson, PulseTally
from tenancy import staff
from tenancy.models import AuditEvent, Staff
from tests.web.test_voices import html


@pytest.fixture
def crew(shop, now):
    """Twelve people in S001, four in S002, nobody in S003; a round that runs."""
    rows = [f"P{i:03},{'S001' if i < 10 else 'S002'},员工{i}" for i in range(13)]
    with shop.scope():
        staff.import_csv("employee_no,unit,name\n" + "\n".join(rows) + "\n", organisation=shop.id, now=now, actor="t")
        return pulses.open_round(organisation=shop.id, now=now, actor="user:x")


def people(shop, unit):
    with shop.scope():
        return list(PulsePerson.objects.filter(unit__code=unit).order_by("staff__employee_no"))


def say(shop, person, score, now):
    with shop.scope(), transaction.atomic():
        return pulses.answer(person.id, score, organisation=shop.id, now=now)


def figure(shop, row, now, **more):
    with shop.scope():
        return series(organisation=shop.id, metric="enps", period=beside.day_of(row), now=now, **more).points


def test_a_round_from_the_first_link_to_the_figure(shop, stranger, now, crew, client):
    first, *rest = people(shop, "S001")
    url = f"/e/{pulses.token(first)}/"
    assert "推荐亲友来这里工作" in html(client, url)
    for score, status in (("11", 400), ("", 400), ("x", 400), ("10", 200), ("0", 200)):
        assert client.post(url, {"score": score}).status_code == status  # the last one comes too late and changes nothing
    with shop.scope():
        assert (PulseTally.objects.get(unit__code="S001").promoters, PulseTally.objects.get(unit__code="S001").detractors) == (1, 0)
    assert "算进去了" in html(client, url)
    for person, score in zip(rest, (10, 9, 8, 7, 6, 0, 10, 10, 3), strict=False):
        assert say(shop, person, score, now)
    for person in people(shop, "S002"):
        assert say(shop, person, 0, now)
    assert [(p.n, p.value) for p in figure(shop, crew, now)] == [(0, None)]  # while it runs nobody sees a figure
    manager = shop.page("cx_manager")
    assert "还在答" in html(manager, "/people/pulse/")
    assert manager.post(f"/people/pulse/{crew.id}/", {"do": "close"}).status_code == 302
    assert client.get(url).status_code == 410 and client.post(url, {"score": "1"}).status_code == 410
    later = clock.now()
    (whole,) = figure(shop, crew, later)
    # 5 promoters, 2 passives, 3 detractors in S001 and 4 detractors in S002: the small store takes the whole with it
    assert whole.n == 14 and whole.value == pytest.approx(100 * (5 - 7) / 14)
    shown = {p.by["unit"]: p for p in figure(shop, crew, later, by=("unit",))}
    assert shown["S002"].suppressed and shown["S001"].suppressed
    (store,) = figure(shop, crew, later, where=Where(unit="S002"))
    assert store.suppressed
    # a key that sees every other small cell sees none of these
    span = {"from": crew.local_day.isoformat(), "to": (crew.local_day + timedelta(days=1)).isoformat()}
    raw = shop.api("metrics:read", "metrics:raw").get("/api/v1/metrics/enps", span | {"by": "unit"}).json()["points"]
    assert raw and all(point["suppressed"] and point["n"] is None for point in raw)
    assert "已隐藏" in html(manager, "/people/pulse/")
    card = html(manager, "/units/S002/")
    assert "员工怎么说" in card and "不足 5 个，已隐藏" in card
    with shop.scope():
        assert not Feedback.objects.exists() and not Score.objects.exists()  # never a customer's voice
    assert stranger.page("admin").post(f"/people/pulse/{crew.id}/", {"do": "close"}).status_code == 404


def test_beside_the_customers_of_each_unit(shop, now, crew):
    for person, score in zip(people(shop, "S001"), (10, 10, 9, 8, 3, 10), strict=False):
        say(shop, person, score, now)
    with shop.scope():
        pulses.close_round(crew.id, organisation=shop.id, now=now, actor="t")
    page = html(shop.page("store_manager"), "/people/pulse/")
    assert re.search(r"\+50 .*n = 6", page) or "+50" in page
    assert "+50" in html(shop.page("store_manager"), "/units/S001/")
    assert "苏州观前店" not in page


def test_nothing_tells_who_said_what(shop, now, crew):
    """No column, key, row version or order of rows links an answer to its giver; nor the ledger, nor the audit."""
    for person, score in zip(people(shop, "S001"), (10, 2, 8, 9, 10, 5), strict=False):
        say(shop, person, score, now)
    with shop.scope(), connection.cursor() as cursor:
        cursor.execute("select count(distinct p.xmin::text), count(*) from surveys_pulseperson p join tenancy_unit u on u.id = p.unit_id where u.code = 'S001' and p.organisation_id = %s", [shop.id])
        assert cursor.fetchone() == (1, 12)  # every person of the unit was written by the last answer, whoever gave it
        columns = "select table_name, column_name, data_type from information_schema.columns where table_name in ('surveys_pulsetally', 'surveys_pulseperson')"
        cursor.execute(columns)
        found = cursor.fetchall()
        assert not [row for row in found if row[2].startswith(("timestamp", "date", "time"))]
        assert {name for table, name, _kind in found if table == "surveys_pulsetally"} == {"id", "organisation_id", "round_id", "unit_id", "promoters", "passives", "detractors"}
        assert not Fact.objects.filter(organisation_id=shop.id, kind__contains="pulse").exists()
        assert list(AuditEvent.objects.filter(action__startswith="pulse").values_list("action", flat=True)) == ["pulse.opened"]
        # the answers stand in rows that were there before anybody answered
        assert PulseTally.objects.count() == 2


def test_two_taps_at_once_are_one_answer(shop, now, crew):
    person, said = people(shop, "S001")[0], []

    def tap(score):
        try:
            said.append(say(shop, person, score, now))
        finally:
            connection.close()

    threads = [threading.Thread(target=tap, args=(score,)) for score in (10, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == [False, True]
    with shop.scope():
        tally = PulseTally.objects.get(unit__code="S001")
        assert tally.promoters + tally.passives + tally.detractors == 1
        assert PulsePerson.objects.filter(has_answered=True).count() == 1


def test_rounds_are_opened_once_and_need_enough_people(shop, now):
    with shop.scope():
        with pytest.raises(pulses.PulseError, match="至少要有 5"):
            pulses.open_round(organisation=shop.id, now=now, actor="t")
        rows = "".join(f"P{i},S001,员工\n" for i in range(5))
        staff.import_csv("employee_no,unit,name\n" + rows, organisation=shop.id, now=now, actor="t")
        row = pulses.open_round(organisation=shop.id, now=now, actor="t")
        assert pulses.open_round(organisation=shop.id, now=now, actor="t") == row
        with pytest.raises(pulses.PulseError, match="上一轮"):
            pulses.open_round(organisation=shop.id, now=now + timedelta(days=3), actor="t")
        assert row.n_asked == Staff.objects.count() == 8
    answer = shop.page().post(f"/people/pulse/{row.id}/", {"do": "links"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 9 and "/e/" in lines[1]
    assert shop.page("store_manager").post(f"/people/pulse/{row.id}/", {"do": "links"}).status_code == 403
    assert pulses.read_token("nonsense") is None
