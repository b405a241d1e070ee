"""Fits heads anew for one organisation: its own labelled voices beside the sentences every organisation begins with.

Called by `feedback.learning` in the background. The model of reviews, the cues and the red lines stay as they are
shipped: a few corrections must not unlearn a danger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
import numpy.typing as npt

from feedback.nlp.taxonomy import TOPIC_CODES
from feedback.nlp.training.corpora import Sentence, sentences
from feedback.nlp.training.train import COSTS, design, fit_head, targets
from feedback.nlp.weights import Floats, Weights

HEADS = ("kind", "feeling", "topics")
OWN_WEIGHT = 4.0  # a voice of one's own counts as so many sentences of the common stock


@dataclass(frozen=True, slots=True)
class Voice:
    """A text and what persons say of one head: the class of kind or feeling, or the codes of topics."""

    text: str
    answer: str | frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """New columns of one head: `rows` are the features that weigh anything, `values` their weights (rows × labels)."""

    rows: npt.NDArray[np.int64]
    values: Floats
    bias: Floats


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


def put(base: Weights, parts: Mapping[str, Part]) -> Weights:
    """Return the weights with the columns of these heads replaced; `base` is left as it is."""
    hashed, cues, bias = base.hashed.copy(), base.cues.copy(), base.bias.copy()
    border = len(hashed)
    for name, part in parts.items():
        columns, is_cue = base.heads[name].columns, part.rows >= border
        hashed[:, columns], cues[:, columns] = 0, 0
        hashed[part.rows[~is_cue], columns] = part.values[~is_cue]
        cues[part.rows[is_cue] - border, columns] = part.values[is_cue]
        bias[columns] = part.bias
    return replace(base, hashed=hashed, cues=cues, bias=bias)


def packed(part: Part) -> bytes:
    """Return a part as a compressed file without pickles."""
    file = BytesIO()
    np.savez_compressed(file, rows=part.rows.astype(np.int32), values=part.values.astype(np.float16), bias=part.bias)
    return file.getvalue()


def unpacked(body: bytes) -> Part:
    """Return what `packed` wrote."""
    with np.load(BytesIO(body), allow_pickle=False) as file:
        return Part(file["rows"].astype(np.int64), file["values"].astype(np.float32), file["bias"].astype(np.float32))


def _sentence(voice: Voice) -> Sentence:
    return Sentence(voice.text, "other", "neutral", 0, False, ())


def _answers(own: Sequence[Voice], labels: Sequence[str], n_axes: int) -> npt.NDArray[np.int64]:
    if n_axes == 2:
        return np.array([[code in voice.answer for code in TOPIC_CODES] for voice in own], dtype=np.int64).reshape(len(own), len(labels))
    return np.array([labels.index(str(voice.answer)) for voice in own], dtype=np.int64)
