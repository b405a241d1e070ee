"""Danger told calmly: as a question, in passing, in a suggestion, between thanks; and questions that only sound like it.

The table was written beside the training sentences and kept out of them. Until 2026.11.7 every red line among those stood
in a complaint, and of 241 calm ones the engine heard 131.
"""

import csv
from pathlib import Path

import pytest

from feedback.nlp import Understanding, fold, understand
from feedback.nlp.training.corpora import sentences

with (Path(__file__).parent / "calm_voices.tsv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def heard() -> list[Understanding]:
    return understand([row["text"] for row in ROWS])


def test_most_calm_dangers_are_heard(heard: list[Understanding]) -> None:
    red = [(row["text"], one.red_line) for row, one in zip(ROWS, heard, strict=True) if row["urgency"] == "3"]
    missed = [text for text, is_heard in red if not is_heard]
    assert len(red) == 60 and len(missed) <= 12, missed


def test_hardly_a_question_that_sounds_like_danger_is_one(heard: list[Understanding]) -> None:
    quiet = [(row["text"], one.red_line) for row, one in zip(ROWS, heard, strict=True) if row["urgency"] != "3"]
    drawn = [text for text, is_drawn in quiet if is_drawn]
    assert len(quiet) == 45 and len(drawn) <= 6, drawn


def test_none_was_trained_on() -> None:
    known = {fold(row.text) for row in sentences()}
    assert not [row["text"] for row in ROWS if fold(row["text"]) in known]
