"""What starts, stops and may pause each kind of clause: the one table behind every promise clock. Pure.

A new clock kind is one row here. Source of the rules: promises/SLA §3.2.
"""

from dataclasses import dataclass

OPENED = "opened"


@dataclass(frozen=True)
class ClockSpec:
    """One kind of clause.

    starts_on: moves that start it ("opened": with the ticket or its new cycle); stops_on: moves that meet or break it;
    pausable_by: hold reasons that may stop its time; warn_shares: default warnings; again: restarts with a new cycle.
    """

    kind: str
    starts_on: frozenset[str]
    stops_on: frozenset[str]
    pausable_by: frozenset[str] = frozenset()
    warn_shares: tuple[float, ...] = (0.5, 0.75)
    after_seconds: tuple[int, ...] = (1800,)
    again: bool = True


CUSTOMER = frozenset({"waiting_customer"})
BOTH = frozenset({"waiting_customer", "waiting_third_party"})

SPECS: dict[str, ClockSpec] = {
    spec.kind: spec
    for spec in (
        ClockSpec("notify", frozenset({OPENED}), frozenset({"notified"}), warn_shares=()),
        ClockSpec("first_response", frozenset({OPENED}), frozenset({"reply", "propose", "contacted"})),
        ClockSpec("reconstruction", frozenset({OPENED}), frozenset({"reconstruct"}), CUSTOMER, again=False),
        ClockSpec("solution", frozenset({OPENED}), frozenset({"accept", "no_answer"}), BOTH),
        ClockSpec("resolution", frozenset({OPENED}), frozenset({"accept", "resolve", "no_answer"}), BOTH),
        ClockSpec("reflection", frozenset({"accept", "resolve", "no_answer"}), frozenset({"reflect"})),
        ClockSpec("visit", frozenset({OPENED}), frozenset({"visit"}), CUSTOMER),
    )
}


def stops(kind: str, move: str) -> bool:
    """True when this move ends a clock of this kind."""
    return move in SPECS[kind].stops_on


def starts(kind: str, move: str) -> bool:
    """True when this move starts a clock of this kind."""
    return move in SPECS[kind].starts_on
