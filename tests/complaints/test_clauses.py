"""Clauses in the customer's words, presets, the guard of red lines, and the moves that speak of one clause."""

from datetime import timedelta

import pytest

from complaints import moves, policies_match, sla_policies
from complaints.intake import Complaint, file
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Clock, Escalation, Move, Pause
from complaints.move_fields import MoveFieldError
from complaints.policies_check import PolicyError
from complaints.policies_match import Case
from customers.cards import Card
from feedback.intake import Source
from feedback.shapes import RawVoice
from tenancy import audit

DAY = 86400


def filed(shop, now, policy="", since=None, **extra):
    fields = {"channel": "phone", "text": "要求马上解决", "unit": "S001"} | extra
    complaint = Complaint(RawVoice(**fields), policy=policy, severity="high", received_at=now - since if since else None)
    ticket, _ = file(complaint, organisation=shop.id, source=Source(b"x", "x", "t"), now=now)
    return ticket


def put(shop, now, code, clauses, match=None):
    spec = {"name": code, "match": match or {}, "clauses": clauses}
    return sla_policies.put(code, spec, organisation=shop.id, now=now, actor="t")


def clause(kind="resolution", target=3600, **extra):
    return {"code": kind, "kind": kind, "target_seconds": target, "calendar": "always", **extra}


def move(shop, ticket, kind, actor="api:t", at=None, **fields):
    return moves.apply(ticket.id, kind, fields, organisation=shop.id, actor=actor, at=at)


def clock_of(ticket, name):
    return Clock.objects.get(ticket=ticket, clause=name, cycle=ticket.cycle)


def test_a_clause_is_pinned_with_its_words_and_its_ladder(shop, now):
    with shop.scope():
        said = clause(promise="三天内 修好或换新", after_calendar="always", extend_seconds=DAY)
        put(shop, now, "x", [said])
        row = clock_of(filed(shop, now, "x"), "resolution")
        assert (row.promise, row.after_calendar, row.hours, row.calendar_code) == ("三天内 修好或换新", "always", "always", "always")
        for bad, field in (({"promise": "长" * 201}, "promise"), ({"after_calendar": "never"}, "after_calendar"), ({"extend_seconds": -1}, "extend_seconds")):  # fmt: skip
            with pytest.raises(PolicyError) as refused:
                put(shop, now, "y", [clause(**bad)])
            assert refused.value.field == f"clauses[0].{field}"


def test_every_shipped_policy_is_acceptable_and_only_the_default_is_there_from_the_first_day(shop, now):
    assert sla_policies.preset_codes() == ("promise", "first_response", "regulator", "visit")
    with shop.scope():
        assert [row.code for row in sla_policies.in_force(organisation=shop.id)] == ["promise"]
        for code in sla_policies.preset_codes()[1:]:
            sla_policies.put(code, sla_policies.preset(code), organisation=shop.id, now=now, actor="t")
        rows = {row.code: {c["code"]: c for c in row.clauses} for row in sla_policies.in_force(organisation=shop.id)}
    regulator = rows["regulator"]
    assert [regulator[name]["target_seconds"] for name in ("answer", "resolution")] == [15 * DAY, 30 * DAY]
    assert (regulator["resolution"]["extend_seconds"], regulator["resolution"]["pausable_by"]) == (30 * DAY, [])
    assert (rows["visit"]["visit"]["kind"], rows["visit"]["visit"]["target_seconds"]) == ("visit", 8 * 3600)


def test_a_tier_never_makes_a_red_line_slower(shop, now):
    with shop.scope():
        put(shop, now, "basic", [clause("solution", 86400)], {"tier": ["C"]})
        put(shop, now, "gold", [clause(kind, 60) for kind in ("notify", "reconstruction", "solution", "reflection")], {"tier": ["A"]})
        rows = sla_policies.in_force(organisation=shop.id)
        picked = {
            (tier, red): policies_match.pick(Case("high", tier=tier, red_line=red), rows).code
            for tier in "AC" for red in (False, True)
        }  # fmt: skip
        assert picked == {("A", False): "gold", ("A", True): "gold", ("C", False): "basic", ("C", True): "promise"}
        basic, _gold, default = policies_match.explain(Case("critical", tier="C", red_line=True), rows)
        assert (basic.is_guarded, basic.is_taken, basic.instead.code, default.is_taken) == (True, False, "promise", True)
        poor = {"customer": Card(external_id="C-1", name="王", tier="C")}
        assert filed(shop, now, external_id="1", **poor).policy.code == "basic"
        assert filed(shop, now, external_id="2", text="手机充电起火，烧伤了手", **poor).policy.code == "promise"


def test_working_hours_are_slower_than_all_hours():
    class Row:
        def __init__(self, calendar):
            self.clauses = [{"kind": "solution", "target_seconds": 60, "calendar": calendar}]

    assert policies_match.is_slower(Row("office"), Row("always"))
    assert not policies_match.is_slower(Row("always"), Row("office"))


def test_an_extension_is_given_once_by_who_may_and_never_after_a_breach(shop, now):
    manager, clerk = (f"user:{shop.members[role].user.email}" for role in ("store_manager", "frontline"))
    with shop.scope():
        put(shop, now, "slow", [clause(target=3600, extend_seconds=2 * DAY), clause("first_response", 60)])
        ticket = filed(shop, now, "slow")
        due = clock_of(ticket, "resolution").due_at
        asked = {"clause": "resolution", "reason": "等检测报告"}
        with pytest.raises(MoveNotAllowed, match="权限"):
            move(shop, ticket, "extend", clerk, days=1, **asked)
        with pytest.raises(MoveFieldError) as missing:
            move(shop, ticket, "extend", days=1, **asked)
        assert missing.value.field == "approver"
        for wrong in ({"days": 3}, {"seconds": 0}, {"days": True}):
            with pytest.raises(MoveFieldError):
                move(shop, ticket, "extend", manager, **wrong, **asked)
        move(shop, ticket, "extend", manager, days=1, **asked)
        row = clock_of(ticket, "resolution")
        assert (row.due_at - due, row.extended_seconds, row.state) == (timedelta(days=1), DAY, "running")
        assert Move.objects.get(ticket=ticket, kind="extend").data["approver"] == manager.removeprefix("user:")
        assert audit.happened("promise.extended", organisation=shop.id)
        with pytest.raises(MoveNotAllowed, match="一次"):
            move(shop, ticket, "extend", manager, days=1, **asked)
        with pytest.raises(MoveNotAllowed, match="不能延长"):
            move(shop, ticket, "extend", manager, days=1, clause="first_response", reason="x")
        late = filed(shop, now, "slow", since=timedelta(hours=2), external_id="late")
        with pytest.raises(MoveNotAllowed, match="失约"):
            move(shop, late, "extend", manager, days=1, **asked)


def test_a_visit_is_kept_on_arrival_and_a_missed_one_keeps_running(shop, now):
    with shop.scope():
        put(shop, now, "on-site", [clause("visit", 8 * 3600)])
        ticket = filed(shop, now, "on-site", since=timedelta(hours=1))
        due = clock_of(ticket, "visit").due_at
        window = [(now + timedelta(hours=2)).isoformat(), (due + timedelta(minutes=1)).isoformat()]
        with pytest.raises(MoveFieldError) as late:
            move(shop, ticket, "visit", window=window)
        assert late.value.code == "after_due"
        move(shop, ticket, "visit", window=[window[0], due.isoformat()])
        move(shop, ticket, "visit", no_show="us", reason="堵车")
        assert clock_of(ticket, "visit").state == "running"
        move(shop, ticket, "visit", no_show="customer", reason="不在家")
        assert clock_of(ticket, "visit").state == "paused"
        assert Pause.objects.get(ticket=ticket).reason == "waiting_customer"
        move(shop, ticket, "resume")
        with pytest.raises(MoveFieldError):
            move(shop, ticket, "visit", arrived_at=(now + timedelta(days=1)).isoformat())
        arrived = now - timedelta(minutes=10)
        move(shop, ticket, "visit", arrived_at=arrived.isoformat())
        row = clock_of(ticket, "visit")
        assert (row.state, row.met_at) == ("met", arrived)


def test_holds_end_after_three_days_and_add_up_to_five(shop, now):
    with shop.scope():
        put(shop, now, "x", [clause(target=30 * DAY)])
        start = now - timedelta(days=20)
        ticket = filed(shop, now, "x", since=timedelta(days=20))
        move(shop, ticket, "hold", at=start, reason="waiting_customer")
        move(shop, ticket, "reply", at=start + timedelta(days=4), text="还在等您")
        move(shop, ticket, "hold", at=start + timedelta(days=5), reason="waiting_customer")
        first, second = Pause.objects.filter(ticket=ticket).order_by("from_at")
        assert (first.to_at, second.expires_at) == (start + timedelta(days=3), start + timedelta(days=7))
        with pytest.raises(MoveNotAllowed) as refused:
            move(shop, ticket, "hold", at=start + timedelta(days=8), reason="waiting_customer")
        assert refused.value.code == "hold_cap"
        move(shop, ticket, "propose", at=start + timedelta(days=9), text="换新", wait=True)
        assert Pause.objects.filter(ticket=ticket).count() == 2
        assert Move.objects.get(ticket=ticket, kind="propose").data["wait"] is False


def test_a_third_party_is_waited_for_by_who_may_and_a_customers_words_end_a_hold_when_they_came(shop, now):
    manager, clerk = (f"user:{shop.members[role].user.email}" for role in ("store_manager", "frontline"))
    with shop.scope():
        ticket = filed(shop, now)
        with pytest.raises(MoveNotAllowed):
            move(shop, ticket, "hold", clerk, reason="waiting_third_party")
        move(shop, ticket, "hold", manager, reason="waiting_third_party")
        pause = Pause.objects.get(ticket=ticket)
        pause.from_at -= timedelta(minutes=30)
        pause.save()
        came = now - timedelta(minutes=20)
        move(shop, ticket, "message", "customer", text="我在等", received_at=came)
        assert Pause.objects.get(ticket=ticket).to_at == came


def test_lowering_the_severity_late_needs_a_manager(shop, now):
    manager, clerk = (f"user:{shop.members[role].user.email}" for role in ("store_manager", "frontline"))
    with shop.scope():
        early, late = filed(shop, now), filed(shop, now, since=timedelta(minutes=46), external_id="2")
        move(shop, early, "change_severity", clerk, severity="low", reason="看错了")
        with pytest.raises(MoveNotAllowed):
            move(shop, late, "change_severity", clerk, severity="low", reason="看错了")
        with pytest.raises(MoveNotAllowed):
            move(shop, late, "change_severity", clerk, severity="critical", reason="更重")
        move(shop, late, "change_severity", manager, severity="critical", reason="更重")
        move(shop, late, "change_severity", manager, severity="low", reason="看错了")


@pytest.mark.parametrize(("severity", "target"), [("critical", 600), ("low", 3600)])
def test_a_new_cycle_has_the_target_of_the_present_severity_also_where_the_last_clock_stopped_before_it(shop, now, severity, target):
    first = "low" if severity == "critical" else "critical"
    with shop.scope():
        put(shop, now, "grave", [clause("first_response", 600), clause("solution", 1800)], {"severity": ["critical"]})
        put(shop, now, "slow", [clause("first_response", 3600), clause("solution", 7200)], {"channel": ["phone"]})
        ticket = filed(shop, now)
        for step, fields in (
            ("change_severity", {"severity": first, "reason": "x"}), ("reply", {"text": "您好"}),
            ("change_severity", {"severity": severity, "reason": "x"}), ("resolve", {}), ("reopen", {"mode": "new_cycle", "reason": "x"}),
        ):  # fmt: skip
            move(shop, ticket, step, **fields)
        ticket.refresh_from_db()
        row = clock_of(ticket, "first_response")
        assert (row.cycle, row.target_seconds, row.due_at - row.started_at) == (2, target, timedelta(seconds=target))
        assert clock_of(ticket, "solution").target_seconds == (1800 if severity == "critical" else 7200)


def test_an_excuse_is_noted_and_can_be_taken_back(shop, now):
    with shop.scope():
        ticket = filed(shop, now, since=timedelta(hours=3))
        move(shop, ticket, "excuse", clause="solution", reason="台风停电")
        move(shop, ticket, "propose", text="换新")
        move(shop, ticket, "accept", consent="verbal")
        row = clock_of(ticket, "solution")
        assert (row.state, row.stopped_at is not None, row.next_fire_at) == ("excused", True, None)
        with pytest.raises(MoveFieldError):
            move(shop, ticket, "excuse", clause="solution", reason="再来")
        move(shop, ticket, "unexcuse", clause="solution", reason="停电早已恢复")
        row = clock_of(ticket, "solution")
        assert (row.state, row.excused, row.breached_at == row.due_at) == ("breached", "", True)
        levels = list(Escalation.objects.filter(clock=row).values_list("level", flat=True))
        assert sorted(levels) == ["+1800", "0.5", "0.75", "1"]
        assert audit.happened("promise.excuse_undone", organisation=shop.id)
