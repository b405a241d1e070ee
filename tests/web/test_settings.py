"""The settings pages: who may, what each write does, that a slower writer is told, that it stands in the audit."""

from datetime import date, timedelta

import pytest

from alerts.models import Notice
from complaints import policies_match, sla_policies
from complaints.models import Clock, Ticket
from feedback import topics
from feedback.models import Analysis, TopicSetting
from tenancy import calendars, holidays, queries
from tenancy.models import AuditEvent, Organisation, Staff, Touchpoint, Unit, UnitPlacement
from web import calendar_form

READ = (
    "/settings/", "/settings/organisation/", "/settings/units/", "/settings/staff/", "/settings/calendars/",
    "/settings/calendars/office/", "/settings/policies/", "/settings/policies/promise/", "/settings/touchpoints/",
    "/settings/taxonomy/", "/settings/taxonomy/price/", "/settings/channels/", "/settings/notices/", "/settings/audit/",
    "/settings/import/units/", "/settings/import/staff/",
)  # fmt: skip


@pytest.mark.parametrize("url", READ)
def test_settings_are_for_administrators_and_managers(shop, url):
    found = {role: shop.page(role).get(url).status_code for role in shop.members}
    assert {role for role, status in found.items() if status == 200} == {"admin", "cx_manager"}
    assert set(found.values()) == {200, 403}


def test_everybody_has_a_page_of_his_own(shop):
    assert {shop.page(role).get("/settings/me/").status_code for role in shop.members} == {200}


@pytest.fixture
def things(shop):
    with shop.scope():
        return {
            "units": shop.units["S001"].id,
            "staff": Staff.objects.get(employee_no="E001").id,
            "touchpoints": Touchpoint.objects.get(code="payment").id,
        }


@pytest.mark.parametrize("kind", ["units", "staff", "touchpoints"])
def test_a_stranger_finds_nothing(shop, stranger, things, kind):
    url = f"/settings/{kind}/{things[kind]}/"
    assert shop.page("admin").get(url).status_code == 200
    assert stranger.page("admin").get(url).status_code == 404
    assert stranger.page("admin").post(url, {"version": 1, "name": "x"}).status_code == 404


@pytest.mark.parametrize("kind", ["units", "staff", "touchpoints"])
def test_a_slower_writer_is_told_and_keeps_his_words(shop, things, kind):
    url, client = f"/settings/{kind}/{things[kind]}/", shop.page("admin")
    data = {"version": 1, "name": "先写的", "kind": "store", "unit": "S001", "stage": "选购"}
    assert client.post(url, data).status_code == 302
    answer = client.post(url, data | {"name": "后写的"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert ("有人改过它" in text, 'value="后写的"' in text, "先写的" in text) == (True, True, True)
    with shop.scope():
        model = {"units": Unit, "staff": Staff, "touchpoints": Touchpoint}[kind]
        assert model.objects.get(id=things[kind]).name == "先写的"
        assert AuditEvent.objects.filter(action__endswith=".changed", actor=f"user:{shop.members['admin'].user.email}").count() == 1


def test_units_are_added_moved_with_a_date_and_closed(shop, things):
    client = shop.page("admin")
    assert client.post("/settings/units/", {"code": "S009", "name": "宁波店", "kind": "store", "parent": "EAST"}).status_code == 302
    again = client.post("/settings/units/", {"code": "S009", "name": "又一个", "kind": "store", "parent": "EAST"})
    assert (again.status_code, "已被占用" in again.content.decode()) == (400, True)
    url = f"/settings/units/{things['units']}/"
    assert client.post(url, {"version": 1, "do": "move", "parent": "WEST", "from_date": "2999-01-01"}).status_code == 400
    assert client.post(url, {"version": 1, "do": "move", "parent": "WEST", "from_date": "2026-06-01"}).status_code == 302
    with shop.scope():
        unit = Unit.objects.get(code="S001")
        assert (unit.path, unit.version) == ("/HQ/WEST/S001/", 2)
        first = UnitPlacement.objects.filter(unit=unit).order_by("from_date").first()
        assert (first.path, first.to_date) == ("/HQ/EAST/S001/", date(2026, 6, 1))
        east = Unit.objects.get(code="WEST")
    refused = client.post(f"/settings/units/{east.id}/", {"version": 1, "do": "retire"})
    assert (refused.status_code, "还有在用的单元" in refused.content.decode()) == (400, True)
    assert client.post(url, {"version": 2, "do": "retire"}).status_code == 302
    client.get("/settings/units/")
    assert "杭州西溪店" not in client.get("/settings/units/").content.decode()
    assert "杭州西溪店" in client.get("/settings/units/?state=retired").content.decode()
    assert client.post(url, {"version": 3, "do": "reopen"}).status_code == 302


def test_a_unit_keeps_the_hours_of_the_one_above_until_it_has_its_own(shop, things):
    client = shop.page("admin")
    with shop.scope():
        unit = Unit.objects.get(code="S001")
        assert queries.calendar_code(unit, organisation=shop.id) == "office"
        east = Unit.objects.get(code="EAST")
    client.post(f"/settings/units/{east.id}/", {"version": 1, "name": "华东区", "kind": "region", "calendar": "store"})
    with shop.scope():
        assert queries.calendar_code(unit, organisation=shop.id) == "store"
        assert queries.calendar_code(Unit.objects.get(code="S003"), organisation=shop.id) == "office"
    client.post(f"/settings/units/{things['units']}/", {"version": 1, "name": "西溪", "kind": "store", "calendar": "always"})
    with shop.scope():
        assert queries.calendar_code(Unit.objects.get(code="S001"), organisation=shop.id) == "always"
    bad = client.post(f"/settings/units/{things['units']}/", {"version": 2, "name": "西溪", "kind": "store", "calendar": "nope"})
    assert bad.status_code == 400


def test_lists_ask_as_much_for_one_row_as_for_three(shop):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = shop.page("admin")
    for url, one, three in (("/settings/units/", "西溪", "店"), ("/settings/staff/", "E001", "E00"), ("/settings/notices/", "analyst", "manager")):
        counts = []
        for q in (one, three):
            client.get(url, {"q": q})
            with CaptureQueriesContext(connection) as seen:
                client.get(url, {"q": q})
            counts.append(len(seen))
        assert counts[0] == counts[1], url


# ---- calendars -------------------------------------------------------------------------------------------------------


def test_a_calendar_becomes_a_new_version_and_a_slower_writer_is_told(shop):
    client, url = shop.page("admin"), "/settings/calendars/store/"
    week = dict.fromkeys(("mon", "tue"), "09:00-12:00，13:30-18:00")
    data = {"version": 1, "timezone": "Asia/Shanghai", **week, "sat": "22:00–06:00", "holidays": "2026-10-01\n2026/10/2", "special": "2026-12-24 9-17"}
    assert client.post(url, data).status_code == 302
    with shop.scope():
        row = calendars.current("store", organisation=shop.id)
        assert (row.version, row.spec["weekly"]["mon"], row.spec["weekly"]["sat"]) == (2, [["09:00", "12:00"], ["13:30", "18:00"]], [["22:00", "06:00"]])
        assert row.spec["holidays"] == ["2026-10-01", "2026-10-02"]
        assert row.spec["special"] == {"2026-12-24": [["09:00", "17:00"]]}
    assert client.post(url, data | {"mon": "8-20"}).status_code == 409
    wrong = client.post(url, data | {"version": 2, "tue": "noon"})
    assert (wrong.status_code, 'value="noon"' in wrong.content.decode()) == (400, True)
    overlap = client.post(url, data | {"version": 2, "mon": "9-12, 11-13"})
    assert overlap.status_code == 400
    assert shop.page("admin").get("/settings/calendars/nope/").status_code == 404


def test_a_year_whose_make_up_days_are_not_published_is_flagged(shop):
    with shop.scope():
        office = calendars.load(calendars.current("office", organisation=shop.id))
    assert holidays.gap_years(office, date(2026, 11, 23)) == [2027]
    assert holidays.gap_years(office, date(2026, 1, 1)) == []
    months = calendar_form.strip(office, date(2026, 2, 1))
    kinds = [cell["kind"] for cell in months[0]["cells"]]
    # 2026-02: work on the 14th and 28th, off from the 15th to the 23rd
    assert (kinds[13], kinds[15], kinds[22], kinds[27], kinds[0]) == ("work", "holiday", "holiday", "work", "closed")
    assert len(months) == 12


def test_published_days_are_filled_in_but_not_saved(shop):
    client = shop.page("admin")
    text = client.post("/settings/calendars/store/", {"version": 1, "do": "china", "timezone": "Asia/Shanghai", "mon": "9-18"}).content.decode()
    assert "-10-01" in text
    with shop.scope():
        assert calendars.current("store", organisation=shop.id).version == 1


# ---- promise policies ------------------------------------------------------------------------------------------------


def clause_form(clauses, **changed):
    rows = {f"c_{name}": [] for name in ("code", "kind", "amount", "unit", "calendar", "warn", "after")}
    for clause in clauses:
        values = {"code": clause["code"], "kind": clause["kind"], "amount": str(clause["target_seconds"] / 60), "unit": "m", "calendar": clause["calendar"], "warn": "50%, 75%", "after": "30"}  # fmt: skip
        for name, value in (values | changed.get(clause["code"], {})).items():
            rows[f"c_{name}"].append(value)
    return rows


def test_an_edited_promise_is_a_new_version_for_new_complaints_only(shop, complain):
    client, url = shop.page("admin"), "/settings/policies/promise/"
    before = complain()
    with shop.scope():
        (row,) = sla_policies.in_force(organisation=shop.id)
    data = {"version": row.version, "name": "快一点", **clause_form(row.clauses, solution={"amount": "1.5", "unit": "h"})}
    assert client.post(url, data).status_code == 302
    assert client.post(url, data | {"name": "更快"}).status_code == 409
    after = complain(external_id="2")
    with shop.scope():
        (now_,) = sla_policies.in_force(organisation=shop.id)
        assert (now_.version, now_.name) == (row.version + 1, "快一点")
        targets = {c["code"]: c["target_seconds"] for c in now_.clauses}
        assert targets["solution"] == 5400
        assert (Ticket.objects.get(id=before.id).policy_id, Ticket.objects.get(id=after.id).policy_id) == (row.id, now_.id)


def test_policies_are_made_explained_reordered_and_ended(shop, complain):
    client = shop.page("admin")
    for code in ("grave", "west"):
        assert client.post("/settings/policies/", {"code": code, "name": code}).url == f"/settings/policies/{code}/"
    assert client.post("/settings/policies/", {"code": "west", "name": "x"}).status_code == 400
    with shop.scope():
        clauses = sla_policies.preset()["clauses"]
    data = {"version": 1, "name": "西部", "m_unit": ["WEST"], "m_severity": ["high", "critical"], **clause_form(clauses)}
    data["c_gone"] = ["reflection"]
    assert client.post("/settings/policies/west/", data).status_code == 302
    with shop.scope():
        found = {row.code: row for row in sla_policies.in_force(organisation=shop.id)}
        assert found["west"].match == {"unit": ["WEST"], "severity": ["high", "critical"]}
        assert [c["code"] for c in found["west"].clauses] == ["executives", "reconstruction", "solution"]
    text = client.get("/settings/policies/", {"why": 1, "severity": "critical", "unit": "S003"}).content.decode()
    assert text.index('class="taken"') < text.index("西部", text.index('id="why"')) or "grave" in text
    client.post("/settings/policies/", {"do": "down", "code": "grave"})
    with shop.scope():
        assert [row.code for row in sla_policies.in_force(organisation=shop.id)] == ["west", "grave", "promise"]
    assert complain(severity="critical", unit="S003").policy.code == "west"
    with shop.scope():
        version = sla_policies.in_force(organisation=shop.id)[0].version
    assert client.post("/settings/policies/west/", {"version": version, "do": "off"}).url == "/settings/policies/"
    assert client.get("/settings/policies/west/").status_code == 404
    assert complain(severity="critical", unit="S003", external_id="2").policy.code == "grave"
    refused = client.post("/settings/policies/promise/", {"version": 1, "do": "off"})
    assert (refused.status_code, "默认承诺不能停用" in refused.content.decode()) == (400, True)


def test_the_reason_names_each_condition(shop):
    with shop.scope():
        spec = {"name": "西", "match": {"unit": ["WEST"], "severity": ["high"]}, "clauses": sla_policies.preset()["clauses"]}
        sla_policies.put("west", spec, organisation=shop.id, now=shop.organisation.created_at, actor="t")
        rows = sla_policies.in_force(organisation=shop.id)
    case = policies_match.Case(severity="high", unit_path="/HQ/EAST/S001/")
    reasons = policies_match.explain(case, rows)
    assert [(r.policy.code, [holds for _k, _o, holds in r.conditions], r.is_taken) for r in reasons] == [
        ("west", [False, True], False), ("promise", [], True),
    ]  # fmt: skip


# ---- touchpoints, topics, channels -----------------------------------------------------------------------------------


def test_touchpoints_are_ordered_added_and_retired(shop, things):
    client = shop.page("admin")
    assert client.post("/settings/touchpoints/", {"code": "kiosk", "name": "自助机", "stage": "选购"}).status_code == 302
    url = f"/settings/touchpoints/{things['touchpoints']}/"
    client.post(url, {"do": "up"})
    with shop.scope():
        order = list(Touchpoint.objects.filter(retired_at=None).order_by("position").values_list("code", flat=True))
    assert order.index("payment") == 2
    assert order[-1] == "kiosk"
    assert client.post(url, {"version": 1, "name": "收银", "stage": "选购", "owner": "WEST", "is_retired": "on"}).status_code == 302
    assert ">收银<" not in client.get("/log/").content.decode()
    assert "收银" in client.get("/settings/touchpoints/?state=retired").content.decode()


def receive(shop, text, now):
    from feedback import intake
    from feedback.intake import Source
    from feedback.shapes import RawVoice

    with shop.scope():
        (receipt,) = intake.receive([RawVoice(channel="web", text=text)], organisation=shop.id, source=Source(b"x", "t", "t"), now=now)
        return receipt


def heard(shop, receipt):
    with shop.scope():
        return Analysis.objects.get(feedback_id=receipt.id, is_current=True)


def test_keywords_add_the_topic_to_new_voices_and_to_nobody_elses(shop, stranger, now, work):
    said = "那個泡泡機一開就跳電"
    old = receive(shop, said, now)
    work()
    assert "loyalty" not in heard(shop, old).topic_codes
    client, url = shop.page("admin"), "/settings/taxonomy/loyalty/"
    data = {"version": 0, "label": "会员机器", "keywords": "泡泡机\n跳电", "touchpoint": "membership", "is_offered": "on"}
    count = client.post(url, data | {"do": "count"}).content.decode()
    assert "1 条说到这些词（n = 1）" in count
    with shop.scope():
        assert TopicSetting.objects.count() == 0
    assert client.post(url, data).status_code == 302
    fresh, theirs = receive(shop, said, now), receive(stranger, said, now)
    work()
    found = heard(shop, fresh)
    assert "loyalty" in found.topic_codes
    (mention,) = [m for m in found.topics if m["code"] == "loyalty"]
    assert said[mention["start"] : mention["end"]] == "泡泡機"
    assert "loyalty" not in heard(shop, old).topic_codes
    assert "loyalty" not in heard(stranger, theirs).topic_codes
    text = client.get(f"/feedback/{fresh.id}/").content.decode()
    assert ("会员机器" in text, "会员与积分" in text) == (True, False)
    assert "会员机器" in client.get("/promises/").content.decode()


def test_a_topic_that_is_not_offered_leaves_the_log_page_only(shop):
    client = shop.page("admin")
    assert ">价格<" in client.get("/log/").content.decode()
    client.post("/settings/taxonomy/price/", {"version": 0, "label": "", "keywords": ""})
    assert ">价格<" not in client.get("/log/").content.decode()
    assert ">价格<" in client.get("/promises/").content.decode()
    assert client.post("/settings/taxonomy/price/", {"version": 0, "label": "x", "keywords": ""}).status_code == 409
    assert client.post("/settings/taxonomy/price/", {"version": 1, "label": "x", "keywords": "一"}).status_code == 400
    assert client.get("/settings/taxonomy/nonsense/").status_code == 404


def test_english_menus_have_english_topics(shop):
    client = shop.page("admin")
    client.cookies["cxms_language"] = "en"
    for url in ("/log/", "/promises/", "/feedback/"):
        text = client.get(url).content.decode()
        assert (">Waiting time<" in text, "等待时间" in text) == (True, False), url


def test_a_tied_topic_fills_in_its_touchpoint(shop, now):
    from complaints import desk

    with shop.scope():
        assert desk.guess("退款九天没到账", None, organisation=shop.id, now=now).touchpoint == "return_refund"
        topics.change("refund", organisation=shop.id, version=0, label="", own_words=[], touchpoint="hotline", is_offered=True, now=now, actor="t")
        assert desk.guess("退款九天没到账", None, organisation=shop.id, now=now).touchpoint == "hotline"


def test_a_channel_that_is_off_takes_nothing_in(shop):
    from tenancy.enums import Channel

    client = shop.page("admin")
    on = [value for value in Channel.values if value != "web"]
    assert client.post("/settings/channels/", {"version": 1, "on": on}).status_code == 302
    assert client.post("/settings/channels/", {"version": 1, "on": []}).status_code == 409
    answer = shop.api().post("/api/v1/feedback", {"channel": "web", "text": "好"}, content_type="application/json")
    assert answer.status_code == 422
    assert shop.api().post("/api/v1/feedback", {"channel": "app", "text": "好"}, content_type="application/json").status_code == 201
    assert Organisation.objects.get(id=shop.id).channels_off == ["web"]


# ---- audit -----------------------------------------------------------------------------------------------------------


def test_the_audit_says_who_did_what_and_only_here(shop, stranger, things):
    shop.page("admin").post(f"/settings/units/{things['units']}/", {"version": 1, "name": "西溪新店", "kind": "store"})
    shop.page("cx_manager").post("/settings/touchpoints/", {"code": "kiosk", "name": "自助机", "stage": ""})
    text = shop.page("admin").get("/settings/audit/").content.decode()
    assert text.index("加了触点") < text.index("改了单元")
    assert ("S001" in text, "cx_manager" in text) == (True, True)
    narrowed = shop.page("admin").get("/settings/audit/", {"action": "touchpoint", "actor": "cx_manager"}).content.decode()
    assert ("加了触点" in narrowed, "改了单元" in narrowed) == (True, False)
    assert "改了单元" not in shop.page("admin").get("/settings/audit/", {"to": "2001-01-01"}).content.decode()
    assert "西溪" not in stranger.page("admin").get("/settings/audit/").content.decode()
    assert "kiosk" not in stranger.page("admin").get("/settings/audit/").content.decode()


def test_mail_can_be_switched_off_but_not_the_promise_to_executives(shop, complain, work, now):
    from alerts import hops
    from alerts.models import MailChoice

    client, member = shop.page("admin"), shop.members["executive"]
    data = {"member": [str(member.id)], "mail": [f"{member.id}|escalation"]}
    assert client.post("/settings/notices/?q=executive", data).status_code == 302
    ticket = complain()
    work()
    with shop.scope():
        from django.test import override_settings

        rows = {"executives": Notice.objects.get(purpose="executives", ticket=ticket)}
        for purpose, level in (("assigned", ""), ("escalation", "0.75")):
            rows[purpose] = Notice.objects.create(organisation_id=shop.id, recipient=member, ticket=ticket, purpose=purpose, key=purpose, data={"level": level}, created_at=now)
        with override_settings(SMTP_URL="smtp://127.0.0.1:1"):
            found = hops.ways(list(rows.values()), organisation=shop.id)
            sent = {purpose: [way.kind for way in found[row.id]] for purpose, row in rows.items()}
            rows["escalation"].data = {"level": "1"}
            MailChoice.objects.create(organisation_id=shop.id, member=member, purpose="escalation")
            breach = hops.ways([rows["escalation"]], organisation=shop.id)[rows["escalation"].id]
    assert sent == {"executives": ["email"], "assigned": [], "escalation": ["email"]}
    assert [way.kind for way in breach] == ["email"], "a breach always has a channel"


def test_every_kind_of_audit_line_has_words():
    import re
    from pathlib import Path

    from web.audit import ACTIONS, HEADS

    root = Path(__file__).resolve().parents[2]
    sources = [p for app in ("tenancy", "feedback", "complaints", "surveys", "metrics", "journeys", "alerts", "improvement", "integrations", "reports", "web") for p in (root / app).rglob("*.py")]  # fmt: skip
    noted = {name for path in sources for name in re.findall(r"\bnote\(\s*\"([a-z_]+\.[a-z_]+)\"", path.read_text(encoding="utf-8"))}
    assert len(noted) > 25
    assert noted - set(ACTIONS) == set()
    assert {name.split(".")[0] for name in ACTIONS} - {"industry"} <= set(HEADS)


def test_a_change_is_tried_on_the_last_thirty_days_before_it_is_saved(shop, stranger, complain, work):
    client, url = shop.page("admin"), "/settings/policies/promise/"
    tickets = [complain(external_id=str(i)) for i in range(2)]
    with shop.scope():
        (row,) = sla_policies.in_force(organisation=shop.id)
        Clock.objects.filter(ticket__in=tickets).update(started_at=shop.organisation.created_at)
        Ticket.objects.filter(id=tickets[0].id).update(received_at=tickets[0].received_at - timedelta(hours=1))
    data = {"version": row.version, "name": "半小时", **clause_form(row.clauses, solution={"amount": "0.5", "unit": "h"})}
    tried = client.post(url, data | {"do": "try"})
    text = " ".join(tried.content.decode().split())
    assert tried.status_code == 200
    assert "最近 30 天的 2 宗投诉里，2 宗会用这个政策（原来 2 宗）" in text
    assert "未结的 2 宗里，照新的算现在就失约的有 1 宗" in text
    assert 'value="0.5"' in text and 'value="半小时"' in text
    with shop.scope():
        assert [found.version for found in sla_policies.in_force(organisation=shop.id)] == [row.version]
    wrong = client.post(url, data | {"do": "try", "c_amount": ["x"] * 4})
    assert (wrong.status_code, "写成一个数" in wrong.content.decode()) == (400, True)
    assert stranger.page("admin").post("/settings/policies/west/", data | {"do": "try"}).status_code == 404
    assert shop.page("frontline").post(url, data | {"do": "try"}).status_code == 403
    assert client.post(url, data | {"do": "save", "open": "reapply"}).status_code == 302
    work()
    with shop.scope():
        assert {ticket.policy.version for ticket in Ticket.objects.select_related("policy")} == {row.version + 1}
        actions = AuditEvent.objects.filter(action="policy.reapplied").values_list("detail", flat=True)
        assert list(actions) == [{"n": 2, "version": row.version + 1}]


def test_a_shipped_template_makes_a_policy(shop):
    client = shop.page("admin")
    assert client.post("/settings/policies/", {"code": "law", "name": "监管", "preset": "regulator"}).status_code == 302
    assert client.post("/settings/policies/", {"code": "bad", "name": "x", "preset": "../x"}).status_code == 400
    with shop.scope():
        row = next(row for row in sla_policies.in_force(organisation=shop.id) if row.code == "law")
    assert (row.match, [c["target_seconds"] for c in row.clauses if c["code"] == "resolution"]) == ({"topic": ["safety"]}, [30 * 86400])
    text = client.get("/settings/policies/law/").content.decode()
    assert 'name="c_extend" inputmode="decimal" value="30"' in text
