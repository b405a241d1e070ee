"""What voices say by another tree: their topics anew, everything else as the engine's row has it. Writes nothing.

The tree is the organisation's to change any day; kind, feeling, urgency and red line of history are not changed by that.
Called by the re-labelling of history and by what the editor tells before.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from feedback import nlp, own_weights, topics, tree
from feedback.models import Analysis
from feedback.nlp import Mention, PersonalData, Understanding
from feedback.tree import Node

# how the engine of a row ends that is not the engine's own
PERSON = "/person"
PROVIDER = "/lm"


def last_read(ids: Sequence[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, Analysis]:
    """The engine's own newest row of each voice: no person's, no provider's."""
    rows = Analysis.objects.filter(organisation_id=organisation, feedback_id__in=ids).exclude(engine__endswith=PERSON)
    return {row.feedback_id: row for row in rows.exclude(engine__endswith=PROVIDER).order_by("analysed_at", "id")}


def stored(row: Analysis) -> Understanding:
    """What an analysis says, as the engine gave it, its nodes left out: the stored row decides, not a second reading."""
    mentions = tuple(Mention(m["code"], m["sentiment"], m["start"], m["end"]) for m in row.topics)
    pii = tuple(PersonalData(span["type"], span["start"], span["end"]) for span in row.pii)
    return Understanding(
        row.language, row.kind, row.sentiment, row.sentiment_score, mentions, row.urgency, row.red_line, tuple(row.red_terms), False, pii
    )


def again(rows: Sequence[tuple[str, Analysis]], nodes: Sequence[Node], *, organisation: int) -> list[Understanding]:
    """Each text with the engine's own row of it, placed on other nodes.

    The topics are heard by the model that the row was read with, so that one heard by the words of the old tree alone goes
    with them. An engine of before cannot be asked again: the topics of its rows stay.
    """
    heard: dict[tuple[str, int], Understanding] = {}
    for version in {own_weights.version_of(row.engine) for _text, row in rows if _is_ours(row)}:
        texts = list(dict.fromkeys(text for text, row in rows if _is_ours(row) and own_weights.version_of(row.engine) == version))
        found = nlp.understand(texts, own_weights.loaded(version, organisation=organisation))
        heard.update({(text, version): said for text, said in zip(texts, found, strict=True)})
    told = [
        replace(stored(row), topics=heard[text, own_weights.version_of(row.engine)].topics) if _is_ours(row) else stored(row) for text, row in rows
    ]
    return tree.understood([text for text, _row in rows], told, topics.words(organisation=organisation), nodes)


def stamp(row: Analysis, version: int) -> str:
    """What an analysis is called that is this one by another version of the tree."""
    kept = [part for part in row.engine.split("/") if not (part[:1] == "t" and part[1:].isdigit())]
    return "/".join([*kept, f"t{version}"])


def _is_ours(row: Analysis) -> bool:
    return row.engine.partition("/")[0] == nlp.ENGINE
