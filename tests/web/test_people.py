"""Employees: their own card, the team under its three stages, the appeal that takes a voice off a person, to the bit."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Notice
from complaints.models import Ticket
from feedback import appeals
from feedback.models import Appeal, Feedback, Score
from metrics import rollup
from tenancy import members, people_use
from tenancy.models import AuditEvent, Staff
from tests.metrics.voices import mix, receive, voice
from tests.web.test_voices import html, last_week, total

RULE = "每季度看一次近十三周的 NPS，n 满 30 才算；只与自己比；随时可以申诉，七天内由另一位经理决定。"


@pytest.fixture
def heard(shop, now, work):
    """E001 with 40 answers this quarter and 40 worse ones before, E002 with 12, E003 of another store with 3."""
    day, before = last_week(now), last_week(now) - timedelta(weeks=14)
    rude = [voice(day, 2, text=f"态度很差，爱理不理，第{i}次", staff="E001") for i in range(8)]
    kind = [voice(day, 10, text=f"店员态度特别好，耐心讲解，谢谢第{i}次", staff="E002") for i in range(9)]
    receive(shop, [*rude, *kind, *mix(day, 30, 2, 0, staff="E001"), *mix(before, 5, 5, 30, staff="E001")], now=now)
    receive(shop, mix(day, 3, 0, 0, staff="E002") + mix(day, 3, 0, 0, staff="E003", unit="S002"), now=now)
    with shop.scope():
        for role, number in (("frontline", "E001"), ("store_manager", "E002")):
            members.link_staff(shop.members[role].id, number, organisation=shop.id, version=None, now=now, actor="t")
    work()


def use(shop, now, *steps):
    with shop.scope():
        for stage, is_ranked in steps:
            people_use.save(stage=stage, is_ranked=is_ranked, rule=RULE, version=None, organisation=shop.id, now=now, actor="t")


def test_a_team_shows_what_the_stage_allows(shop, stranger, now, heard):
    manager = shop.page("store_manager")
    # off by default: thanks and growth, no figure of anybody, nobody in a tier
    first = html(manager, "/people/")
    assert "谢子昂" in first and "江宁" not in first  # his own store alone
    assert "真实上升" in first and "n = 40" not in first and "<th class=\"num\">NPS</th>" not in first
    card = html(manager, "/people/of/E001/")
    assert "真实变好" in card and "+5" not in card and "cx-tile" not in card
    use(shop, now, ("growth", False))
    second = html(manager, "/people/")
    assert '<th class="num">NPS</th>' in second and "不得用于考核" in second and "层</th>" not in second
    numbers = re.findall(r'<span class="cx-fine">(E00\d)</span>', second)
    assert numbers == sorted(numbers) == ["E001", "E002"]  # by number, never by figure
    assert "cx-tile" in html(manager, "/people/of/E001/")
    for url, n in re.findall(r'<td class="num"><a href="([^"]+)">(\d+)</a></td>', second):
        assert total(html(manager, url)) == int(n)
    use(shop, now, ("mature", True))
    third = html(manager, "/people/")
    assert "可用" in third and "n 不足 30，不得用" in third
    tiers = re.findall(r'<td class="num">(\d|–)</td></tr>', third)
    assert tiers == ["1", "–"]  # twelve answers are in no tier
    assert RULE in html(manager, "/people/of/E001/")
    # people in another's stores do not exist, nor do another tenant's
    assert manager.get("/people/of/E003/").status_code == 404
    assert stranger.page("admin").get("/people/of/E001/").context["staff"].unit.organisation_id == stranger.id
    assert shop.page().get("/people/of/E999/").status_code == 404
    for role in ("executive", "analyst", "frontline"):
        assert shop.page(role).get("/people/").status_code == 403
        assert shop.page(role).get("/people/of/E001/").status_code == 403


def test_few_answers_of_a_person_are_hidden_everywhere(shop, now, heard):
    use(shop, now, ("growth", False))
    page = shop.page()
    assert "不足 5 条，已隐藏" in html(page, "/people/")
    assert "+100" not in html(page, "/people/of/E003/")
    # never by day: the API refuses what the page does not offer
    span = {"staff": "E001", "grain": "day", "from": (last_week(now)).isoformat(), "to": (last_week(now) + timedelta(days=7)).isoformat()}
    answer = shop.api().get("/api/v1/metrics/nps", span)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "never_by_day")
    assert shop.api().get("/api/v1/metrics/nps", span | {"grain": "week"}).status_code == 200
    # nor one day as a whole, on any of the roads that take a person
    for to, status in ((1, 422), (6, 422), (7, 200)):
        asked = {"from": span["from"], "to": (last_week(now) + timedelta(days=to)).isoformat()}
        for road, more in (("metrics/nps", {"staff": "E001"}), ("metrics/nps", {"by": "unit, staff"}), ("drivers", {"staff": "E001"}), ("finance", {"staff": "E001"}), ("metrics/nps/reasons", {"staff": "E001"})):
            answer = shop.api().get(f"/api/v1/{road}", asked | more)
            assert answer.status_code == status, (road, to, answer.content)
        assert shop.api().get("/api/v1/metrics/nps", asked).status_code == 200


def test_ones_own_card_is_whole_in_every_stage(shop, now, heard):
    mine = html(shop.page("frontline"), "/people/me/")
    assert "谢子昂" in mine and "+55" in mine and "n = 40" in mine and "没有员工排名" in mine
    assert "和同事对练三段" in mine  # attitude is felt below zero, so there is something to practise
    assert "还没有连到员工" in html(shop.page("analyst"), "/people/me/")
    use(shop, now, ("growth", False))
    assert RULE in html(shop.page("frontline"), "/people/me/")
    assert "可以带别人" in html(shop.page("store_manager"), "/people/me/")


def test_the_team_asks_as_often_for_three_as_for_one(shop, now, heard):
    use(shop, now, ("growth", False))
    page = shop.page()
    page.get("/people/")
    with CaptureQueriesContext(connection) as one:
        page.get("/people/?q=E001")
    with CaptureQueriesContext(connection) as three:
        page.get("/people/")
    assert len(three) <= len(one) + 1  # a search by sound asks once more or less


def differences(shop):
    with shop.scope():
        while rollup.fold(organisation=shop.id):
            pass
        return len(rollup.audit(organisation=shop.id))


def test_an_upheld_appeal_takes_the_voice_off_the_person_and_nowhere_else(shop, stranger, now, heard, work):
    employee, manager = shop.page("frontline"), shop.page("region_manager")
    with shop.scope():
        key = Feedback.objects.filter(staff__employee_no="E001", text__startswith="态度很差").order_by("id")[0].id
    for text, status in (("短", 400), ("那天我休假，接待的是别人", 302), ("再说一次，那天我休假", 302)):
        assert employee.post("/people/me/appeal/", {"feedback": str(key), "reason": text}).status_code == status
    with shop.scope():
        row = Appeal.objects.get()  # twice is once
        local = now.astimezone(appeals.queries.zone("Asia/Shanghai")).date()
        assert (row.reason, row.due_date, row.state) == ("那天我休假，接待的是别人", local + timedelta(days=7), "waiting")
        not_his = Feedback.objects.filter(staff__employee_no="E002")[0].id
    assert employee.post("/people/me/appeal/", {"feedback": str(not_his), "reason": "不是我的事情"}).status_code == 404
    work()
    with shop.scope():
        assert [n.recipient.name for n in Notice.objects.filter(purpose="appeal").select_related("recipient")] == ["store_manager"]
    assert "那天我休假" in html(manager, "/people/appeals/?state=waiting")
    assert "那天我休假" not in html(stranger.page("admin"), "/people/appeals/")
    assert employee.post(f"/people/appeals/{row.id}/", {"do": "uphold", "answer": "同意"}).status_code == 403
    before = figures(shop, now)
    assert differences(shop) == 0
    assert manager.post(f"/people/appeals/{row.id}/", {"do": "uphold", "answer": ""}).status_code == 400
    done = manager.post(f"/people/appeals/{row.id}/?state=waiting", {"do": "uphold", "answer": "排班表上他休假"})
    assert (done.status_code, done.headers["Location"]) == (302, "/people/appeals/?state=waiting")
    # a second decision, by anybody, changes nothing
    assert shop.page().post(f"/people/appeals/{row.id}/", {"do": "reject", "answer": "我看还是他"}).status_code == 400
    work()
    after = figures(shop, now)
    assert (before["staff"], after["staff"]) == (40, 39)  # the person has one answer fewer, a detractor
    assert before["unit"] == after["unit"]  # the store has them all
    assert differences(shop) == 0
    with shop.scope():
        assert Feedback.objects.get(id=key).staff_id is None
        assert not Score.objects.filter(feedback_id=key, staff__isnull=False).exists()
        assert not Ticket.objects.filter(feedback_id=key, staff__isnull=False).exists()
        said = Notice.objects.filter(purpose="appeal", recipient=shop.members["frontline"]).get()
        assert said.data["state"] == "upheld"
        assert set(AuditEvent.objects.filter(action__startswith="appeal.").values_list("action", flat=True)) == {"appeal.made", "appeal.decided"}
    assert "排班表上他休假" in html(employee, "/people/me/")
    assert "不再记在你名下" in html(employee, "/notices/") or "排班表上他休假" in html(employee, "/notices/")


def figures(shop, now):
    span = {"from": (last_week(now)).isoformat(), "to": (last_week(now) + timedelta(days=7)).isoformat()}
    api = shop.api()
    (staff,) = api.get("/api/v1/metrics/nps", span | {"staff": "E001"}).json()["points"]
    (unit,) = api.get("/api/v1/metrics/nps", span | {"unit": "S001"}).json()["points"]
    return {"staff": staff["n"], "unit": (unit["n"], unit["value"])}


def test_nobody_decides_on_himself_and_a_rejection_leaves_the_figure(shop, now, heard):
    with shop.scope():
        person = Staff.objects.get(employee_no="E002")
        key = Feedback.objects.filter(staff=person).order_by("id")[0].id
        made = appeals.make(key, "这条说的是别的门店", person, organisation=shop.id, now=now, actor="t")
    # the manager is the person: neither button nor decision
    own = shop.page("store_manager")
    assert "自己的申诉由别人决定" in html(own, "/people/appeals/")
    assert own.post(f"/people/appeals/{made.id}/", {"do": "uphold", "answer": "当然成立"}).status_code == 400
    assert shop.page().post(f"/people/appeals/{made.id}/", {"do": "reject", "answer": "监控里是他"}).status_code == 302
    with shop.scope():
        assert Feedback.objects.get(id=key).staff_id == person.id
        assert Appeal.objects.get().state == "rejected"
    # what waits past its day is said and found
    with shop.scope():
        late = Feedback.objects.filter(staff__employee_no="E001").order_by("id")[0].id
        first = Staff.objects.get(employee_no="E001")
        appeals.make(late, "那天我没有上班呀", first, organisation=shop.id, now=now - timedelta(days=9), actor="t")
    listed = html(shop.page(), "/people/appeals/?overdue=1")
    assert "那天我没有上班呀" in listed and "已过期" in listed and "这条说的是别的门店" not in listed


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([("mature", False, RULE)], "stage_skipped"),
        ([("growth", True, "")], "too_early"),
        ([("growth", False, ""), ("mature", False, "太短")], "no_rule"),
        ([("growth", False, ""), ("mature", False, "字" * 2001)], "too_long"),
        ([("someday", False, RULE)], "unknown_stage"),
        ([("growth", False, ""), ("mature", True, RULE), ("start", False, RULE)], ""),
    ],
)
def test_stages_are_taken_one_by_one_and_written_down(shop, now, steps, code):
    with shop.scope():
        said = ""
        for stage, is_ranked, rule in steps:
            try:
                people_use.save(stage=stage, is_ranked=is_ranked, rule=rule, version=None, organisation=shop.id, now=now, actor="t")
            except people_use.PeopleUseError as error:
                said = error.code
        assert said == code
        if not code:
            assert [row.stage for row in people_use.history(organisation=shop.id)] == ["start", "mature", "growth"]
            assert AuditEvent.objects.filter(action="people_use.saved").count() == 3


def test_the_page_of_the_use_is_guarded_by_its_version(shop, now):
    page = shop.page()
    form = {"stage": "growth", "rule": RULE, "version": "0"}
    assert page.post("/settings/people/", form).status_code == 302
    assert page.post("/settings/people/", form).status_code in {302, 409}  # the same again keeps no second version
    stale = page.post("/settings/people/", {**form, "stage": "start"})
    assert stale.status_code == 409 and RULE in stale.content.decode()
    with shop.scope():
        assert [row.version for row in people_use.history(organisation=shop.id)] == [1]
    assert shop.page("executive").get("/settings/people/").status_code == 403


def test_a_log_in_is_one_employee_at_most(shop, now):
    page = shop.page("admin")
    with shop.scope():
        keys = {role: shop.members[role].id for role in ("frontline", "analyst")}
    form = {"do": "link", "employee_no": "E001", "version": "1"}
    assert page.post(f"/settings/members/{keys['frontline']}/", form).status_code == 302
    for number, said in (("E001", "已经连着另一个账号"), ("E999", "没有这个工号")):
        answer = page.post(f"/settings/members/{keys['analyst']}/", {**form, "employee_no": number})
        assert answer.status_code == 400 and said in answer.content.decode()
    assert "E001" in html(page, f"/settings/members/{keys['frontline']}/")
