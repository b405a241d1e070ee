"""Fits heads anew for one organisation: its own labelled voices beside the sentences every organisation begins with.

Called by `feedback.learning` in the background. The model of reviews, the cues and the red lines stay as they are
shipped: a few corrections must not unlearn a danger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedback.nlp.parts import Part
from feedback.nlp.taxonomy import TOPIC_CODES
from feedback.nlp.training.corpora import Sentence, sentences
from feedback.nlp.training.train import COSTS, design, fit_head, targets
from feedback.nlp.weights import Weights

HEADS = ("kind", "feeling", "topics")
OWN_WEIGHT = 4.0  # a voice of one's own counts as so many sentences of the common stock


@dataclass(frozen=True, slots=True)
class Voice:
    """A text and what persons say of one head: the class of kind or feeling, or the codes of topics."""

    text: str
    answer: str | frozenset[str]


def fit(head: str, own: Sequence[Voice], base: Weights) -> Part:
    """Return the head fitted to the common sentences and to `own`. Deterministic; some ten seconds of one core."""
    common = sentences()
    matrix, scale = design([*common, *(_sentence(voice) for voice in own)], base)
    labels, told = targets(common)[head]
    answers = np.concatenate([told, _answers(own, labels, told.ndim)])
    weight = np.append(np.ones(len(common)), np.full(len(own), OWN_WEIGHT))
    coefficients, bias = fit_head(matrix, answers, COSTS[head], len(labels), weight)
    columns = (coefficients.T * scale[:, None]).astype(np.float16)
    rows = np.flatnonzero(np.any(columns != 0, axis=1))
    return Part(rows, columns[rows].astype(np.float32), bias.astype(np.float32))


def _sentence(voice: Voice) -> Sentence:
    return Sentence(voice.text, "other", "neutral", 0, False, ())


def _answers(own: Sequence[Voice], labels: Sequence[str], n_axes: int) -> npt.NDArray[np.int64]:
    if n_axes == 2:
        return np.array([[code in voice.answer for code in TOPIC_CODES] for voice in own], dtype=np.int64).reshape(len(own), len(labels))
    return np.array([labels.index(str(voice.answer)) for voice in own], dtype=np.int64)
