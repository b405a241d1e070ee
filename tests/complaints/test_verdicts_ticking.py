"""Verdicts against a clock that ticks: at each second the events come in their order, then the sweep looks."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints.verdicts import Verdict, fired, judge
from cxms.lib.working_time import Calendar

EXAMPLES = 2_000 if os.environ.get("CXMS_NIGHTLY") == "1" else 60
STEADY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SHANGHAI = "Asia/Shanghai"
OPENING = datetime(2026, 3, 2, 1, tzinfo=UTC)  # Monday 09:00 in Shanghai
OFFICE = Calendar(SHANGHAI, weekly=dict.fromkeys(range(5), (("09:00", "18:00"),)))


@dataclass
class Ticking:
    """The naive clock: its state is what a person with a stop-watch and a list of events would write down."""

    target: int
    pauses: list[tuple[int, int | None]]
    changes: dict[int, int]
    shares: tuple[float, ...]
    offsets: tuple[int, ...]
    elapsed: int = 0
    over: int = 0
    used_up_at: int | None = None
    breached_at: int | None = None
    by_change: bool = False
    rang: dict[str, int] = field(default_factory=dict)
    held: list[int | None] = field(default_factory=list)

    def broken(self, now: int) -> bool:
        return self.breached_at is not None or (self.used_up_at is not None and self.used_up_at < now)

    def events(self, now: int) -> None:
        self.held = [until for until in self.held if until is None or until > now]
        broken = self.broken(now)
        if not broken and now in self.changes and self.changes[now] != self.target:
            self.target, self.used_up_at = self.changes[now], None
            if self.elapsed >= self.target:
                self.breached_at, self.by_change = now, True
        if not broken and (self.elapsed < self.target or self.by_change):
            self.held += [until for begins, until in self.pauses if begins == now and (until is None or until > now)]

    def sweep(self, now: int) -> None:
        if self.used_up_at is None and not self.by_change and self.elapsed >= self.target:
            self.used_up_at = now
        if not self.by_change:
            for share in self.shares:
                if self.elapsed >= share * self.target:
                    self.rang.setdefault(format(share, "g"), now)
        if self.used_up_at is not None or self.by_change:
            self.rang.setdefault("1", now)
            for offset in self.offsets:
                if self.over >= offset:
                    self.rang.setdefault(f"+{offset}", now)

    def tick(self, is_open: bool) -> None:
        if is_open and not self.held:
            self.elapsed += 1
            self.over += self.used_up_at is not None or self.by_change


HOURS = 9
# A coarse grid makes events meet at one instant, which is where the rules are.
grid = st.integers(0, HOURS * 6 - 1).map(lambda part: part * 600)
moments = st.one_of(grid, grid, st.integers(0, HOURS * 3600 - 1))
targets = st.one_of(st.integers(0, 12).map(lambda part: part * 1200), st.integers(0, 540).map(lambda part: part * 20))


@STEADY
@given(
    shifts=st.sampled_from([[(0, 24)], [(9, 12), (13, 18)], [(10, 11), (12, 13), (14, 15), (16, 17)], [(11, 24)]]),
    target=targets,
    pauses=st.lists(st.tuples(moments, st.one_of(st.none(), moments)), max_size=4),
    changes=st.dictionaries(moments, targets, max_size=3),
    end=moments,
    stops=st.booleans(),
)
def test_judging_agrees_with_the_ticking_clock(
    shifts: list[tuple[int, int]],
    target: int,
    pauses: list[tuple[int, int | None]],
    changes: dict[int, int],
    end: int,
    stops: bool,
) -> None:
    origin, shares, offsets = OPENING, (0.25, 0.5, 0.75), (600, 1800)
    ticking = Ticking(target, pauses, changes, shares, offsets)
    for now in range(end + 1):
        if stops and now == end:
            break
        ticking.events(now)
        ticking.sweep(now)
        if now < end:
            ticking.tick(any(a * 3600 <= now + 9 * 3600 < b * 3600 for a, b in shifts))
    hours = tuple((f"{a:02}:00", f"{b:02}:00") for a, b in shifts)
    moment = {n: origin + timedelta(seconds=n) for n in range(HOURS * 3600)}
    verdict = judge(
        calendar=Calendar(SHANGHAI, weekly=dict.fromkeys(range(7), hours)),
        started_at=origin,
        target_seconds=target,
        warn_shares=shares,
        after_seconds=offsets,
        pauses=[(moment[begins], None if until is None else moment[until]) for begins, until in pauses],
        changes=[{"at": moment[n], "target_seconds": seconds} for n, seconds in changes.items()],
        stopped_at=moment[end] if stops else None,
        now=moment[end],
    )
    due = (
        end
        if ticking.by_change and ticking.breached_at == end
        else ticking.breached_at
        if ticking.by_change
        else ticking.used_up_at
    )
    broken = due is not None and (due < end or (ticking.by_change and not stops))
    assert {level.name: level.fire_at for level in fired(verdict, moment[end])} == {
        name: moment[n] for name, n in ticking.rang.items()
    }
    assert verdict.state == ("breached" if broken else "met" if stops else "running")
    assert verdict.breached_at == (moment[due] if broken and due is not None else None)
    assert verdict.cause == ("target_change" if broken and ticking.by_change else "")
    assert (verdict.elapsed_seconds, verdict.late_working_seconds) == (ticking.elapsed, ticking.over if broken else 0)
    assert verdict.late_seconds == (end - due if broken and due is not None else 0)


@STEADY
@given(
    target=targets,
    pauses=st.lists(st.tuples(moments, st.one_of(st.none(), moments)), max_size=3),
    changes=st.dictionaries(moments, targets, max_size=2),
    first=moments,
    later=moments,
    more=st.lists(st.tuples(st.integers(1, 3600), st.one_of(st.none(), st.integers(1, 7200))), max_size=2),
)
def test_a_breach_is_for_good(
    target: int,
    pauses: list[tuple[int, int | None]],
    changes: dict[int, int],
    first: int,
    later: int,
    more: list[tuple[int, int | None]],
) -> None:
    origin, (first, later) = OPENING, sorted((first, later))

    def moment(n: int) -> datetime:
        return origin + timedelta(seconds=n)

    def judged(now: int, extra: list[tuple[int, int | None]], turns: dict[int, int]) -> Verdict:
        return judge(
            calendar=OFFICE,
            started_at=origin,
            target_seconds=target,
            pauses=[(moment(a), None if b is None else moment(b)) for a, b in [*pauses, *extra]],
            changes=[{"at": moment(n), "target_seconds": seconds} for n, seconds in turns.items()],
            now=moment(now),
        )

    before = judged(first, [], changes)
    if before.state == "breached":
        extra = [(first + begins, None if lasts is None else first + begins + lasts) for begins, lasts in more]
        after = judged(later, extra, changes | {first + 1: 10**6})
        assert (after.state, after.breached_at, after.cause) == ("breached", before.breached_at, before.cause)
        assert set(fired(before, moment(first))) <= set(fired(after, moment(later)))
        assert after.late_working_seconds >= before.late_working_seconds
