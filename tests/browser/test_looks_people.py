"""How scorecards, the wall of thanks, appeals, the use of people's data and the coverage map look, on a desk and on a phone."""

from datetime import timedelta

import pytest

from customers import events
from feedback import appeals
from feedback.models import Feedback
from surveys import pulses
from tenancy import members, people_use, staff
from tenancy.models import Staff
from tests.browser.looks import findings
from tests.metrics.voices import ZONE, mix, receive, voice
from tests.surveys.test_pulses import people, say
from tests.web.test_coverage import met
from tests.web.test_voices import last_week

pytestmark = [pytest.mark.browser]
RULE = "每季度看一次近十三周的 NPS，n 满 30 才算；只与自己比；随时可以申诉，七天内由另一位经理决定。"


@pytest.fixture
def full(shop, now, work):
    """A store with figures, praise, something to practise, an appeal, a closed round and a running one's link."""
    day, before, today = last_week(now), last_week(now) - timedelta(weeks=14), now.astimezone(ZONE).date()
    rude = [voice(day, 2, text=f"态度很差，爱理不理，第{i}次", staff="E001") for i in range(8)]
    kind = [voice(today, 10, text=f"店员态度特别好，耐心讲解，谢谢第{i}次，电话13912340077", staff="E001", customer=f"c{i}") for i in range(9)]
    receive(shop, [*rude, *kind, *mix(day, 30, 2, 0, staff="E001"), *mix(before, 5, 5, 30, staff="E001"), *mix(day, 9, 9, 22, unit="S002")], now=now)
    with shop.scope():
        rows = "".join(f"P{i:03},S001,员工{i}\n" for i in range(6))
        staff.import_csv("employee_no,unit,name\n" + rows, organisation=shop.id, now=now, actor="t")
        members.link_staff(shop.members["frontline"].id, "E001", organisation=shop.id, version=None, now=now, actor="t")
        for stage in ("growth", "mature"):
            people_use.save(stage=stage, is_ranked=stage == "mature", rule=RULE, version=None, organisation=shop.id, now=now, actor="t")
        one = Feedback.objects.filter(staff__employee_no="E001", text__startswith="态度").order_by("id")[0]
        appeals.make(one.id, "那天我休假，接待的是别人", Staff.objects.get(employee_no="E001"), organisation=shop.id, now=now, actor="t")
        before_round = pulses.open_round(organisation=shop.id, now=now - timedelta(days=20), actor="t")
    for person, score in zip(people(shop, "S001"), (10, 9, 8, 3, 10, 7), strict=False):
        say(shop, person, score, now - timedelta(days=19))
    with shop.scope():
        pulses.close_round(before_round.id, organisation=shop.id, now=now - timedelta(days=9), actor="t")
        running = pulses.open_round(organisation=shop.id, now=now, actor="t")
        link = f"/e/{pulses.token(pulses.PulsePerson.objects.filter(round=running)[0])}/"
        long_ago = now - timedelta(days=45)
        events.receive([met(f"m{n}", long_ago, place) for n in range(40) for place in ("payment", "delivery")], organisation=shop.id, now=now)
    receive(shop, [voice((long_ago + timedelta(days=1)).date(), 9, customer=f"m{n}", touchpoint="payment") for n in range(22)], now=now)
    work()
    return link


@pytest.mark.parametrize("width", [1440, 360])
def test_people_and_stores_are_sound(full, visit, width):
    pages = {
        "manager": ("cx_manager", ("/units/", "/units/S001/", "/praise/", "/praise/?wall=1", "/people/", "/people/of/E001/", "/people/appeals/", "/people/pulse/", "/settings/people/", "/coverage/")),
        "own": ("frontline", ("/people/me/",)),
    }
    found = []
    for role, urls in pages.values():
        with visit(role, width=width) as page:
            for url in urls:
                found += findings(page, url.strip("/").replace("/", "-").replace("?", "-") or "root", url, width=width)
    with visit("", width=width) as page:
        found += findings(page, "question", full, width=width)
    assert found == []
