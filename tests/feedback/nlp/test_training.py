import numpy as np

from feedback.nlp import ENGINE
from feedback.nlp.hashing import ngram_rows, row_sums
from feedback.nlp.lexicon import digest_of_lists
from feedback.nlp.training.corpora import distinct, sentences
from feedback.nlp.training.evaluate import calibration_error, reliability
from feedback.nlp.training.train import POLARITY_BITS, POLARITY_ORDER, train, train_polarity
from feedback.nlp.weights import MODELS, digest_of, load_weights, model_card

TEXTS = ["很好用喜欢", "太差了垃圾", "质量不错推荐", "坏了不退款"]


def test_training_twice_gives_the_same_numbers() -> None:
    rows = sentences()[::40]
    first, second = (train(rows, TEXTS, [1, 0, 1, 0]) for _ in range(2))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_polarity_learns_its_examples() -> None:
    weights, bias = train_polarity(TEXTS * 3, [1, 0, 1, 0] * 3)
    features, offsets = ngram_rows(TEXTS, POLARITY_BITS, POLARITY_ORDER)
    assert [bool(odds > 0) for odds in row_sums(weights, features, offsets) + bias] == [True, False, True, False]


def test_card_belongs_to_the_weights() -> None:
    card = model_card()
    assert card["sha256"] == digest_of(MODELS / "weights.npz")
    assert (MODELS / "weights.npz").stat().st_size < 8_000_000
    assert card["data"]["sentences"]["lines"] == len(sentences())
    assert card["lists_sha256"] == digest_of_lists()  # word lists changed: run bin/train and raise ENGINE
    assert card["engine"] == ENGINE
    assert {"kind", "feeling", "urgency", "topics", "red", "vague", "review"} == set(load_weights().heads)


def test_sentences_are_sound() -> None:
    rows = sentences()
    assert len(distinct(row.text for row in rows)) == len(rows)
    for row in rows:
        assert row.kind != "complaint" or row.feeling in ("negative", "mixed"), row
        assert row.kind != "praise" or row.feeling in ("positive", "mixed"), row
        assert row.kind != "enquiry" or row.feeling == "neutral", row
    calm = [row for row in rows if row.urgency == 3 and row.kind != "complaint"]
    assert {row.kind for row in calm} == {"enquiry", "suggestion", "praise", "other"} and len(calm) >= 200  # danger is asked about and mentioned too


def test_features_of_a_text_do_not_depend_on_its_batch() -> None:
    alone, _ = ngram_rows(["好吃"], 14)
    together, offsets = ngram_rows(["贵", "好吃", ""], 14)
    assert together[offsets[1] : offsets[2]].tolist() == alone.tolist()


def test_a_score_that_says_too_much_is_found_out() -> None:
    truth, scores = [-1, -1, -1, 1] * 10 + [1, 1, 1, -1] * 10, [-0.5] * 40 + [0.5] * 40
    assert calibration_error(truth, scores) == 0
    assert calibration_error(truth, [2 * score for score in scores]) == 0.5
    assert reliability(truth, scores) == [(8, -0.5, -0.5)] * 5 + [(8, 0.5, 0.5)] * 5
    assert calibration_error([], []) == 0
