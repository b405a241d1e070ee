"""Who should take a ticket, and why: nearest unit, then skill, then load, then whose turn it is; never who is absent. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

WEIGHTS = {"low": 1, "normal": 2, "high": 4, "critical": 8}
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Candidate:
    """Somebody who could take it. `distance`: units between his place and the ticket's; `load`: open tickets by weight."""

    key: str
    name: str
    distance: int
    topics: frozenset[str] = frozenset()
    n_open: int = 0
    load: int = 0
    last_at: datetime | None = None
    is_absent: bool = False


@dataclass(frozen=True)
class Reason:
    """One step of the choice: absent, unit, skill, load, turn, only; `who` and `n` fill its sentence."""

    code: str
    who: str = ""
    n: int = 0


@dataclass(frozen=True)
class Choice:
    """The chosen one's key, or None when nobody can take it, and the steps that led there."""

    key: str | None
    reasons: tuple[Reason, ...]


def skill_rank(candidate: Candidate, topics: Collection[str]) -> int:
    """0 handles one of the topics, 1 handles anything, 2 handles other things."""
    if candidate.topics & set(topics):
        return 0
    return 2 if candidate.topics else 1


def choose(candidates: Sequence[Candidate], topics: Collection[str]) -> Choice:
    """The one who takes it. Equal in all else, the one whose last ticket is oldest; then by key, so it is always the same."""
    present = [c for c in candidates if not c.is_absent]
    nearest = min((c.distance for c in candidates), default=0)
    reasons = [Reason("absent", c.name) for c in sorted(candidates, key=lambda c: c.name) if c.is_absent and c.distance == nearest]
    if not present:
        return Choice(None, (*reasons, Reason("nobody")))
    best = min(present, key=lambda c: _order(c, topics))
    near = [c for c in present if c.distance == best.distance]
    able = [c for c in near if skill_rank(c, topics) == skill_rank(best, topics)]
    light = [c for c in able if c.load == best.load]
    reasons.append(Reason("unit" if best.distance == 0 else "above", n=best.distance))
    if skill_rank(best, topics) == 0:
        reasons.append(Reason("skill"))
    if len(near) == 1:
        reasons.append(Reason("only"))
    elif len(light) < len(able):
        reasons.append(Reason("load", n=best.n_open))
    elif len(able) > 1:
        reasons.append(Reason("turn", n=best.n_open))
    return Choice(best.key, tuple(reasons))


def _order(candidate: Candidate, topics: Collection[str]) -> tuple[int, int, int, datetime, str]:
    last = candidate.last_at or LONG_AGO
    return candidate.distance, skill_rank(candidate, topics), candidate.load, last, candidate.key
