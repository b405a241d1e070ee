"""Reads whole texts with a small pretrained network, fitted to our sentences, beside the linear heads.

The heads know which characters and words stand in a text; the network knows what they mean together. It runs in this
process on one core (ONNX Runtime, small integers for weights) and asks nothing outside. `feedback.nlp.training.fit_network`
makes its two files.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import sentencepiece

from feedback.nlp.weights import MODELS, Floats

FILE, PIECES = "network.onnx", "pieces.model"
HEADS = ("kind", "feeling", "urgency", "topics", "red", "vague")  # its columns, in the order of the linear heads
MOST_PIECES = 128  # what is beyond is left to the linear heads
_TOGETHER = 8  # of one length or nearly
_START, _PAD, _END = 0, 1, 2


def pieces_of(texts: Sequence[str], processor: Any = None) -> list[list[int]]:
    """Return the numbers of the pieces of each folded, lower-case text, its two ends included."""
    cut: list[list[int]] = (processor or _processor()).encode(list(texts))
    return [[_START, *pieces[: MOST_PIECES - 2], _END] for pieces in cut]


def padded(rows: Sequence[Sequence[int]], width: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return rows of one width, and 1 where a piece stands."""
    ids, there = np.full((len(rows), width), _PAD, np.int64), np.zeros((len(rows), width), np.float32)
    for n, row in enumerate(rows):
        ids[n, : len(row)], there[n, : len(row)] = row, 1
    return ids, there


def network_logits(texts: Sequence[str]) -> Floats:
    """Return the log odds of the labels of all `HEADS`: one row a text. What stands beside a text does not count."""
    rows = pieces_of(texts)
    order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
    session = _session()
    logits = np.zeros((len(rows), session.get_outputs()[0].shape[1]), np.float32)
    for at in range(0, len(order), _TOGETHER):
        chosen = order[at : at + _TOGETHER]
        ids, there = padded([rows[n] for n in chosen], len(rows[chosen[-1]]))
        logits[chosen] = session.run(None, {"ids": ids, "there": there})[0]
    return logits


@cache
def _session() -> Any:
    """The loaded network: one thread, as a worker has one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(MODELS / FILE), options, providers=["CPUExecutionProvider"])


@cache
def _processor() -> Any:
    return sentencepiece.SentencePieceProcessor(model_file=str(MODELS / PIECES))
