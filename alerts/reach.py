"""Who is told: the rungs of a level, deputies of the absent, quiet hours, and the next rung when nobody can be reached. Pure.

Source of the rules: promises/SLA §3.4. Keys are whatever identifies a person; nothing here knows a table or a clock.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Person(Generic[Key]):
    """One who could be told. is_away: left, disabled, absent; is_quiet: his quiet hours or a snooze; deputy: who stands in."""

    key: Key
    is_away: bool = False
    is_quiet: bool = False
    deputy: Key | None = None


@dataclass(frozen=True)
class Told(Generic[Key]):
    """One who is told. rung: of whom; stands_for: the absent one, or None; is_silent: by the bell alone, he is quiet."""

    key: Key
    rung: int
    stands_for: Key | None = None
    is_silent: bool = False


@dataclass(frozen=True)
class Decision(Generic[Key]):
    """Who is told, nearest first, who was away without a deputy, and how many rungs above its own the level went."""

    told: tuple[Told[Key], ...]
    missed: tuple[Key, ...]
    n_passed: int

    @property
    def is_reached(self) -> bool:
        """True when somebody hears it now."""
        return any(not one.is_silent for one in self.told)


def decide(
    rungs: Sequence[Sequence[Key]], people: Mapping[Key, Person[Key]], *, n_own: int, is_urgent: bool
) -> Decision[Key]:
    """Tells the first `n_own` rungs, and one more after the other until somebody hears it now.

    is_urgent: quiet hours do not count (levels 3 and 4). A person is told once, at his nearest rung, loud before silent.
    """
    told: dict[Key, Told[Key]] = {}
    missed: list[Key] = []
    n = 0
    for rung, keys in enumerate(rungs):
        if rung >= n_own and any(not one.is_silent for one in told.values()):
            break
        n = rung + 1
        for key in keys:
            _tell(key, rung, people, is_urgent, told, missed)
    return Decision(tuple(told.values()), tuple(dict.fromkeys(missed)), max(0, n - n_own))


def _tell(
    key: Key, rung: int, people: Mapping[Key, Person[Key]], is_urgent: bool, told: dict[Key, Told[Key]], missed: list[Key]
) -> None:
    stand_in = present(key, people)
    if stand_in is None:
        missed.append(key)
    elif stand_in not in told:
        silent = people[stand_in].is_quiet and not is_urgent
        told[stand_in] = Told(stand_in, rung, key if stand_in != key else None, silent)


def present(key: Key, people: Mapping[Key, Person[Key]]) -> Key | None:
    """The person himself, else his deputy, else the deputy's, or None; a circle of deputies ends."""
    seen: set[Key] = set()
    at: Key | None = key
    while at is not None and at not in seen and at in people:
        if not people[at].is_away:
            return at
        seen.add(at)
        at = people[at].deputy
    return None


def in_hours(minute: int, start: int | None, end: int | None) -> bool:
    """True when a minute of the day lies in [start, end), past midnight when end is not later; no bounds: never."""
    if start is None or end is None or start == end:
        return False
    return start <= minute < end if start < end else minute >= start or minute < end


@dataclass(frozen=True)
class Turn(Generic[Key]):
    """A weekly turn: weekday 0..6, minutes [start, end), past midnight when end is not later than start."""

    key: Key
    weekday: int
    start: int
    end: int


def on_turn(turns: Sequence[Turn[Key]], *, weekday: int, minute: int) -> list[Key]:
    """Whose turn it is, in the order of the rota."""
    found = []
    for turn in turns:
        past = turn.end <= turn.start
        today = turn.weekday == weekday and turn.start <= minute < (1440 if past else turn.end)
        yesterday = past and (turn.weekday + 1) % 7 == weekday and minute < turn.end
        if today or yesterday:
            found.append(turn.key)
    return list(dict.fromkeys(found))
