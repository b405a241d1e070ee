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
from snownlp import SnowNLP

from feedback.nlp.decisions import FEELINGS, KINDS
from feedback.nlp.engine import understand, warm_up
from feedback.nlp.taxonomy import TOPIC_CODES
from feedback.nlp.training.corpora import distinct, reviews
from feedback.nlp.understanding import Understanding

URGENCY_NAMES = ("0", "1", "2", "3")
SIDES = {"positive": 1.0, "negative": -1.0, "neutral": 0.0, "mixed": 0.0}
RESAMPLES = 200
PEER_TEXTS = 1_000  # SnowNLP reads some tens of texts a second


def labelled_scores(rows: Sequence[dict[str, Any]], found: Sequence[Understanding]) -> dict[str, float]:
    """Return every figure of a labelled set as it was understood; keys end in the name of the measure."""
    told = [[code in row["topics"] for code in TOPIC_CODES] for row in rows]
    heard = [[any(m.code == code for m in one.topics) for code in TOPIC_CODES] for one in found]
    red, drawn = [row["red_line"] for row in rows], [one.red_line for one in found]
    return {
        "language_accuracy": _share(row["lang"] == one.language for row, one in zip(rows, found, strict=True)),
        "kind_macro_f1": _macro([row["kind"] for row in rows], [one.kind for one in found]),
        "sentiment_macro_f1": _macro([row["sentiment"] for row in rows], [one.sentiment_label for one in found]),
        "score_calibration_error": calibration_error([SIDES[row["sentiment"]] for row in rows], [one.sentiment_score for one in found]),
        "topics_micro_f1": float(f1_score(told, heard, average="micro", zero_division=0)),
        "topics_macro_f1": float(f1_score(told, heard, average="macro", zero_division=0)),
        "red_line_recall": float(recall_score(red, drawn, zero_division=1)),
        "red_line_precision": float(precision_score(red, drawn, zero_division=1)),
        "urgency_macro_f1": _macro([str(row["urgency"]) for row in rows], [str(one.urgency) for one in found]),
        "vague_f1": float(f1_score([row["vague"] for row in rows], [one.vague for one in found], zero_division=0)),
        **personal_data_scores(rows, found),
    }


def resampled_scores(rows: Sequence[dict[str, Any]], found: Sequence[Understanding]) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of every figure: texts drawn again with replacement, deterministic."""
    draws = np.random.default_rng(0).integers(0, len(rows), (RESAMPLES, len(rows)))
    scores = [labelled_scores([rows[i] for i in draw], [found[i] for i in draw]) for draw in draws]
    return {name: tuple(np.quantile([one[name] for one in scores], (0.025, 0.975)).tolist()) for name in scores[0]}


def reliability(truth: Sequence[float], scores: Sequence[float], n_bins: int = 10) -> list[tuple[int, float, float]]:
    """Return n, mean score and mean truth of equally large groups of texts, from the sourest to the friendliest.

    truth: 1 for positive, -1 for negative, 0 for neutral and mixed. A calibrated score is the mean truth of those who have it.
    """
    order = np.argsort(np.asarray(scores), kind="stable")
    told, said = np.asarray(truth, dtype=float)[order], np.asarray(scores, dtype=float)[order]
    groups = [group for group in np.array_split(np.arange(len(order)), n_bins) if len(group)]
    return [(len(group), float(said[group].mean()), float(told[group].mean())) for group in groups]


def calibration_error(truth: Sequence[float], scores: Sequence[float]) -> float:
    """Return the mean distance of score and truth over the groups of `reliability`, each text counted once; 0 at best."""
    rows = reliability(truth, scores)
    return sum(n * abs(said - told) for n, said, told in rows) / max(sum(n for n, _said, _told in rows), 1)


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


def held_out(rows: Iterator[dict[str, str]]) -> tuple[list[str], list[bool]]:
    """Return the reviews that stand in no training corpus, and whether each praises."""
    known = set(reviews()[0])
    texts, labels = [], []
    for row in rows:
        if not known.intersection(distinct([row["review"] or ""])):
            texts.append(row["review"] or "")
            labels.append(row["label"] == "1")
    return texts, labels


def polarity_accuracy(texts: Sequence[str], labels: Sequence[bool]) -> float:
    """Return the share of reviews whose score has the right sign."""
    scores = np.array([one.sentiment_score for one in understand(texts)])
    return float(np.mean((scores > 0) == np.array(labels)))


def peer_accuracy(texts: Sequence[str], labels: Sequence[bool]) -> float:
    """Return the share that SnowNLP's own model gets right; it praises above one half."""
    return float(np.mean([(bool(text.strip()) and SnowNLP(text).sentiments > 0.5) == told for text, told in zip(texts, labels, strict=True)]))


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
    found = understand([row["text"] for row in rows])
    drawn = resampled_scores(rows, found)
    for name, value in labelled_scores(rows, found).items():
        low, high = drawn[name]
        print(f"{name:22} {value:.3f}  95 % {low:.3f} to {high:.3f}")
    print(confusion([row["kind"] for row in rows], [one.kind for one in found], KINDS))
    print(confusion([row["sentiment"] for row in rows], [one.sentiment_label for one in found], FEELINGS))
    print(confusion([str(row["urgency"]) for row in rows], [str(one.urgency) for one in found], URGENCY_NAMES))
    for n, said, truth in reliability([SIDES[row["sentiment"]] for row in rows], [one.sentiment_score for one in found]):
        print(f"score {said:+.2f} of {n:3d} texts: in truth {truth:+.2f}")
    for number, code in enumerate(TOPIC_CODES):
        told = [TOPIC_CODES[number] in row["topics"] for row in rows]
        heard = [any(m.code == code for m in one.topics) for one in found]
        print(f"{code:18} n {sum(told):3d} found {sum(heard):3d} f1 {f1_score(told, heard, zero_division=0):.2f}")
    wall, cpu = texts_per_second([row["text"] for row in rows])
    print(f"{wall:,.0f} texts/s ({cpu:,.0f} per processor second)")


def _print_reviews(path: Path) -> None:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        texts, labels = held_out(iter(csv.DictReader(file)))
    print(f"## {path.name}: polarity accuracy {polarity_accuracy(texts, labels):.4f} on {len(texts):,} reviews outside the training corpora")
    step = max(len(texts) // PEER_TEXTS, 1)
    texts, labels = texts[::step], labels[::step]
    start = perf_counter()
    ours = polarity_accuracy(texts, labels)
    between = perf_counter()
    theirs = peer_accuracy(texts, labels)
    spent, spent_by_peer = between - start, perf_counter() - between
    print(f"every {step}th of them, {len(texts):,}: here {ours:.4f} at {len(texts) / spent:,.0f} texts/s with all heads on")
    print(f"SnowNLP's own model: {theirs:.4f} at {len(texts) / spent_by_peer:,.0f} texts/s, polarity alone")


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
