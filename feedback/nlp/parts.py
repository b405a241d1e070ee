"""The heads fitted for one organisation, as parts laid over the shipped weights. Needs no training library: workers load it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
import numpy.typing as npt

from feedback.nlp.weights import Floats, Weights


@dataclass(frozen=True, slots=True)
class Part:
    """New columns of one head: `rows` are the features that weigh anything, `values` their weights (rows × labels)."""

    rows: npt.NDArray[np.int64]
    values: Floats
    bias: Floats


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
