"""What the text engine says about one piece of feedback.

Used by everyone who reads an analysis; made by `feedback.nlp.engine`. Holds values only: how they are found is left
to the engine, how they are stored to the caller.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mention:
    """A topic the text speaks of, with the feeling towards it (-1..1) and the clause that says so.

    `start` and `end` count code points of the text as it came, half open.
    """

    code: str
    sentiment: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A stretch of the text that names or numbers a person; half open, in code points of the text as it came.

    `type` is one of mobile, phone, id_card, passport, bank_card, plate, email, address, name.
    """

    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Understanding:
    """All that the engine found in one text.

    language: zh-Hans, zh-Hant, en, mixed, other, none · kind: complaint, suggestion, praise, enquiry, other ·
    sentiment_label: positive, negative, neutral, mixed · sentiment_score: -1..1 · urgency: 0 none or a question,
    1 routine, 2 prompt handling, 3 red line · red_line_terms: the words that drew the line, as they stand in the
    original · vague: a person should read it before anyone acts on it.
    """

    language: str
    kind: str
    sentiment_label: str
    sentiment_score: float
    topics: tuple[Mention, ...]
    urgency: int
    red_line: bool
    red_line_terms: tuple[str, ...]
    vague: bool
    pii: tuple[PersonalData, ...]
