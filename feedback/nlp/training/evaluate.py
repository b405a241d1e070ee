"""Measures the engine on labelled files it never saw: `bin/eval PATH…`, or the folder in `CXMS_EVAL_DIR`.

A `.jsonl` file holds labelled feedback; a `.csv` or `.csv.gz` file holds reviews (`label`, `review`), of which lines that
also stand in the training corpora are left out. Prints scores, a confusion table and the speed; writes nothing.
"""

import argparse
import csv
import gzip
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from feedback.nlp.decisions import FEELINGS, KINDS
from feedback.nlp.engine import understand, warm_up
from feedback.nlp.taxonomy import TOPIC_CODES
from feedback.nlp.training.corpora import distinct, reviews
from feedback.nlp.understanding import Understanding

URGENCY_NAMES = ("0", "1", "2", "3")


def labelled_scores(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return every figure of a labelled set; keys end in the name of the measure."""
    found = understand([row["text"] for row in rows])
    told = [[code in row["topics"] for code in TOPIC_CODES] for row in rows]
    heard = [[any(m.code == code for m in one.topics) for code in TOPIC_CODES] for one in found]
    red, drawn = [row["red_line"] for row in rows], [one.red_line for one in found]
    return {
        "language_accuracy": _share(row["lang"] == one.language for row, one in zip(rows, found, strict=True)),
        "kind_macro_f1": _macro([row["kind"] for row in rows], [one.kind for one in found]),
        "sentiment_macro_f1": _macro([row["sentiment"] for row in rows], [one.sentiment_label for one in found]),
        "topics_micro_f1": float(f1_score(told, heard, average="micro", zero_division=0)),
        "topics_macro_f1": float(f1_score(told, heard, average="macro", zero_division=0)),
        "red_line_recall": float(recall_score(red, drawn, zero_division=1)),
        "red_line_precision": float(precision_score(red, drawn, zero_division=1)),
        "urgency_macro_f1": _macro([str(row["urgency"]) for row in rows], [str(one.urgency) for one in found]),
        "vague_f1": float(f1_score([row["vague"] for row in rows], [one.vague for one in found], zero_division=0)),
        **personal_data_scores(rows, found),
    }


def personal_data_scores(rows: Sequence[dict[str, Any]], found: Sequence[Understanding]) -> dict[str, float]:
    """Return recall and precision of personal data; a value counts when a span of its type holds all of it."""
    wanted = caught = n_found = n_right = 0
    for row, one in zip(rows, found, strict=True):
        stretches = [(p.type, row["text"][p.start : p.end]) for p in one.pii]
        values = [(p["type"], p["value"]) for p in row["pii"]]
        wanted += len(values)
        caught += sum(any(kind == k and value in s for k, s in stretches) for kind, value in values)
        n_found += len(stretches)
        n_right += sum(any(kind == k and (value in s or s in value) for kind, value in values) for k, s in stretches)
    return {"pii_recall": caught / wanted if wanted else 1.0, "pii_precision": n_right / n_found if n_found else 1.0}


def polarity_accuracy(rows: Iterator[dict[str, str]]) -> tuple[float, int]:
    """Return the share of held-out reviews whose score has the right sign, and their number."""
    known = set(reviews()[0])
    texts, labels = [], []
    for row in rows:
        if not known.intersection(distinct([row["review"] or ""])):
            texts.append(row["review"] or "")
            labels.append(row["label"] == "1")
    scores = np.array([one.sentiment_score for one in understand(texts)])
    return float(np.mean((scores > 0) == np.array(labels))), len(texts)


def texts_per_second(texts: Sequence[str], at_least: int = 6_000) -> tuple[float, float]:
    """Return texts per second of wall clock and of processor time, for the whole pipeline in one process."""
    warm_up()
    many = (list(texts) * (at_least // max(len(texts), 1) + 1))[:at_least]
    wall, cpu = perf_counter(), process_time()
    understand(many)
    return len(many) / (perf_counter() - wall), len(many) / (process_time() - cpu)


def confusion(told: Sequence[str], heard: Sequence[str], labels: Sequence[str]) -> str:
    """Return a table of labels (rows) against answers (columns)."""
    lines = [" " * 12 + "".join(f"{label[:10]:>11}" for label in labels)]
    for label, row in zip(labels, confusion_matrix(told, heard, labels=list(labels)), strict=True):
        lines.append(f"{label:12}" + "".join(f"{n:11d}" for n in row))
    return "\n".join(lines)


def _macro(told: Sequence[str], heard: Sequence[str]) -> float:
    return float(f1_score(told, heard, average="macro", zero_division=0, labels=sorted(set(told))))


def _share(hits: Iterator[bool]) -> float:
    return float(np.mean(list(hits)))


def _print_labelled(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    print(f"## {path.name}: {len(rows)} labelled texts")
    for name, value in labelled_scores(rows).items():
        print(f"{name:22} {value:.3f}")
    found = understand([row["text"] for row in rows])
    print(confusion([row["kind"] for row in rows], [one.kind for one in found], KINDS))
    print(confusion([row["sentiment"] for row in rows], [one.sentiment_label for one in found], FEELINGS))
    print(confusion([str(row["urgency"]) for row in rows], [str(one.urgency) for one in found], URGENCY_NAMES))
    for number, code in enumerate(TOPIC_CODES):
        told = [TOPIC_CODES[number] in row["topics"] for row in rows]
        heard = [any(m.code == code for m in one.topics) for one in found]
        print(f"{code:18} n {sum(told):3d} found {sum(heard):3d} f1 {f1_score(told, heard, zero_division=0):.2f}")
    wall, cpu = texts_per_second([row["text"] for row in rows])
    print(f"{wall:,.0f} texts/s ({cpu:,.0f} per processor second)")


def _print_reviews(path: Path) -> None:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        accuracy, n = polarity_accuracy(iter(csv.DictReader(file)))
    print(f"## {path.name}: polarity accuracy {accuracy:.4f} on {n:,} reviews outside the training corpora")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores of each file given, or of all in the folder `CXMS_EVAL_DIR`."""
    parser = argparse.ArgumentParser(description="Measure the text engine.")
    parser.add_argument("paths", nargs="*", type=Path)
    paths: list[Path] = parser.parse_args(arguments).paths
    if not paths and os.environ.get("CXMS_EVAL_DIR"):
        paths = sorted(
            p for p in Path(os.environ["CXMS_EVAL_DIR"]).iterdir() if p.name.endswith((".jsonl", ".csv", ".csv.gz"))
        )
    if not paths:
        parser.error("name a file, or set CXMS_EVAL_DIR")
    for path in paths:
        (_print_labelled if path.suffix == ".jsonl" else _print_reviews)(path)


if __name__ == "__main__":
    main()
