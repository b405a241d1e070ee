"""Turns a folded text into a short row of numbers: what the word lists, the marks and the clauses say about it.

The linear models weigh these beside hashed characters. The order of `FEATURES` is part of the model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from feedback.nlp.clauses import clauses_of, turns_in
from feedback.nlp.lexicon import Hit, Scanner, read_toml, words_of
from feedback.nlp.redlines import without_look_alikes
from feedback.nlp.taxonomy import TOPIC_CODES, default_taxonomy

CUES: tuple[str, ...] = (
    "like", "thank", "dislike", "demand", "advise", "ask", "chat", "mock", "repeat", "money", "missed", "body", "turn",
    "neutral", "minimise", "intensify", "danger", "menace", "expose",
)  # fmt: skip
_RED = frozenset(CUES.index(name) for name in ("danger", "menace", "expose"))
_COMMON = frozenset(
    ("投诉", "孩子", "老人", "上门", "记录", "不走", "没了", "证据", "见", "一个人", "半夜", "深夜", "男的")
)
_LIKE, _DISLIKE, _MINIMISE = CUES.index("like"), CUES.index("dislike"), CUES.index("minimise")
MARKS: tuple[str, ...] = (
    "question", "ends_question", "exclaim", "ellipsis", "quote", "clauses", "turns", "short", "long", "digits", "emoji",
    "not_liked", "not_disliked", "polarity", "polarity_low", "polarity_high", "polarity_spread", "no_topic", "english",
    "topics", "advise_start", "ask_end", "red",
)  # fmt: skip
FEATURES: tuple[str, ...] = (*CUES, *MARKS, *(f"topic:{code}" for code in TOPIC_CODES))
_ASK_END = re.compile(r"(?:吗|么|呢|不|没|啊|呀|多少|哪里|什么|怎么办|谢谢|盼复)?[?\s。!~]*$")
_ADVISE_START = re.compile(
    r"^[^,。!?]{0,4}(?:建议|希望|能不能|可不可以|要是|如果|最好|提个|please|could|would|suggest|it would|can you)"
)
_ASKING_END = re.compile(
    r"(?:吗|么|呢|多少钱?|哪里|哪儿|什么|几点|几号|多久|怎么办|怎么弄|不|没|谢谢|盼复|可以吗)[?\s。!~]*$|\?\s*$"
)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
_REFERENCE = (
    r"(?:第\d+[单笔号条次]|(?:订单|单号|工单|编号|快递|运单|流水|order)(?:编号|号码|号)?[ :：#]*(?:no\.?)?[a-z]{0,4}[\d-]{3,}"
    r"|#\d+|no\.\d+|(?:20\d\d[-/.年])?\d{1,2}[-/月.]\d{1,2}[日号]?(?: ?\d{1,2}:\d\d(?::\d\d)?)?|20\d\d年\d{1,2}月)"
)
_REFERENCE_FIRST = re.compile(rf"^[\s(\[【]*{_REFERENCE}(?:[\s)\]】]*[:：,，。.;;!、—-]+\s*|[)\]】]+\s*|\s+)")
_REFERENCE_LAST = re.compile(rf"(?:(?<=[\s:,。.;!?(\[【、])[\s(\[【]*{_REFERENCE}|第\d+单)[\s)\]】。.!]*$")
# Numbers and addresses people are reached at or orders known by: no sentence of the stock has any, and to the models they sound like trouble.
_LONG_NUMBER = re.compile(r"\+?\d(?:[ -]?\d){6,}|[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}")
_REVERSE = 3  # a negation reaches this many characters ahead


@dataclass(frozen=True, slots=True)
class Reading:
    """One text cut and searched: its folded lower-case form, clause spans, hits of cues and topics."""

    text: str
    clauses: tuple[tuple[int, int], ...]
    cues: tuple[Hit, ...]
    topics: tuple[Hit, ...]

    @property
    def spoken(self) -> str:
        """The text without the blanks at its ends, where order numbers and dates stood, and without loose commas."""
        return self.text.strip(" \t\n,、:;")


def red_words(reading: Reading) -> list[Hit]:
    """Return the words of danger, menace and exposure, the longer ones first: evidence where no pattern fits.

    One character is no word: it needs a second one in its clause. Idioms (气死, 热死) are none.
    """
    hits = [hit for hit in reading.cues if hit.group in _RED and reading.text[hit.start : hit.end] not in _COMMON]
    if not hits:
        return []
    plain = without_look_alikes(reading.text)
    hits = [hit for hit in hits if plain[hit.start : hit.end] == reading.text[hit.start : hit.end]]
    kept: list[Hit] = []
    for start, end in reading.clauses:
        inside = [hit for hit in hits if start <= hit.start < end]
        if any(hit.end - hit.start > 1 for hit in inside) or len({reading.text[hit.start] for hit in inside}) > 1:
            kept += inside
    return sorted(kept, key=lambda hit: (hit.start - hit.end, hit.start))


def _without_references(text: str) -> str:
    if any(character.isdigit() for character in text):
        for end in (_REFERENCE_FIRST, _REFERENCE_LAST):
            found = end.search(text)
            if found and found.end() - found.start() < len(text.strip()):
                text = text[: found.start()] + _blank(found) + text[found.end() :]
    elif "@" not in text:
        return text
    return _LONG_NUMBER.sub(_blank, text)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


@cache
def _scanner() -> Scanner:
    lists = read_toml("cues")
    groups = {number: words_of(lists[name]) for number, name in enumerate(CUES)}
    return Scanner(groups | {len(CUES) + number: topic.words for number, topic in enumerate(default_taxonomy())})


def read(text: str) -> Reading:
    """Cut and search one folded, lower-case text; long numbers, and order numbers and dates at its ends, are blank: they say nothing."""
    text = _without_references(text)
    clauses = tuple(clauses_of(text)) or ((0, len(text)),)
    cues: list[Hit] = []
    topics: list[Hit] = []
    for hit in _scanner().scan(text):
        if hit.group < len(CUES):
            cues.append(hit)
        else:
            topics.append(Hit(hit.group - len(CUES), hit.start, hit.end))
    return Reading(text, clauses, tuple(cues), tuple(topics))


def cue_row(
    reading: Reading, polarity: float, clause_polarity: Sequence[float], red: bool, english: bool
) -> list[float]:
    """Return the numbers of one text in the order of `FEATURES`; polarity figures are log odds from the review model."""
    counts, not_liked, not_disliked = _counted(reading)
    topics = [0.0] * len(TOPIC_CODES)
    for hit in reading.topics:
        topics[hit.group] = min(topics[hit.group] + 0.6, 1.2) if topics[hit.group] else 1.0
    text = reading.spoken
    low, high = min(clause_polarity), max(clause_polarity)
    marks = [
        float("?" in text), float(text.rstrip(" 。!~").endswith("?")), min(text.count("!"), 3) / 2, float("…" in text or "..." in text),
        float("“" in text or '"' in text or "「" in text), min(len(reading.clauses), 6) / 6, min(turns_in(text), 2) / 1.0,
        float(len(text) < 9), min(len(text), 160) / 160, float(any(c.isdigit() for c in text)), float(bool(_EMOJI.search(text))),
        min(not_liked, 2), min(not_disliked, 2), _squash(polarity), _squash(low), _squash(high), _squash(high - low),
        float(not reading.topics), float(english), min(sum(map(bool, topics)), 4) / 4,
        float(bool(_ADVISE_START.search(text))), float(bool(_ASKING_END.search(text))), float(red),
    ]  # fmt: skip
    return [*(min(n, 3) / 1.5 for n in counts), *marks, *topics]


def _squash(log_odds: float) -> float:
    return max(-2.0, min(2.0, log_odds / 2))


def _counted(reading: Reading) -> tuple[list[float], float, float]:
    """Count the hits of each cue; a liking or disliking word behind a negation counts the other way."""
    counts = [0.0] * len(CUES)
    negated_until = -1
    not_liked = not_disliked = 0.0
    reached = {_LIKE: -1, _DISLIKE: -1}
    for hit in reading.cues:
        if hit.group == _MINIMISE:
            negated_until = max(negated_until, hit.end + _REVERSE)
            counts[_MINIMISE] += 1
        elif hit.group in reached:
            if hit.end <= reached[hit.group]:
                continue
            reached[hit.group] = hit.end
            turned = hit.start < negated_until and hit.end - hit.start <= 4 and reading.text[hit.start] not in "不没无"
            if not turned:
                counts[hit.group] += 1
            elif hit.group == _LIKE:
                not_liked += 1
            else:
                not_disliked += 1
        else:
            counts[hit.group] += 1
    return counts, not_liked, not_disliked
