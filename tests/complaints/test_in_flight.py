"""What changes under a running promise: calendars, hours of units, policies, holds. The past stays, the future is new."""

import signal
from datetime import datetime, timedelta

import pytest

from complaints import clocks, moves, queries, reapplying, recomputing, replay, sla_policies, sweep
from complaints.intake import Complaint, file
from complaints.models import Clock, Escalation, Move, Pause, Ticket
from complaints.verdicts import judge
from cxms.lib.calendar_difference import first_difference
from cxms.lib.working_time import Calendar, splice
from feedback.intake import Source
from feedback.shapes import RawVoice
from ledger.models import Fact
from tenancy import calendars, units
from tenancy.models import Unit
from tests.chaos.test_kill_points import SETUP, python

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOUR = timedelta(hours=1)


def hours(opens="09:00", closes="18:00", zone="Asia/Shanghai", **extra):
    return {"timezone": zone, "weekly": {day: [[opens, closes]] for day in WEEK}, **extra}


def at(text):
    return datetime.fromisoformat(f"2026-03-{text}:00+08:00")


def filed(shop, now, policy="", since=None, **extra):
    done = extra.pop("done", ())
    fields = {"channel": "phone", "text": "要求马上解决", "unit": "S001"} | extra
    received = now - since if since else None
    steps = tuple({"move": move, "at": received + after, **data} for after, move, data in done)
    complaint = Complaint(RawVoice(**fields), policy=policy, severity="high", received_at=received, moves=steps)
    ticket, _ = file(complaint, organisation=shop.id, source=Source(b"x", "x", "t"), now=now)
    return ticket


def put(shop, now, code, calendar="always", target=7200, match=None, **extra):
    clause = {"code": "solve", "kind": "resolution", "target_seconds": target, "calendar": calendar, **extra}
    spec = {"name": code, "match": match or {}, "clauses": [clause]}
    return sla_policies.put(code, spec, organisation=shop.id, now=now, actor="t")


# ---- the pure core ---------------------------------------------------------------------------------------------------


def test_e16_a_calendar_edit_leaves_the_past_and_changes_the_future():
    office, short = (Calendar.from_spec(hours(closes=closes)) for closes in ("18:00", "17:30"))
    case = {"started_at": at("02 16:00"), "target_seconds": 7200}
    counted = splice(office, [(at("02 17:00"), short)])
    verdict = judge(calendar=counted, now=at("02 17:00"), **case)
    assert [level.fire_at for level in verdict.levels] == [at("02 17:00"), at("02 17:30"), at("03 09:30"), at("03 10:00")]
    assert verdict.elapsed_seconds == 3600
    before = judge(calendar=office, now=at("02 17:00"), **case)
    assert before.due_at == at("02 18:00")
    broken = judge(calendar=splice(office, [(at("02 18:01"), short)]), now=at("03 12:00"), **case)
    assert (broken.due_at, broken.state) == (at("02 18:00"), "breached")
    stopped = judge(calendar=counted, stopped_at=at("02 16:59"), **case)
    assert (stopped.state, stopped.due_at) == ("met", at("02 18:00"))
    # what is over is judged by the hours of its time: an edit after the stop does not move it


def test_the_difference_of_two_calendars_is_never_later_than_the_first_hour_they_disagree_on():
    now = at("02 10:00")
    plain, off = Calendar.from_spec(hours()), Calendar.from_spec(hours(holidays=["2026-03-20"]))
    assert first_difference(plain, off, now) == at("20 09:00")
    assert first_difference(plain, Calendar.from_spec(hours(holidays=["2026-02-20"])), now) is None
    assert first_difference(plain, Calendar.from_spec(hours(closes="17:00")), now) == now
    assert first_difference(plain, Calendar.from_spec(hours(always=True)), now) == now


# ---- calendars and hours of units ------------------------------------------------------------------------------------


def test_an_edited_calendar_reaches_open_clocks_and_not_stopped_ones(shop, now, work):
    with shop.scope():
        calendars.put("shift", hours("00:00", "24:00"), organisation=shop.id, now=now - HOUR, actor="t")
        put(shop, now, "shift", "shift", 10 * 86400)
        ticket, solved = filed(shop, now, "shift"), filed(shop, now, "shift", external_id="2")
        moves.apply(solved.id, "resolve", {}, organisation=shop.id, actor="t")
        before = Clock.objects.get(ticket=ticket)
        kept = Clock.objects.get(ticket=solved)
        holiday = (before.started_at + timedelta(days=3)).astimezone().date().isoformat()
        calendars.put("shift", hours("00:00", "24:00", holidays=[holiday]), organisation=shop.id, now=now, actor="t")
        # nobody has walked yet, and still every judge knows
        view = queries.clock_views([ticket], organisation=shop.id, now=now)[ticket.id][0]
        assert view.due_at == before.due_at + timedelta(days=1)
        assert Clock.objects.get(ticket=ticket).due_at == before.due_at
    work()
    with shop.scope():
        row = Clock.objects.get(ticket=ticket)
        assert (row.due_at, row.next_fire_at) == (before.due_at + timedelta(days=1), before.next_fire_at + timedelta(days=1))
        assert Clock.objects.get(ticket=solved).due_at == kept.due_at
        assert Fact.objects.filter(kind="calendar.changed").count() == 1


def test_a_store_that_moves_or_changes_its_zone_counts_other_hours_from_then_on(shop, now, work):
    with shop.scope():
        for code, spec in (("day", hours("00:00", "24:00")), ("none", hours("00:00", "00:01"))):
            calendars.put(code, spec, organisation=shop.id, now=now - HOUR, actor="t")
        west = Unit.objects.get(code="WEST")
        units.change(west.id, organisation=shop.id, version=1, now=now - HOUR, actor="t", name="西", kind="region", timezone="", calendar="none")
        units.keep_hours("day", organisation=shop.id, now=now - HOUR, actor="t")
        put(shop, now, "local", "unit", 30 * 60)
        ticket = filed(shop, now, "local")
        row = Clock.objects.get(ticket=ticket)
        assert (row.hours, row.calendar_code, row.due_at) == ("unit", "day", row.started_at + HOUR / 2)
        moved_at = clocks.database_now()
        units.move(organisation=shop.id, unit=Unit.objects.get(code="S001"), parent=west, from_date=now.date(), now=moved_at, actor="t")
    work()
    with shop.scope():
        moved = Clock.objects.get(ticket=ticket)
        assert moved.due_at > row.due_at + timedelta(days=25)
        shop1 = Unit.objects.get(code="S001")
        units.change(shop1.id, organisation=shop.id, version=shop1.version, now=clocks.database_now(), actor="t", name="杭州", kind="store", timezone="Europe/Berlin", calendar="")
    work()
    with shop.scope():
        assert Clock.objects.get(ticket=ticket).due_at != moved.due_at
        assert Fact.objects.filter(kind="hours.changed").count() == 4


def test_a_store_in_another_zone_keeps_its_own_nine_oclock(shop, now):
    with shop.scope():
        calendars.put("nine", hours(), organisation=shop.id, now=now, actor="t")
        shop1 = Unit.objects.get(code="S001")
        units.change(shop1.id, organisation=shop.id, version=1, now=now, actor="t", name="柏林", kind="store", timezone="Europe/Berlin", calendar="nine")
        put(shop, now, "local", "unit", 3600)
        ticket = filed(shop, now, "local")
        row = Clock.objects.get(ticket=ticket)
        counted = Calendar.from_spec(hours(zone="Europe/Berlin"))
        assert (row.zone, row.due_at) == ("Europe/Berlin", judge(calendar=counted, started_at=row.started_at, target_seconds=3600).due_at)


def test_the_walk_goes_on_where_it_was_killed(shop, now, work):
    with shop.scope():
        calendars.put("shift", hours("00:00", "24:00"), organisation=shop.id, now=now - HOUR, actor="t")
        put(shop, now, "shift", "shift", 10 * 86400)
        made = [filed(shop, now, "shift", external_id=str(i)) for i in range(5)]
        before = dict(Clock.objects.filter(ticket__in=made).values_list("id", "due_at"))
    work()
    with shop.scope():
        holiday = (now + timedelta(days=3)).date().isoformat()
        calendars.put("shift", hours("00:00", "24:00", holidays=[holiday]), organisation=shop.id, now=now, actor="t")
    code = SETUP + "from complaints import recomputing; recomputing.SLICE = 2\nfrom ledger import runner; runner.drain(seconds=20)"
    died = python(code, CXMS_FAILPOINT="recompute.before_commit:2")
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    with shop.scope():
        Fact.objects.get(kind="calendar.changed")
    work()
    with shop.scope():
        after = dict(Clock.objects.filter(ticket__in=made).values_list("id", "due_at"))
    assert after == {key: due + timedelta(days=1) for key, due in before.items()}


def test_a_slice_comes_back_to_a_clock_in_other_hands(shop, now):
    with shop.scope():
        calendars.put("shift", hours("00:00", "24:00"), organisation=shop.id, now=now - HOUR, actor="t")
        put(shop, now, "shift", "shift", 10 * 86400)
        made = [filed(shop, now, "shift", external_id=str(i)) for i in range(3)]
        calendars.put("shift", hours("00:00", "23:00"), organisation=shop.id, now=now, actor="t")
        walk = recomputing.Walk(since=now.isoformat(), code="shift", lane=recomputing.LANES)
        assert recomputing.step(walk, organisation=shop.id, now=now, size=2) == 2
        onward = Fact.objects.filter(kind="promises.retimed").get()
        walk = recomputing.of_fact("promises.retimed", onward.data, now, organisation=shop.id)
        last = Clock.objects.filter(ticket__in=made).order_by("-id")[0]
        walk = recomputing.Walk(**{**vars(walk), "again": (str(last.id),)})
        assert recomputing.step(walk, organisation=shop.id, now=now, size=2) == 1


def test_a_level_that_waits_for_its_sweep_is_not_passed_over_by_a_walk(shop, now, monkeypatch):
    with shop.scope():
        calendars.put("shift", hours("00:00", "24:00"), organisation=shop.id, now=now - HOUR, actor="t")
        put(shop, now, "shift", "shift", 7200)
        row = Clock.objects.get(ticket=filed(shop, now, "shift"))
        half, edited_at = row.started_at + HOUR, row.started_at + 1.1 * HOUR
        # half of the time is over and no sweep has come yet when the hours change
        spec = hours("00:00", "24:00", holidays=[(edited_at + day * timedelta(days=1)).date().isoformat() for day in range(-1, 4)])
        calendars.put("shift", spec, organisation=shop.id, now=edited_at, actor="t")
        recomputing.step(recomputing.Walk(since=edited_at.isoformat(), code="shift"), organisation=shop.id, now=edited_at)
        walked = Clock.objects.get(id=row.id)
        assert walked.due_at > row.due_at + timedelta(days=2)
        assert walked.next_fire_at == half
        monkeypatch.setattr(clocks, "database_now", lambda: edited_at)
        assert sweep.sweep(organisation=shop.id) == 1
        assert list(Escalation.objects.filter(clock=row).values_list("level", "fire_at")) == [("0.5", half)]
        assert Clock.objects.get(id=row.id).next_fire_at > half + timedelta(days=2)


def test_more_than_a_slice_is_shared_out_and_every_clock_is_in_one_lane(shop, now):
    with shop.scope():
        calendars.put("shift", hours("00:00", "24:00"), organisation=shop.id, now=now - HOUR, actor="t")
        put(shop, now, "shift", "shift", 10 * 86400)
        made = [filed(shop, now, "shift", external_id=str(i)).id for i in range(12)]
        calendars.put("shift", hours("00:00", "23:00"), organisation=shop.id, now=now, actor="t")
        assert recomputing.step(recomputing.Walk(since=now.isoformat(), code="shift"), organisation=shop.id, now=now, size=11) == 0
        lanes = list(Fact.objects.filter(kind="promises.retimed").order_by("id"))
        assert [fact.data["lane"] for fact in lanes] == list(range(recomputing.LANES))
        walks = [recomputing.of_fact(fact.kind, fact.data, now, organisation=shop.id) for fact in lanes]
        reached = [key for walk in walks for key in recomputing._reached(walk, shop.id).values_list("id", flat=True)]
        assert sorted(reached) == sorted(Clock.objects.filter(ticket__in=made).values_list("id", flat=True))
        assert sum(recomputing.step(walk, organisation=shop.id, now=now) for walk in walks) == 12


# ---- holds -----------------------------------------------------------------------------------------------------------


def test_a_hold_that_nobody_ends_ends_itself_and_says_so(shop, now, work):
    with shop.scope():
        put(shop, now, "x", target=30 * 86400)
        ticket = filed(shop, now, "x")
        moves.apply(ticket.id, "hold", {"reason": "waiting_customer"}, organisation=shop.id, actor="t")
        begun = now - timedelta(hours=73)
        Pause.objects.update(from_at=begun, expires_at=begun + timedelta(hours=72))
        Clock.objects.filter(ticket=ticket).update(started_at=begun - HOUR, next_fire_at=now - HOUR)
    work()
    with shop.scope():
        pause, clock = Pause.objects.get(ticket=ticket), Clock.objects.get(ticket=ticket)
        assert (pause.to_at, clock.state) == (pause.expires_at, "running")
        note = Move.objects.get(ticket=ticket, kind="resume")
        assert (note.actor, note.data["expired"], note.data["ended_at"]) == ("clockwork", True, pause.expires_at.isoformat())
        assert not moves.end_hold(ticket.id, organisation=shop.id)
        assert Fact.objects.filter(kind="hold.expired").count() == 1


# ---- a policy's new version ------------------------------------------------------------------------------------------


def test_a_replay_judges_the_same_behaviour_by_other_targets(shop, now):
    with shop.scope():
        row = put(shop, now, "calls", target=7200, match={"channel": ["phone"]})
        for i, minutes in enumerate((30, 70, 100, 150)):
            step = (timedelta(minutes=minutes), "resolve", {})
            filed(shop, now, since=timedelta(days=i + 1), external_id=str(i), done=[step])
        hold = (HOUR / 2, "hold", {"reason": "waiting_customer"})
        filed(shop, now, since=timedelta(hours=5), external_id="held", done=[hold])
        filed(shop, now, external_id="store", channel="store")
        (open_,) = [filed(shop, now, since=timedelta(minutes=80), external_id="open")]
        clauses = [{**row.clauses[0], "target_seconds": 3600}]
        found = replay.run("calls", row.match, clauses, organisation=shop.id, now=now)
        assert (found.n_seen, found.n_taken, found.n_had, found.n_open, found.n_break) == (7, 6, 6, 2, 1)
        (clause,) = found.clauses
        assert (clause.then.n_met, clause.then.n_ended, clause.then.n_running) == (3, 4, 2)
        assert (clause.under.n_met, clause.under.n_ended, clause.under.n_running) == (1, 5, 1)
        unpausable = replay.run("calls", row.match, [{**clauses[0], "pausable_by": []}], organisation=shop.id, now=now)
        assert unpausable.n_break == 2
        narrower = replay.run("calls", {"channel": ["store"]}, clauses, organisation=shop.id, now=now)
        assert (narrower.n_taken, narrower.n_had) == (1, 6)
        # nothing was written
        assert Clock.objects.get(ticket=open_).target_seconds == 7200


def test_open_tickets_take_the_new_version_when_somebody_asks(shop, now, work, monkeypatch):
    monkeypatch.setattr(reapplying, "SLICE", 2)
    with shop.scope():
        put(shop, now, "x", target=7200)
        fresh, old = filed(shop, now, "x"), filed(shop, now, "x", since=timedelta(minutes=90), external_id="2")
        done = filed(shop, now, "x", external_id="3")
        third = filed(shop, now, "x", external_id="4")
        moves.apply(done.id, "resolve", {}, organisation=shop.id, actor="t")
        newer = put(shop, now, "x", target=3600, promise="一小时解决")
        assert reapplying.waiting(newer, organisation=shop.id) == 3
        assert reapplying.ask(newer, organisation=shop.id, now=now, actor="user:m@x") == 3
    work()
    with shop.scope():
        assert {t.policy_id == newer.id for t in Ticket.objects.filter(id__in=[fresh.id, old.id, third.id])} == {True}
        assert Ticket.objects.get(id=done.id).policy_id != newer.id
        row, broken = Clock.objects.get(ticket=fresh), Clock.objects.get(ticket=old)
        assert (row.due_at, row.promise, row.state) == (row.started_at + HOUR, "一小时解决", "running")
        assert (broken.state, broken.cause, broken.breached_at > now) == ("breached", "target_change", True)
        assert Escalation.objects.filter(clock=broken, level="1").count() == 1
        note = Move.objects.get(ticket=fresh, kind="repolicy")
        assert (note.actor, note.data["from"], note.data["to"]) == ("user:m@x", 1, 2)
        assert reapplying.waiting(newer, organisation=shop.id) == 0


def test_a_new_version_may_add_and_drop_promises_and_change_hours(shop, now, work):
    with shop.scope():
        calendars.put("none", hours("00:00", "00:01"), organisation=shop.id, now=now, actor="t")
        clause = {"code": "solve", "kind": "resolution", "target_seconds": 7200, "calendar": "always"}
        extra = {"code": "answer", "kind": "first_response", "target_seconds": 600, "calendar": "always"}
        rows = {"a": [clause, extra], "b": [{**clause, "calendar": "none"}, {**extra, "code": "event", "kind": "reconstruction"}]}
        sla_policies.put("x", {"name": "x", "clauses": rows["a"]}, organisation=shop.id, now=now, actor="t")
        ticket = filed(shop, now, "x")
        newer = sla_policies.put("x", {"name": "x", "clauses": rows["b"]}, organisation=shop.id, now=now, actor="t")
        reapplying.ask(newer, organisation=shop.id, now=now, actor="t")
    work()
    with shop.scope():
        found = {row.clause: row for row in Clock.objects.filter(ticket=ticket)}
        assert {name: row.state for name, row in found.items()} == {"solve": "running", "answer": "cancelled", "event": "running"}
        assert found["answer"].cause == "policy_change"
        assert found["solve"].due_at > now + timedelta(days=100)
        assert found["event"].started_at > now
        assert found["solve"].turns[0]["hours"] == "none"


@pytest.mark.parametrize("n", [1, 3])
def test_lists_of_clocks_cost_the_same_for_one_and_for_three(shop, now, n, django_assert_num_queries):
    with shop.scope():
        put(shop, now, "local", "unit", 3600)
        made = [filed(shop, now, "local", external_id=str(i)) for i in range(n)]
        made = list(Ticket.objects.filter(id__in=[ticket.id for ticket in made]))
        queries.clock_views(made, organisation=shop.id, now=now)
        with django_assert_num_queries(4):
            queries.clock_views(made, organisation=shop.id, now=now)
