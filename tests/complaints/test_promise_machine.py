"""Moves × calendars × crashes: whatever happens in whatever order, what is stored is what the events say.

The oracle folds the moves of a ticket, one by one, into starts, stops, holds and targets, and lets the pure verdict judge them;
it shares no code with the clocks. CXMS_NIGHTLY=1 runs ten thousand sequences of fifty steps.
"""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from complaints import clocks, moves, queries, recomputing, sla_policies, sweep
from complaints.intake import Complaint, file
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Clock, Escalation, Move, Pause
from complaints.verdicts import fired, judge
from cxms.lib import failpoints
from cxms.lib.working_time import Calendar, splice
from feedback.intake import Source
from feedback.shapes import RawVoice
from ledger.models import Fact
from tenancy import calendars
from tests.shop import make_shop

NIGHTLY = os.environ.get("CXMS_NIGHTLY") == "1"
PROFILE = settings(
    max_examples=int(os.environ.get("CXMS_SEQUENCES", "10000")) if NIGHTLY else 12, stateful_step_count=50 if NIGHTLY else 25, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], print_blob=True,
    phases=[Phase.explicit, Phase.generate],  # each step is a transaction: shrinking would take hours
)  # fmt: skip
MICROSECOND = timedelta(microseconds=1)
MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
FIVE = dict.fromkeys(("who", "when", "where", "what", "evidence"), "已查明") | {"signed": True}
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = [
    {"timezone": "Asia/Shanghai", "weekly": {day: [[opens, closes]] for day in WEEK}, "holidays": holidays}
    for opens, closes in (("09:00", "18:00"), ("00:00", "24:00"), ("22:00", "06:00"))
    for holidays in ([], ["2026-03-02"], ["2026-03-03"])
]
CALENDARS = [Calendar.from_spec(spec) for spec in HOURS]
CLAUSES = {
    "slow": {"answer": ("first_response", 3600, "shop"), "event": ("reconstruction", 3600, "always"), "solve": ("solution", 7200, "shop")},
    "grave": {"answer": ("first_response", 600, "shop"), "event": ("reconstruction", 1800, "always"), "solve": ("solution", 3600, "shop")},
}  # fmt: skip
PAUSABLE = {"answer": set(), "event": {"waiting_customer"}, "solve": {"waiting_customer", "waiting_third_party"}}
ENDS_HOLD = {"resume", "message", "accept", "decline", "resolve"}
STOPS = {"answer": {"reply", "propose"}, "event": {"reconstruct"}, "solve": {"accept", "no_answer"}}


@dataclass
class Line:
    """What the events say of one clock."""

    clause: str
    started_at: datetime
    target: int
    changes: list = field(default_factory=list)
    gaps: list = field(default_factory=list)
    stopped_at: datetime | None = None
    stopped_by: str = ""

    @property
    def in_force(self):
        return self.changes[-1]["target_seconds"] if self.changes else self.target


def fold(rows, severity):
    """{(clause, cycle): Line} and the holds [(from, to, reason)] of a ticket's moves, in their order."""
    policy = "grave" if severity == "critical" else "slow"
    lines, holds, cycle, used, hold = {}, [], 1, timedelta(), None
    for row in rows:
        kind = "no_answer" if row.data.get("reason") == "no_answer" and row.kind == "resolve" else row.kind
        if hold and hold[3] <= row.at:
            holds.append((hold[0], hold[3], hold[2]))
            used, hold = used + hold[3] - hold[0], None
        if kind == "opened":
            lines |= {(name, 1): Line(name, row.at, spec[1]) for name, spec in CLAUSES[policy].items()}
        elif kind == "hold" or (kind == "propose" and row.data["wait"] and hold is None):
            until = row.at + min(timedelta(hours=72), timedelta(days=5) - used)
            hold = (row.at, None, row.data.get("reason", "waiting_customer"), until)
        elif (row.kind in ENDS_HOLD) and hold:
            holds.append((hold[0], row.at, hold[2]))
            used, hold = used + row.at - hold[0], None
        elif kind == "change_severity":
            severity = row.data["severity"]
            wanted = CLAUSES["grave" if severity == "critical" else "slow"]
            for (name, number), line in lines.items():
                if number == cycle and line.stopped_at is None and line.in_force != wanted[name][1]:
                    line.changes.append({"at": row.at, "target_seconds": wanted[name][1]})
        elif kind == "reopen" and row.data["mode"] == "undo":
            line = lines["solve", cycle]
            if line.stopped_by in STOPS["solve"]:
                line.gaps.append((line.stopped_at, row.at))
                line.stopped_at, line.stopped_by = None, ""
        elif kind == "reopen":
            cycle, used = cycle + 1, timedelta()
            wanted = CLAUSES["grave" if severity == "critical" else "slow"]
            lines |= {(name, cycle): Line(name, row.at, wanted[name][1]) for name in ("answer", "solve")}
        for line in lines.values():
            if kind in STOPS[line.clause] and line.stopped_at is None:
                line.stopped_at, line.stopped_by = row.at, kind
    if hold:
        holds.append((hold[0], hold[3], hold[2]))
    return lines, holds


class Promise(RuleBasedStateMachine):
    """One ticket of a fresh organisation, under a clock of our own."""

    def __init__(self):
        super().__init__()
        self.now = MONDAY
        self.real = clocks.database_now
        clocks.database_now = lambda: self.now
        self.edits = [(MONDAY - timedelta(days=1), HOURS[0])]
        self.broken, self.ended, self.elapsed, self.due, self.waiting = {}, {}, {}, {}, set()
        self.why, self.unwalked = "", []

    def teardown(self):
        clocks.database_now = self.real

    @initialize(critical=st.booleans())
    def opened(self, critical):
        self.shop = make_shop()
        since = MONDAY - timedelta(days=1)
        with self.shop.scope():
            calendars.put("shop", HOURS[0], organisation=self.shop.id, now=since, actor="t")
            for code, match in (("grave", {"severity": ["critical"]}), ("slow", {"channel": ["phone"]})):
                clauses = [
                    {"code": name, "kind": kind, "target_seconds": target, "calendar": calendar}
                    for name, (kind, target, calendar) in CLAUSES[code].items()
                ]
                spec = {"name": code, "match": match, "clauses": clauses}
                sla_policies.put(code, spec, organisation=self.shop.id, now=since, actor="t")
            self.severity = "critical" if critical else "normal"
            voice = Complaint(RawVoice(channel="phone", text="要求解决", unit="S001"), severity=self.severity)
            self.ticket, _ = file(voice, organisation=self.shop.id, source=Source(b"x", "x", "t"), now=self.now)
            self.key = self.ticket.id

    def move(self, kind, **fields):
        self.why = kind
        self.now += MICROSECOND  # each event has an instant of its own; ties are for the table of verdicts
        try:
            with self.shop.scope():
                moves.apply(self.key, kind, fields, organisation=self.shop.id, actor="t")
        except MoveNotAllowed:
            self.why = "refused"

    @rule(minutes=st.sampled_from([0, 1, 7, 20, 30, 60, 90, 600, 1440, 4320]))
    def time_passes(self, minutes):
        self.now += timedelta(minutes=minutes)
        self.why = "time"

    @rule(kind=st.sampled_from(["reply", "message"]))
    def words(self, kind):
        self.move(kind, text="您好")

    @rule()
    def reconstruct(self):
        self.move("reconstruct", **FIVE)

    @rule(wait=st.booleans())
    def propose(self, wait):
        self.move("propose", text="换新", wait=wait)

    @rule(kind=st.sampled_from(["accept", "decline"]))
    def answer(self, kind):
        self.move(kind, consent="verbal", reason="不满意")

    @rule(reason=st.sampled_from(["waiting_customer", "waiting_third_party"]))
    def hold(self, reason):
        self.move("hold", reason=reason)

    @rule()
    def resume(self):
        self.move("resume")

    @rule(reason=st.sampled_from(["", "no_answer"]))
    def resolve(self, reason):
        self.move("resolve", reason=reason)

    @rule(mode=st.sampled_from(["undo", "new_cycle"]))
    def reopen(self, mode):
        self.move("reopen", reason="不对", mode=mode)

    @rule(severity=st.sampled_from(["normal", "critical"]))
    def severity_changes(self, severity):
        self.move("change_severity", severity=severity, reason="x")

    @rule(hours=st.sampled_from(HOURS), walks=st.booleans())
    def calendar_is_edited(self, hours, walks):
        self.why = "calendar"
        with self.shop.scope():
            before = set(Fact.objects.filter(kind="calendar.changed").values_list("id", flat=True))
            calendars.put("shop", hours, organisation=self.shop.id, now=self.now, actor="t")
            said = list(Fact.objects.filter(kind="calendar.changed").exclude(id__in=before))
            if said:
                self.edits.append((self.now, hours))
            self.unwalked += said
        if walks:
            self.walk()

    @precondition(lambda self: self.unwalked)
    @rule()
    def walks_come_late(self):
        self.why = "walk"
        self.walk()

    def walk(self):
        """Every edit has its walk, sooner or later; a walk that knows of one edit only may pass a clock by."""
        with self.shop.scope():
            for fact in self.unwalked:
                walk = recomputing.of_fact(fact.kind, fact.data, fact.at, organisation=self.shop.id)
                if walk is not None:
                    recomputing.step(walk, organisation=self.shop.id, now=self.now)
        self.unwalked = []

    @rule()
    def swept(self):
        self.why = "sweep"
        with self.shop.scope():
            while sweep.sweep(organisation=self.shop.id):
                pass

    @precondition(lambda self: self.why != "crash")
    @rule(kind=st.sampled_from(["propose", "resolve", "sweep", "hold"]))
    def crash(self, kind):
        """The process dies before its commit: nothing of it remains."""
        before = self.stored()
        reach, self.why = failpoints.reach, "crash"

        def dies(point):
            raise KeyboardInterrupt(point)

        failpoints.reach = dies
        try:
            with self.shop.scope(), transaction.atomic():
                if kind == "sweep":
                    sweep.sweep(organisation=self.shop.id)
                else:
                    fields = {"text": "x", "reason": "waiting_customer" if kind == "hold" else ""}
                    moves.apply(self.key, kind, fields, organisation=self.shop.id, actor="t")
        except (KeyboardInterrupt, MoveNotAllowed):
            pass
        finally:
            failpoints.reach = reach
        assert self.stored() == before

    def stored(self):
        with self.shop.scope():
            rows = Clock.objects.order_by("id").values_list("id", "state", "due_at", "stopped_at", "breached_at", "next_fire_at")
            levels = Escalation.objects.order_by("id").values_list("id", "level")
            return (list(rows), list(levels), Move.objects.count(), Pause.objects.count(), Fact.objects.count())

    # ---- what always holds -------------------------------------------------------------------------------------------

    def counted(self, clause, line):
        if CLAUSES["slow"][clause][2] == "always":
            return Calendar("Asia/Shanghai", always=True)
        specs = [(at, CALENDARS[HOURS.index(spec)]) for at, spec in self.edits]
        return splice(specs[0][1], specs[1:])

    @invariant()
    def stored_is_what_the_events_say(self):
        if not hasattr(self, "key"):
            return
        with self.shop.scope():
            rows = Move.objects.filter(ticket=self.key).order_by("seq").values_list("kind", "at", "data", named=True)
            lines, holds = fold(rows, self.severity)
            assert Pause.objects.filter(ticket=self.key, to_at=None).count() <= 1
            written = defaultdict(set)
            for clock, level, fire_at in Escalation.objects.filter(ticket=self.key).values_list("clock", "level", "fire_at"):
                written[clock].add((level, fire_at))
            views = queries.clock_views([self.ticket], organisation=self.shop.id, now=self.now)[self.key]
            assert sorted((view.clock.clause, view.clock.cycle) for view in views) == sorted(lines)
            for view in views:
                key = (view.clock.clause, view.clock.cycle)
                self.compare(view, lines[key], holds, key, written[view.clock.id])

    def compare(self, view, line, holds, key, levels):
        row = view.clock
        verdict = judge(
            calendar=self.counted(row.clause, line), started_at=line.started_at, target_seconds=line.target,
            pauses=[(a, b) for a, b, reason in holds if reason in PAUSABLE[row.clause]] + line.gaps,
            changes=line.changes, stopped_at=line.stopped_at, now=max(self.now, line.started_at),
        )  # fmt: skip
        assert (row.started_at, row.stopped_at, view.due_at) == (line.started_at, line.stopped_at, verdict.due_at)
        assert view.elapsed_seconds == verdict.elapsed_seconds
        if line.stopped_at is not None:
            assert row.breached_at == verdict.breached_at or row.breached_at == self.broken.get(key)
            assert row.met_at == (None if row.breached_at else line.stopped_at)
            assert row.next_fire_at is None
        oracle = {(level.name, level.fire_at) for level in fired(verdict, self.now)}
        assert levels <= oracle
        # before its walk an edit that brings a level forward tells no sweep to look: then what is written may lack some
        if self.why == "sweep" and line.stopped_at is None and not self.unwalked:
            waits = {(name, at) for name, at in oracle if name == "1" and at == self.now}  # it may still be met
            assert levels >= oracle - waits
            assert row.breached_at == verdict.breached_at
        self.remember(view, row, key)

    def remember(self, view, row, key):
        assert view.elapsed_seconds >= self.elapsed.get(key, 0)
        self.elapsed[key] = view.elapsed_seconds
        if key in self.broken:
            assert row.breached_at == self.broken[key]
        elif row.breached_at is not None:
            self.broken[key] = row.breached_at
        held = view.state == "paused"
        before = self.due.get(key)
        if self.why in {"calendar", "change_severity"}:
            before = self.due[key] = None  # these may move it either way
        if view.is_stopped and self.why == "calendar":
            self.waiting.add(key)
        elif not view.is_stopped and key in self.waiting:
            self.waiting.discard(key)
            before = None  # an undone stop lets in the hours that changed while it stood
        if before and view.due_at and not held:
            assert view.due_at >= before
        if not held:  # a hold counts with the last instant it may last to; its end brings the due instant back
            self.due[key] = view.due_at


@pytest.mark.services
def test_whatever_happens_what_is_stored_is_what_the_events_say():
    run_state_machine_as_test(Promise, settings=PROFILE)


def test_the_machine_catches_a_clock_that_forgets_a_hold(monkeypatch):
    """The control: a desk that counts through holds must not pass."""
    monkeypatch.setattr(clocks, "spans", lambda clock, pauses: [])
    machine = Promise()
    try:
        machine.opened(False)
        machine.hold("waiting_customer")
        machine.time_passes(60)
        with pytest.raises(AssertionError):
            machine.stored_is_what_the_events_say()
    finally:
        machine.teardown()


def test_the_machine_catches_an_edit_that_rewrites_the_past(monkeypatch):
    from complaints import hours_counted

    latest = lambda first, turns: list(turns)[-1][1] if turns else first  # noqa: E731
    monkeypatch.setattr(hours_counted, "splice", latest)
    machine = Promise()
    try:
        machine.opened(False)
        machine.time_passes(30)
        machine.calendar_is_edited(HOURS[1], False)
        machine.time_passes(20)
        machine.calendar_is_edited(HOURS[6], False)
        with pytest.raises(AssertionError):
            machine.stored_is_what_the_events_say()
    finally:
        machine.teardown()
