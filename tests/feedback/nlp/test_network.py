"""The network beside the heads: its files belong together, and what a text gives does not depend on its neighbours."""

import json
from pathlib import Path

import numpy as np
import pytest

from feedback.nlp import engine, network, understand
from feedback.nlp.cues import read
from feedback.nlp.decisions import KINDS
from feedback.nlp.folding import fold, lowered
from feedback.nlp.network import MOST_PIECES, network_logits, pieces_of
from feedback.nlp.training import pretrained
from feedback.nlp.training.corpora import sentences
from feedback.nlp.weights import MODELS, digest_of, load_weights, model_card

TEXTS = ["菜好吃,可是等了一个小时", "", "请问几点关门?", "the staff was rude", "app闪退" * 200, "好"]


def test_the_card_belongs_to_the_files() -> None:
    card = model_card()["network"]
    assert card["sha256"] == {name: digest_of(MODELS / name) for name in (network.FILE, network.PIECES)}
    assert card["sentences"] == len(sentences())  # sentences changed: run bin/fit-network and raise ENGINE
    assert (MODELS / network.FILE).stat().st_size < 26_000_000


def test_neighbours_do_not_count() -> None:
    together = network_logits(TEXTS)
    alone = np.concatenate([network_logits([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-4
    assert np.abs(together - network_logits(TEXTS[::-1])[::-1]).max() < 1e-4
    assert network_logits([]).shape == (0, together.shape[1])


def test_a_long_text_is_cut_and_ends_stand() -> None:
    (long,) = pieces_of(["排队等了很久" * 300])
    assert (len(long), long[0], long[-1]) == (MOST_PIECES, 0, 2)


def test_its_columns_are_the_labels_of_the_heads() -> None:
    heads = load_weights().heads
    columns = sum(heads[name].columns.stop - heads[name].columns.start for name in network.HEADS)
    assert network_logits(["好"]).shape == (1, columns)
    rows = sentences()[::50]
    logits = network_logits([read(lowered(fold(row.text))).spoken for row in rows])
    told = np.array([KINDS.index(row.kind) for row in rows])
    assert (logits[:, : len(KINDS)].argmax(axis=1) == told).mean() > 0.9  # sentences it was fitted to
    turned = np.roll(logits[:, : len(KINDS)], 1, axis=1)
    assert (turned.argmax(axis=1) == told).mean() < 0.3  # columns out of place would show


def test_both_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [row.text for row in sentences()[::25]]
    both = [one.kind for one in understand(texts)]
    monkeypatch.setattr(engine, "network_logits", lambda texts: np.zeros((len(texts), 36), np.float32))
    heads = [one.kind for one in understand(texts)]
    told = [row.kind for row in sentences()[::25]]
    right = [sum(a == b for a, b in zip(kinds, told, strict=True)) for kinds in (both, heads)]
    assert right[0] > right[1]


def test_only_pieces_a_chinese_voice_may_hold_are_kept() -> None:
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -1.0), ("快递", -2.0), ("спасибо", -2.0)]
    pieces += [("▁refund", -3.0), ("ありがとう", -2.0), ("!", -2.0), ("é", -2.0), ("▁wifi", -9.0)]
    kept = {pieces[n][0] for n in pretrained.kept_pieces(pieces)}
    assert kept == {"<s>", "<pad>", "</s>", "<unk>", "▁", "快递", "▁refund", "!", "▁wifi"}


def test_without_its_numbers_fitting_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="group train"):
        pretrained.read_pretrained(6)
    assert json.loads((MODELS / "network.json").read_text())["layers"] == 6
