"""Which voices become tickets: ordered rules over what is known of a voice. Pure: values in, a decision and its reason out.

The first rule that fits decides: it opens a ticket, or says why not. Two things stand above every rule: what was said
more than seven days before we judge it is history, and a red line always becomes a ticket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

STALE_AFTER = timedelta(days=7)
DIRECT = ("api", "app", "email", "phone", "qr", "sms", "store", "web", "wechat", "wecom")
BY_URGENCY = {0: "low", 1: "normal", 2: "high"}
RED_LINE = "red_line"
AUTO = "auto"
LISTS = ("topic", "tier", "touchpoint", "channel", "unit", "kind", "sentiment", "words")
FLAGS = ("red_line", "contact", "text")
# what each kind of score calls low when nothing else says so: at or below
LOW = {"nps": 6.0, "csat": 2.0, "stars": 2.0, "ces": 3.0}


@dataclass(frozen=True, slots=True)
class Voice:
    """What the rules look at. `text`: the words in normal form and small letters, for rules that look for words."""

    kind: str = "other"
    sentiment: str = "neutral"
    urgency: int = 0
    red_line: bool = False
    topics: tuple[str, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    tier: str = ""
    channel: str = ""
    touchpoint: str = ""
    unit_path: str = ""
    text: str = ""
    has_text: bool = False
    contact: bool = False
    is_excluded: bool = False
    is_history: bool = False


@dataclass(frozen=True)
class Judgement:
    """Whether a ticket opens, how grave it is, why (a stable word for the timeline), and by which rule ("" for none)."""

    opens: bool
    severity: str
    reason: str
    rule: str = ""
    then: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Rule:
    """One rule ready to judge: `words` in every spelling."""

    code: str
    is_on: bool
    match: Mapping[str, Any]
    then: Mapping[str, Any]
    words: tuple[str, ...] = ()


def defaults() -> list[dict[str, Any]]:
    """The rules an organisation has before it writes its own."""
    opens = {"open": True, "severity": AUTO, "unit": "", "owner": "", "policy": "", "reason": ""}
    wanted: tuple[tuple[str, dict[str, Any]], ...] = (
        ("complaint", {"kind": ["complaint"], "channel": list(DIRECT)}),
        ("urgent", {"kind": ["complaint"], "urgency": 2}),
        ("contact", {"contact": True}),
        ("detractor", {"score": {"kind": "nps", "at_most": 6}, "text": True}),
    )
    red = {"code": RED_LINE, "name": "", "is_on": True, "match": {"red_line": True}, "then": {**opens, "severity": "critical"}}
    return [red, *({"code": code, "name": "", "is_on": True, "match": match, "then": dict(opens)} for code, match in wanted)]


def is_history(occurred_at: datetime, judged_at: datetime) -> bool:
    """True for what was said too long ago to start a clock."""
    return judged_at - occurred_at > STALE_AFTER


def judge(voice: Voice, rules: Sequence[Rule]) -> Judgement:
    """The first rule that fits, under the two guards."""
    if voice.is_history:
        return Judgement(False, "low", "history")
    if voice.is_excluded and not voice.red_line:
        return Judgement(False, "low", "excluded")
    found = next((rule for rule in rules if rule.is_on and fits(rule, voice)), None)
    if voice.red_line:
        then = found.then if found is not None and found.then["open"] else None
        return Judgement(True, "critical", RED_LINE, found.code if found and then else RED_LINE, then)
    if found is None:
        return Judgement(False, severity_of(voice), _unruled(voice))
    if not found.then["open"]:
        return Judgement(False, severity_of(voice), "rule", found.code, found.then)
    asked = found.then["severity"]
    return Judgement(True, severity_of(voice) if asked == AUTO else asked, found.code, found.code, found.then)


def _unruled(voice: Voice) -> str:
    return "not_addressed_to_us" if voice.kind == "complaint" else "not_a_complaint"


def severity_of(voice: Voice) -> str:
    """How grave a voice is by its own words: urgency for a complaint; who scores low is at least normal."""
    if voice.red_line:
        return "critical"
    if voice.kind == "complaint":
        return BY_URGENCY.get(voice.urgency, "critical")
    if any(kind in LOW and value <= LOW[kind] for kind, value in voice.scores):
        return "high" if voice.urgency >= 2 else "normal"
    return "low"


def fits(rule: Rule, voice: Voice) -> bool:
    """True when every condition holds. No condition at all holds for everything."""
    return all(holds(key, wanted, voice, rule.words) for key, wanted in rule.match.items())


def holds(key: str, wanted: Any, voice: Voice, words: Sequence[str] = ()) -> bool:
    """One condition. Several options of one are “or”; a unit covers its subtree."""
    if key in {"kind", "channel", "tier", "touchpoint", "sentiment"}:
        return getattr(voice, key) in wanted
    if key == "red_line":
        return voice.red_line
    if key == "text":
        return voice.has_text
    if key == "contact":
        return voice.contact
    if key == "urgency":
        return voice.urgency >= int(wanted)
    if key == "topic":
        return any(code in wanted for code in voice.topics)
    if key == "unit":
        return any(f"/{code}/" in voice.unit_path for code in wanted)
    if key == "words":
        return any(word in voice.text for word in words)
    return any(_scored(wanted, kind, value) for kind, value in voice.scores)


def _scored(wanted: Mapping[str, Any], kind: str, value: float) -> bool:
    if kind != wanted["kind"]:
        return False
    most, least = wanted.get("at_most"), wanted.get("at_least")
    return (most is None or value <= most) and (least is None or value >= least)
