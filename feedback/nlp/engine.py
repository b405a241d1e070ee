"""Understands batches of feedback: language, kind, feeling, topics, urgency, red lines, personal data.

The public face of the package is here. Workers call `understand` on batches of 1,000 to 2,000; one by one gives the
same answers, slower. Nothing outside the process is asked. What to store, and when, is the caller's business.
"""

from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import rjieba

from feedback.nlp.cues import Reading, cue_row, read
from feedback.nlp.decisions import Scores, decide
from feedback.nlp.folding import Folded, fold_with_map, lowered
from feedback.nlp.hashing import ngram_rows, row_sums
from feedback.nlp.language import language_of
from feedback.nlp.network import network_logits
from feedback.nlp.personal_data import personal_data_in
from feedback.nlp.redlines import RedLine, red_lines_in
from feedback.nlp.understanding import PersonalData, Understanding
from feedback.nlp.weights import Floats, Weights, load_weights

ENGINE = "cxms-nlp 2026.11.8"
POLARITY_ORDER = 3  # the model of reviews has heard enough to know runs of three characters
# How much the linear heads and the network count, in the order of the heads; chosen on told voices neither had seen.
_SHARES = {
    "kind": (0.7, 1.0),
    "feeling": (0.7, 1.3),
    "urgency": (0.7, 1.0),
    "topics": (0.5, 0.7),
    "red": (0.7, 1.0),
    "vague": (0.3, 0.5),
}
# The network takes its time by the length of a text. Short ones (characters) it always reads; long ones where the heads do
# not lead by these log odds, or a red line may be near: two thirds of long plain voices are not worth its time.
_SHORT = 40
_PLAIN_KIND, _PLAIN_FEELING, _FAR_FROM_RED = 2.5, 0.5, -3.5
_LOCK = Lock()
_BATCH = 2_000


def understand(texts: Sequence[str], weights: Weights | None = None) -> list[Understanding]:
    """Return what each text says, in order; empty texts are allowed and come back as `other`, `neutral`, `none`.

    weights: an organisation's own; None for those shipped.
    """
    result: list[Understanding] = []
    for at in range(0, len(texts), _BATCH):
        result.extend(_understand(texts[at : at + _BATCH], weights))
    return result


def segment(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of each folded text in order, without blanks."""
    cutter = _segmenter()
    return [[word for word in cutter.cut(fold_with_map(text).text) if not word.isspace()] for text in texts]


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of two characters and more of each folded, lower-case text: what the heads weigh beside characters."""
    cutter = _segmenter()
    return [[word for word in cutter.cut(text) if len(word) > 1 and not word.isspace()] for text in texts]


def warm_up() -> None:
    """Load weights, word lists, patterns and the network now instead of at the first text."""
    understand(["预热"])
    network_logits(["预热"])


@cache
def _segmenter() -> Any:
    with _LOCK:
        return rjieba.Jieba()


def _understand(texts: Sequence[str], own: Weights | None) -> list[Understanding]:
    with _LOCK:
        weights = own or load_weights()
    folded = [fold_with_map(text) for text in texts]
    languages = [language_of(text) for text in texts]
    readings, red_lines, scores = score(folded, languages, weights)
    return [
        decide(text, fold, reading, language, red, _personal(fold), row, weights)
        for text, fold, reading, language, red, row in zip(
            texts, folded, readings, languages, red_lines, scores, strict=True
        )
    ]


def score(
    folded: Sequence[Folded], languages: Sequence[str], weights: Weights
) -> tuple[list[Reading], list[list[RedLine]], list[Scores]]:
    """Read folded texts and score them with every head."""
    readings, red_lines, polarity, clause_polarity, cues = features(folded, languages, weights)
    spoken = [reading.spoken for reading in readings]
    hashes, offsets = ngram_rows(spoken, weights.head_bits, words=words_of(spoken))
    logits = row_sums(weights.hashed, hashes, offsets) + cues @ weights.cues + weights.bias
    _ask_network(logits, spoken, weights)
    scores = [Scores(float(p), c, row) for p, c, row in zip(polarity, clause_polarity, logits, strict=True)]
    return readings, red_lines, scores


def _asked_of(logits: Floats, spoken: Sequence[str], weights: Weights) -> list[int]:
    """Return the rows the network is asked about: short ones, and those not plain to the heads or near a red line."""
    kinds, feelings = (np.sort(logits[:, weights.heads[name].columns], axis=1) for name in ("kind", "feeling"))
    is_plain = (kinds[:, -1] - kinds[:, -2] > _PLAIN_KIND) & (feelings[:, -1] - feelings[:, -2] > _PLAIN_FEELING)
    is_far = logits[:, weights.heads["red"].columns][:, 0] < _FAR_FROM_RED
    is_long = np.array([len(text) > _SHORT for text in spoken], dtype=bool)
    rows: list[int] = np.flatnonzero(~(is_plain & is_far & is_long)).tolist()
    return rows


def _ask_network(logits: Floats, spoken: Sequence[str], weights: Weights) -> None:
    """Mix into the log odds of the heads those of the network, which has the same labels in its own columns.

    Where it is not asked the heads count for both, so that all rows have one scale.
    """
    asked = _asked_of(logits, spoken, weights)
    meant = network_logits([spoken[n] for n in asked])
    at = 0
    for name, (own, other) in _SHARES.items():
        columns = weights.heads[name].columns
        n_labels = columns.stop - columns.start
        both = (own + other) * logits[:, columns]
        both[asked] = own * logits[asked, columns] + other * meant[:, at : at + n_labels]
        logits[:, columns] = both
        at += n_labels


def features(
    folded: Sequence[Folded], languages: Sequence[str], weights: Weights
) -> tuple[list[Reading], list[list[RedLine]], list[float], list[list[float]], Floats]:
    """Return readings, red lines, polarity of texts and of clauses (log odds), and the matrix of cues."""
    readings = [read(lowered(fold.text)) for fold in folded]
    red_lines = [red_lines_in(reading.text) for reading in readings]
    pieces = [reading.spoken for reading in readings]
    pieces += [reading.text[start:end] for reading in readings for start, end in reading.clauses]
    odds = polarity_of(pieces, weights)
    at = len(readings)
    clause_odds: list[list[float]] = []
    for reading in readings:
        clause_odds.append(odds[at : at + len(reading.clauses)])
        at += len(reading.clauses)
    rows = [
        cue_row(reading, whole, parts, bool(red), language == "en")
        for reading, whole, parts, red, language in zip(readings, odds, clause_odds, red_lines, languages, strict=False)
    ]
    return readings, red_lines, odds[: len(readings)], clause_odds, np.asarray(rows, dtype=np.float32)


def polarity_of(texts: Sequence[str], weights: Weights) -> list[float]:
    """Return the log odds that each folded, lower-case text praises, by the model trained on reviews alone."""
    hashes, offsets = ngram_rows(texts, weights.polarity_bits, POLARITY_ORDER)
    odds: list[float] = (row_sums(weights.polarity, hashes, offsets) + weights.polarity_bias).tolist()
    return odds


def _personal(folded: Folded) -> tuple[PersonalData, ...]:
    return tuple(PersonalData(kind, *folded.origin(start, end)) for kind, start, end in personal_data_in(folded.text))
