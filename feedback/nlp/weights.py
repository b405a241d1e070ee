"""Loads the trained weights and scores rows of features: matrices only, no pickle, no training library."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MODELS = Path(__file__).parent / "models"
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """One decision: the columns `columns` of the weight matrices score the labels `labels`."""

    name: str
    labels: tuple[str, ...]
    columns: slice


@dataclass(frozen=True, slots=True)
class Weights:
    """All trained numbers.

    polarity: one weight for each of 2**polarity_bits hashed features, with `polarity_bias`. heads: `hashed` has
    2**head_bits rows, `cues` one row for each of `cues.FEATURES`, `bias` one entry a column; `thresholds` says from
    which probability a topic counts.
    """

    polarity: Floats
    polarity_bias: float
    polarity_bits: int
    hashed: Floats
    cues: Floats
    bias: Floats
    head_bits: int
    heads: dict[str, Head]
    thresholds: Floats


@cache
def load_weights(path: Path = MODELS / "weights.npz") -> Weights:
    """Read the weights once per process; raises FileNotFoundError where none were trained."""
    with np.load(path, allow_pickle=False) as file:
        layout = json.loads(str(file["layout"]))
        heads = {
            name: Head(name, tuple(labels), slice(first, first + len(labels)))
            for name, labels, first in layout["heads"]
        }
        return Weights(
            polarity=file["polarity"].astype(np.float32),
            polarity_bias=float(file["polarity_bias"]),
            polarity_bits=int(layout["polarity_bits"]),
            hashed=file["hashed"].astype(np.float32),
            cues=file["cues"].astype(np.float32),
            bias=file["bias"].astype(np.float32),
            head_bits=int(layout["head_bits"]),
            heads=heads,
            thresholds=file["thresholds"].astype(np.float32),
        )


def model_card(folder: Path = MODELS) -> dict[str, Any]:
    """Return the card shipped with the weights: data, date, scores by class, sha256; under `network` that of the network."""
    card: dict[str, Any] = json.loads((folder / "card.json").read_text("utf-8"))
    return {**card, "network": json.loads((folder / "network.json").read_text("utf-8"))}


def digest_of(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
