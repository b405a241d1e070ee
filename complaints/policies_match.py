"""Which promise policy a complaint gets, and why: pure values in, an answer with its reasons out.

Policies are tried in order. One guard stands above the order: a policy that looks at the customer's tier never takes a
red-line complaint (safety, law, regulator…) when it promises less than the one that case would get without a tier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from complaints.models import PolicyVersion

ALWAYS = "always"


@dataclass(frozen=True)
class Case:
    """What matching looks at. `red_line`: safety, law, regulator, exposure; or a severity of critical."""

    severity: str
    tier: str = ""
    channel: str = ""
    unit_path: str = ""
    topics: tuple[str, ...] = ()
    red_line: bool = False


@dataclass(frozen=True)
class Reason:
    """Why a policy does or does not take a case.

    conditions: (key, options, whether it holds); is_taken: the first that fits; is_guarded: it fits, but would promise a
    red-line case less than `instead`.
    """

    policy: PolicyVersion
    conditions: tuple[tuple[str, list[str], bool], ...]
    is_taken: bool
    is_guarded: bool = False
    instead: PolicyVersion | None = None


def explain(case: Case, rows: Sequence[PolicyVersion]) -> list[Reason]:
    """Goes through the policies in order as `pick` does, and says what each condition answers. Pure."""
    found: list[Reason] = []
    plain = next((row for row in rows if "tier" not in row.match and matches(row.match, case)), None)
    is_open = True
    for row in rows:
        conditions = tuple((key, options, matches({key: options}, case)) for key, options in row.match.items())
        fits = all(holds for _key, _options, holds in conditions)
        guarded = fits and case.red_line and "tier" in row.match and plain is not None and is_slower(row, plain)
        found.append(Reason(row, conditions, fits and is_open and not guarded, guarded, plain if guarded else None))
        is_open = is_open and not (fits and not guarded)
    return found


def pick(case: Case, rows: Sequence[PolicyVersion]) -> PolicyVersion | None:
    """The policy that takes a case, or None. Pure."""
    return next((reason.policy for reason in explain(case, rows) if reason.is_taken), None)


def is_slower(row: PolicyVersion, other: PolicyVersion) -> bool:
    """True when some kind of promise of `other` is missing in `row`, has a longer target, or counts fewer hours. Pure."""
    ours = _quickest(row.clauses)
    for kind, theirs in _quickest(other.clauses).items():
        mine = ours.get(kind)
        if mine is None or mine["target_seconds"] > theirs["target_seconds"]:
            return True
        if theirs["calendar"] == ALWAYS and mine["calendar"] != ALWAYS:
            return True
    return False


def _quickest(clauses: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for clause in sorted(clauses, key=lambda clause: -clause["target_seconds"]):
        found[clause["kind"]] = clause
    return found


def matches(wanted: Mapping[str, list[str]], case: Case) -> bool:
    """True when every condition holds; a unit condition covers its subtree. Pure."""
    for key, options in wanted.items():
        if key == "unit":
            if not any(f"/{code}/" in case.unit_path for code in options):
                return False
        elif key == "topic":
            if not set(options) & set(case.topics):
                return False
        elif getattr(case, key) not in options:
            return False
    return True
