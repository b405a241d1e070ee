"""Makes one Understanding out of scores and evidence: where rules and models meet.

The kind is decided first and the feeling has to fit it (praise is never negative); topics come from a model and are
tied to the clause that speaks of them; red lines overrule urgency.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedback.nlp.acts import Acts, acts_in, leanings
from feedback.nlp.clauses import turns_in
from feedback.nlp.cues import Reading, red_words
from feedback.nlp.evidence import Evidence, evidence_of
from feedback.nlp.folding import Folded
from feedback.nlp.redlines import RedLine
from feedback.nlp.taxonomy import TOPIC_CODES
from feedback.nlp.understanding import Mention, PersonalData, Understanding
from feedback.nlp.weights import Floats, Weights

KINDS = ("complaint", "suggestion", "praise", "enquiry", "other")
FEELINGS = ("positive", "negative", "neutral", "mixed")
URGENCIES = ("0", "1", "2")
# Log weight of a kind with a feeling: how labels may go together, by their definition.
_TOGETHER = np.log(
    np.array(
        [
            [0.001, 1.0, 0.005, 1.0],
            [0.05, 0.1, 1.0, 0.2],
            [1.0, 0.002, 0.005, 1.0],
            [0.01, 0.05, 1.0, 0.02],
            [0.5, 0.4, 1.0, 0.2],
        ]
    )
)
_RULES = 1.0  # how much the rules of speech acts count beside the models
# The review model knows long texts better than remarks of one line: its odds count in full from this length on, or in reviews.
_REVIEW_TRUST, _REVIEW_LENGTH = 2.0, 50
# The models are too sure of themselves: divided by this, the log odds say as often as they say so what is true
# (4,131 voices neither had seen: mean distance of score and truth 0.06 instead of 0.14).
_COOL = 3.0
_ONE_SIDED = 10.0  # log odds: praise without a "but", or blame without a kind word, is not mixed
# A text that reads like a review of goods praises or blames: there the review model's odds count for the kind too.
_REVIEW_SIDE, _REVIEW_ODDS = 3.0, 1.3  # what may be one is read as one
_SIDES = np.array([-1.0, 0.0, 1.0, 0.0, 0.0])
_TOWARDS = np.array([1.0, -1.0, 0.0, 0.0])
_OVER = (0.0, 0.0, 0.15)  # how far each further topic has to be over its threshold: few voices have three
# Log odds of the red-line model from which a pattern counts, and from which the model needs none: recall comes first.
_PATTERN_IN_COMPLAINT, _PATTERN_ELSEWHERE = -6.9, -2.9
_ALONE_IN_COMPLAINT, _ALONE_ELSEWHERE = -4.6, -3.45
_WORDLESS = 2.05  # more is asked where not even a word of danger is heard
_VAGUE = -1.2  # log odds from which a text is left to a reader: missing irony costs more than a second look


@dataclass(frozen=True, slots=True)
class Scores:
    """The numbers of one text: log odds of polarity, whole and by clause, and the logits of all heads."""

    polarity: float
    clause_polarity: list[float]
    logits: Floats


def decide(
    original: str,
    folded: Folded,
    reading: Reading,
    language: str,
    red_lines: list[RedLine],
    personal: tuple[PersonalData, ...],
    scores: Scores,
    weights: Weights,
) -> Understanding:
    """Return the understanding of one text."""
    if not reading.text.strip():
        return Understanding("none", "other", "neutral", 0.0, (), 0, False, (), True, personal)
    acts = acts_in(reading.spoken)
    kind, feeling, feelings = _kind_and_feeling(reading, acts, scores, weights)
    drawn = _drawn(red_lines, kind, reading, scores, weights)
    if drawn and kind == "praise":
        kind = "complaint"
        feeling = "mixed" if feelings[3] > feelings[1] else "negative"
    shares = np.exp(feelings / _COOL)
    shares /= shares.sum()
    topics = _mentions(folded, reading, evidence_of(reading, bool(drawn)), scores, weights, kind, feeling)
    urgency = 3 if drawn else _urgency(kind, acts, scores, weights)
    spans = [folded.origin(line.start, line.end) for line in drawn]
    terms = tuple(dict.fromkeys(original[start:end] for start, end in spans))
    vague = float(scores.logits[weights.heads["vague"].columns][0]) > _VAGUE
    return Understanding(
        language,
        kind,
        feeling,
        _score_for(feeling, float(shares[0] - shares[1]), scores.polarity),
        topics,
        urgency,
        bool(drawn),
        terms,
        vague,
        personal,
    )


def _kind_and_feeling(
    reading: Reading, acts: Acts, scores: Scores, weights: Weights
) -> tuple[str, str, npt.NDArray[np.float64]]:
    """Return the kind, the feeling that may go with it, and the log shares of the feelings.

    The kind is decided alone: praise may tell of trouble, a complaint may be polite. The feeling then has to fit it.
    """
    to_kinds, to_feelings = leanings(acts)
    to_kinds, to_feelings = [_RULES * odds for odds in to_kinds], [_RULES * odds for odds in to_feelings]
    kinds = scores.logits[weights.heads["kind"].columns] + np.array(to_kinds)
    like = _reads_like_review(scores, weights)
    kinds = kinds + _REVIEW_SIDE * like * scores.polarity * _SIDES
    feelings = scores.logits[weights.heads["feeling"].columns] + np.array(to_feelings)
    at_home = max(like, min(len(reading.spoken) / _REVIEW_LENGTH, 1))
    feelings = feelings + _REVIEW_TRUST * at_home * scores.polarity * _TOWARDS
    if not _two_sided(reading, acts, scores):
        feelings[FEELINGS.index("mixed")] -= _ONE_SIDED
    feelings = feelings - np.logaddexp.reduce(feelings)
    kind_at = int(np.argmax(kinds))
    feeling_at = int(np.argmax(feelings + _TOGETHER[kind_at]))
    return KINDS[kind_at], FEELINGS[feeling_at], feelings


def _reads_like_review(scores: Scores, weights: Weights) -> float:
    """Return the probability that a text is a review of goods and no voice told to a company."""
    return float(1 / (1 + np.exp(-scores.logits[weights.heads["review"].columns][0] - _REVIEW_ODDS)))


def _two_sided(reading: Reading, acts: Acts, scores: Scores) -> bool:
    """Whether something speaks for and something against: a turn, words of both kinds, clauses of either sign."""
    friendly, sour = acts.good or acts.relief, acts.bad or acts.failure or acts.demand or acts.wish
    turns = turns_in(reading.spoken) > 0
    parts = scores.clause_polarity
    return bool(turns or (friendly and sour) or min(parts) < 0 < max(parts))


def _score_for(feeling: str, balance: float, polarity: float) -> float:
    """Return a score that never contradicts its label: beyond ±0.2 for a clear feeling, within ±0.2 for neutral.

    Where the label takes no side, the review model tips the score.
    """
    if feeling == "positive":
        balance = max(balance, 0.21)
    elif feeling == "negative":
        balance = min(balance, -0.21)
    else:
        balance += 0.5 * float(np.tanh(polarity))
        balance = max(-0.2, min(0.2, balance)) if feeling == "neutral" else balance
    return round(max(-1.0, min(1.0, balance)), 3)


def _drawn(red_lines: list[RedLine], kind: str, reading: Reading, scores: Scores, weights: Weights) -> list[RedLine]:
    """Keep the red lines that stand in this context, or draw one where the model alone is alarmed.

    A guarded pattern needs a text that is not friendly, no plain question and no mere proposal.
    """
    odds = float(scores.logits[weights.heads["red"].columns][0])
    least = _PATTERN_IN_COMPLAINT if kind == "complaint" else _PATTERN_ELSEWHERE
    kept = [line for line in red_lines if odds > (least if line.guarded else least - 2)]
    words = [(hit.start, hit.end) for hit in red_words(reading)[:2]]
    alone = (_ALONE_IN_COMPLAINT if kind == "complaint" else _ALONE_ELSEWHERE) + (0 if words else _WORDLESS)
    if kept or odds <= alone:
        return kept
    if not words:  # the clause that sounds worst tells why
        worst = min(range(len(reading.clauses)), key=lambda n: scores.clause_polarity[n])
        words = [reading.clauses[worst]]
    return [RedLine("model", start, end, True) for start, end in words]


def _urgency(kind: str, acts: Acts, scores: Scores, weights: Weights) -> int:
    """Return 0..2: a complaint with a demand wants a prompt hand."""
    best = int(np.argmax(scores.logits[weights.heads["urgency"].columns]))
    return {"praise": 0, "complaint": max(best, 2 if acts.demand else 1)}.get(kind, min(best, 1))


def _mentions(
    folded: Folded, reading: Reading, evidence: Evidence, scores: Scores, weights: Weights, kind: str, feeling: str
) -> tuple[Mention, ...]:
    logits = scores.logits[weights.heads["topics"].columns] + evidence.bonus
    over = 1 / (1 + np.exp(-logits)) - weights.thresholds
    order: list[int] = np.argsort(-over, kind="stable")[: len(_OVER)].tolist()
    chosen = [index for index, least in zip(order, _OVER, strict=True) if over[index] >= least]
    if not chosen and kind != "other":
        chosen = order[:1]
    mentions = [_mention(index, folded, reading, evidence, scores, feeling) for index in chosen]
    return tuple(sorted(mentions, key=lambda mention: (mention.start, mention.end, mention.code)))


def _mention(index: int, folded: Folded, reading: Reading, evidence: Evidence, scores: Scores, feeling: str) -> Mention:
    """Tie a topic to the clause with most of its words, and give it that clause's feeling; a proving word counts twice."""
    words = [hit for hit in (*reading.topics, *evidence.hits, *evidence.hits) if hit.group == index]
    counts = [sum(hit.end - hit.start for hit in words if start <= hit.start < end) for start, end in reading.clauses]
    best = max(range(len(counts)), key=lambda n: (counts[n], -n))
    if counts[best] == 0:
        best = _strongest(scores, feeling)
    start, end = folded.origin(*reading.clauses[best])
    return Mention(TOPIC_CODES[index], _clause_feeling(scores.clause_polarity[best], feeling), start, end)


def _strongest(scores: Scores, feeling: str) -> int:
    parts = scores.clause_polarity
    sign = {"positive": 1.0, "negative": -1.0}.get(feeling, 0.0)
    return max(range(len(parts)), key=lambda n: (sign * parts[n], -n)) if sign else 0


def _clause_feeling(log_odds: float, feeling: str) -> float:
    own = float(np.tanh(log_odds / 3))
    if feeling == "positive":
        own = max(own, 0.3)
    elif feeling == "negative":
        own = min(own, -0.3)
    elif feeling == "neutral":
        own = max(-0.2, min(0.2, own))
    return round(own, 3)
