"""What a policy change would have done to the last thirty days, as the policy page shows it: shares with n and interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from complaints import policies_check, replay
from complaints.replay import Replay, Tally
from metrics import statistics
from web import words
from web.door import Visit

FEW = 5


@dataclass(frozen=True)
class Share:
    """Percent kept of those that ended, with its interval; no value where too few ended to say anything."""

    value: float | None
    low: float
    high: float
    n: int
    n_running: int


@dataclass(frozen=True)
class Line:
    """One clause: as it was, and under the change."""

    name: str
    then: Share
    under: Share


@dataclass(frozen=True)
class Effect:
    """The whole answer."""

    replay: Replay
    lines: tuple[Line, ...]


def share_of(tally: Tally) -> Share:
    """The share of a tally, Wilson."""
    found = statistics.wilson(tally.n_met, tally.n_ended)
    if found.value is None or tally.n_ended < FEW:
        return Share(None, 0.0, 100.0, tally.n_ended, tally.n_running)
    low, high = found.low or 0.0, 1.0 if found.high is None else found.high
    return Share(100 * found.value, 100 * low, 100 * high, tally.n_ended, tally.n_running)


def effect(code: str, match: dict[str, Any], clauses: Sequence[dict[str, Any]], visit: Visit) -> Effect:
    """Replays the last thirty days. Raises PolicyError for what could not be saved either."""
    spec = {"name": code, "match": match, "clauses": list(clauses)}
    clean = policies_check.check(code, spec, organisation=visit.organisation.id)
    found = replay.run(code, clean["match"], clean["clauses"], organisation=visit.organisation.id, now=visit.now)
    lines = []
    for clause, one in zip(clean["clauses"], found.clauses, strict=True):
        name = clause["promise"] or words.promise(clause["kind"], clause["target_seconds"])
        lines.append(Line(name if clause["kind"] != "reflection" else _("反思"), share_of(one.then), share_of(one.under)))
    return Effect(found, tuple(lines))
