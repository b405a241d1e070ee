"""Sixty days before a calendar's holidays end the administrators hear of it, once per calendar and year."""

from datetime import UTC, date, datetime, timedelta

import pytest

from alerts import reaches
from alerts.models import Hop, Notice
from alerts.reaches import Wish
from alerts.wording import words
from cxms.lib import clock
from cxms.lib.working_time import Calendar
from ledger.models import Fact
from tenancy import calendars, holidays
from tenancy.models import CalendarWatch

WEEK = {"mon": [["09:00", "18:00"]]}


def spec(*days, workdays=(), timezone="Asia/Shanghai", always=False):
    return {
        "timezone": timezone, "always": always, "weekly": WEEK, "holidays": list(days),
        "workdays": {day: [["09:00", "18:00"]] for day in workdays},
    }  # fmt: skip


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


LOOKS = [
    # the calendar, what was said, now, when it is looked at next
    (spec("2026-10-01"), [], "2026-03-01T10:00+08:00", "2026-11-02T09:00+08:00"),
    (spec("2026-10-01"), [], "2026-11-02T08:59:59+08:00", "2026-11-02T09:00+08:00"),
    (spec("2026-10-01"), [], "2026-11-02T09:00+08:00", "2026-11-03T09:00+08:00"),
    (spec("2026-10-01"), [], "2026-11-22T19:00+08:00", "2026-11-23T09:00+08:00"),
    (spec("2026-10-01"), [2027], "2026-11-22T19:00+08:00", "2027-11-02T09:00+08:00"),
    (spec("2026-10-01", "2027-01-01"), [], "2026-11-22T19:00+08:00", "2027-11-02T09:00+08:00"),
    # in mainland China a year whose make-up days nobody knows is not published yet
    (spec("2026-10-01", "2027-01-01", workdays=["2026-10-10"]), [], "2026-11-22T19:00+08:00", "2026-11-23T09:00+08:00"),
    (spec("2026-10-01", "2027-01-01", workdays=["2026-10-10"], timezone="Europe/Berlin"), [], "2026-11-22T19:00+01:00", "2027-11-02T09:00+01:00"),
    # a list that ended years ago: tomorrow
    (spec("2024-10-01"), [], "2026-03-01T10:00+08:00", "2026-03-02T09:00+08:00"),
    (spec("2026-10-01", "2027-10-01", "2028-10-01"), [], "2026-03-01T10:00+08:00", None),
    (spec(), [], "2026-03-01T10:00+08:00", None),
    (spec("2026-10-01", always=True), [], "2026-03-01T10:00+08:00", None),
]


@pytest.mark.parametrize(("said", "told", "now", "then"), LOOKS)
def test_when_it_is_looked_at(said, told, now, then):
    found = holidays.next_look(Calendar.from_spec(said), told, at(now))
    assert found == (at(then) if then else None)


def look(shop, now):
    with shop.scope():
        known = {row.code: calendars.load(row) for row in calendars.all_current(organisation=shop.id)}
        return holidays.look(known, organisation=shop.id, now=now)


def put(shop, code, now, *days, **more):
    with shop.scope():
        calendars.put(code, spec(*days, **more), organisation=shop.id, now=now, actor="t")


@pytest.fixture
def autumn(shop):
    """A calendar that knows this year, as it was written in March, and the day of its look."""
    put(shop, "plant", at("2026-03-01T10:00+08:00"), "2026-10-01")
    return at("2026-11-02T09:00+08:00")


def test_administrators_are_told_once_per_calendar_and_year(shop, autumn, work):
    assert look(shop, autumn - timedelta(seconds=1)) == 0
    assert [look(shop, autumn + timedelta(days=n)) for n in (0, 0, 1, 30)] == [1, 0, 0, 0]
    with shop.scope():
        assert Fact.objects.filter(kind="calendar.unfilled").count() == 1
    work()
    with shop.scope():
        (row,) = Notice.objects.filter(purpose="holidays").select_related("recipient__user")
        assert (row.recipient.name, row.data["code"], row.data["year"]) == ("admin", "plant", 2027)
        for language, word in (("zh-hans", "2027 年的节假日"), ("zh-hant", "2027 年的節假日"), ("en", "2027")):
            said = words(row, language=language)
            assert word in said.subject
            assert said.link.endswith("/settings/calendars/plant/")
    html = shop.page("admin").get("/notices/").content.decode()
    assert 'href="/settings/calendars/plant/"' in html
    # written again without the year: said is said; the year after is another year
    put(shop, "plant", autumn, "2026-10-01", "2026-10-02")
    with shop.scope():
        assert CalendarWatch.objects.get(code="plant").next_at == at("2027-11-02T09:00+08:00")


def test_filled_in_time_nobody_hears_of_it(shop, autumn):
    put(shop, "plant", autumn - timedelta(days=1), "2026-10-01", "2027-10-01")
    assert look(shop, autumn) == 0
    html = shop.page("admin").get("/settings/calendars/plant/").content.decode()
    assert "节假日和调休还不全" not in html


def test_the_calendars_page_says_it_too(shop, autumn):
    put(shop, "old", autumn, "2024-10-01")
    html = shop.page("admin").get("/settings/calendars/old/").content.decode()
    assert f"{clock.now().year} 年的节假日和调休还不全" in html


def test_the_control_a_look_that_is_not_written_down_says_it_again(shop, autumn, monkeypatch):
    monkeypatch.setattr(CalendarWatch, "save", lambda self, **kwargs: None)
    assert [look(shop, autumn), look(shop, autumn)] == [1, 1]
    with shop.scope():
        assert Fact.objects.filter(kind="calendar.unfilled").count() == 2


def test_a_quiet_administrator_finds_it_in_the_bell(shop, autumn, post):
    from alerts import unfilled

    with shop.scope():
        admin = shop.members["admin"]
        reaches.save(admin, Wish(quiet=(8 * 60, 10 * 60)), organisation=shop.id, version=None, now=autumn, actor="t")
        (row,) = unfilled.tell("plant", 2027, organisation=shop.id, now=autumn)
        assert row.data["silent"] is True
        (loud,) = unfilled.tell("plant", 2028, organisation=shop.id, now=autumn + timedelta(hours=2))
        assert list(Hop.objects.values_list("notice_id", flat=True)) == [loud.id]
        assert unfilled.tell("plant", 2028, organisation=shop.id, now=autumn) == []


def test_the_shipped_office_is_watched_from_its_first_day(stranger):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with stranger.scope():
        row = calendars.current("office", organisation=stranger.id)
        assert holidays.gap_years(calendars.load(row), date(2026, 12, 1), 60) == [2027]
        calendars.put("office", {**row.spec, "holidays": row.spec["holidays"][1:]}, organisation=stranger.id, now=now, actor="t")
        assert CalendarWatch.objects.get(code="office").next_at == at("2026-11-02T09:00+08:00")
        assert set(CalendarWatch.objects.exclude(code="office").values_list("next_at", flat=True)) == {None}
