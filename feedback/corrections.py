"""What persons say of labels: kept as rows, laid over what the engine made, undone again. Pages, the API and the coding call it.

Figures read the current analysis live, so they follow with the commit; `feedback.corrected` tells the floors above.
A correction locks its voice; who opened the page on an older version is told so, unless he says what holds already.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from feedback import first, taxonomies, topics, tree
from feedback.enums import Kind, Label, LabelSource, Sentiment
from feedback.models import Analysis, Correction, Feedback
from feedback.rereading import PERSON
from feedback.tree import Node
from feedback.voices import VoiceUnknown, locked
from ledger.facts import record
from tenancy.versions import Stale

MOST_TOPICS = 8
Mention = dict[str, Any]
# where a score must lie for its label, and what it becomes when the engine's does not: half way, or nothing
RANGES = {"positive": (0.2, 1.0, 0.5), "negative": (-1.0, -0.2, -0.5), "neutral": (-0.2, 0.2, 0.0), "mixed": (-1.0, 1.0, 0.0)}


class CorrectionError(DomainError):
    """The label cannot be corrected as asked."""


class CorrectionUnknown(VoiceUnknown):
    """The voice has no correction of this number."""


def value_of(row: Analysis, field: str) -> Any:
    """What an analysis says in a label, as a correction stores it."""
    return getattr(row, field)


def of(feedback_id: uuid.UUID, *, organisation: int) -> list[Correction]:
    """Every correction of a voice, undone ones too, oldest first."""
    return list(Correction.objects.filter(organisation_id=organisation, feedback_id=feedback_id).order_by("version"))


def versions(ids: Sequence[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, int]:
    """How often each voice was corrected; 0 is left out."""
    found: dict[uuid.UUID, int] = {}
    for key, version in Correction.objects.filter(organisation_id=organisation, feedback_id__in=ids).values_list("feedback_id", "version"):
        found[key] = max(version, found.get(key, 0))
    return found


def living(rows: Iterable[Correction]) -> dict[str, Correction]:
    """The correction that holds for each label: the latest not undone. What coders named is left out, see `main`."""
    return {row.field: row for row in sorted(rows, key=lambda row: row.version) if row.undone_at is None and not is_main(row)}


def is_main(row: Correction) -> bool:
    """Whether a row names only what a voice is mostly about: coders are asked for one topic, the others they leave open."""
    return row.field == Label.TOPICS and row.source == LabelSource.CODING


def main(rows: Iterable[Correction]) -> Correction | None:
    """The topic that coders named and that holds: the latest not undone, unless a person has said all topics since."""
    spoken = [row for row in sorted(rows, key=lambda row: row.version) if row.field == Label.TOPICS and row.undone_at is None]
    return spoken[-1] if spoken and is_main(spoken[-1]) else None


def said(base: Analysis, rows: Sequence[Correction], nodes: Sequence[Node]) -> dict[str, Any]:
    """What persons say of each label they spoke of, by the tree of now, as it is laid over an engine's row."""
    found = {field: row.after for field, row in living(rows).items()}
    if Label.TOPICS in found:
        found[Label.TOPICS] = _carried(found[Label.TOPICS], nodes)
    named = main(rows)
    if named is not None:
        found[Label.TOPICS] = _with_main(found.get(Label.TOPICS, base.topics), named.after)
    return found


def _with_main(mentions: list[Mention], named: list[Mention]) -> list[Mention]:
    missing = [mention for mention in named if all(mention["code"] != one["code"] for one in mentions)]
    kept = [mention for mention in mentions if not missing or mention["code"] != "other"]
    return _in_order([*kept, *missing])


def _carried(mentions: list[Mention], nodes: Sequence[Node]) -> list[Mention]:
    return _in_order(tree.carried(mentions, nodes))


def _in_order(mentions: list[Mention]) -> list[Mention]:
    return sorted(mentions, key=lambda mention: (mention["start"], mention["end"], mention["code"]))


def correct(
    feedback_id: uuid.UUID,
    field: str,
    value: Any,
    *,
    organisation: int,
    version: int | None,
    source: str = LabelSource.PAGE,
    now: datetime,
    actor: str,
) -> Correction:
    """Says what a label is; the same as shown says that it is right. What already holds is not written twice.

    version: how many corrections the voice had when the page was drawn (None: no guard). From coding, topics are the one
    that a voice is mostly about. Raises VoiceUnknown, CorrectionError, Stale.
    """
    taxonomies.hold(organisation=organisation)
    voice = locked(feedback_id, organisation)
    base, rows = _engines(voice.id, organisation), of(voice.id, organisation=organisation)
    if base is None:
        raise CorrectionError(_("还没有分析，稍后再改"), code="not_analysed")
    nodes = taxonomies.current(organisation=organisation).nodes
    is_coded = field == Label.TOPICS and source == LabelSource.CODING
    holds = said(base, rows, nodes)
    present = holds[Label.TOPICS] if Label.TOPICS in holds else _carried(base.topics, nodes)
    clean = checked(field, value, voice, nodes, most=max(MOST_TOPICS, len(present)))
    held = main(rows) if is_coded else living(rows).get(field)
    if held is not None and _now(held, nodes) == clean and (source != LabelSource.CODING or held.source == source):
        return held
    last = rows[-1].version if rows else 0
    if version is not None and version != last:
        raise Stale(_("你打开这一页以后，有人改过这条的标注。请看看现在的，再改一次。"), field="version")
    row = Correction.objects.create(
        organisation_id=organisation, feedback=voice, version=last + 1, field=field,
        before=_before(clean, present, is_coded) if field == Label.TOPICS else holds.get(field, value_of(base, field)), after=clean, engine=base.engine, source=source, actor=actor, corrected_at=now,
    )  # fmt: skip
    _announce(voice, row, settle(voice.id, base, [*rows, row], nodes, organisation=organisation, now=now), organisation=organisation, now=now, actor=actor)
    first.heard(voice.id, [row], organisation=organisation, now=now, actor=actor)
    return row


def undo(feedback_id: uuid.UUID, version: int, *, organisation: int, now: datetime, actor: str) -> Correction:
    """Takes one correction back; what was said before it holds again. Again is a no-op. Raises VoiceUnknown, CorrectionUnknown."""
    taxonomies.hold(organisation=organisation)
    voice = locked(feedback_id, organisation)
    base, rows = _engines(voice.id, organisation), of(voice.id, organisation=organisation)
    row = next((row for row in rows if row.version == version), None)
    if row is None or base is None:
        raise CorrectionUnknown(_("没有这次更正"))
    if row.undone_at is None:
        row.undone_at, row.undone_by = now, actor
        row.save(update_fields=["undone_at", "undone_by"])
        nodes = taxonomies.current(organisation=organisation).nodes
        _announce(voice, row, settle(voice.id, base, rows, nodes, organisation=organisation, now=now), organisation=organisation, now=now, actor=actor)
        if not base.red_line:
            first.heard(voice.id, rows, organisation=organisation, now=now, actor=actor)
    return row


def _now(row: Correction, nodes: Sequence[Node]) -> Any:
    """What a correction says, its nodes by the tree of now."""
    return _carried(row.after, nodes) if row.field == Label.TOPICS else row.after


def _before(clean: list[Mention], present: list[Mention], is_coded: bool) -> list[Mention]:
    """The topics that were there: all of them, or of the one that coders name whether it was."""
    if not is_coded:
        return present
    return clean if any(mention["code"] == one["code"] for mention in clean for one in present) else []


def _announce(voice: Feedback, row: Correction, codes: tuple[list[str], list[str]], *, organisation: int, now: datetime, actor: str) -> None:
    key, (was, present) = str(voice.id), codes
    data = {
        "first": key, "last": key, "version": row.version, "field": row.field, "undone": row.undone_at is not None,
        "topics_out": [code for code in was if code not in present], "topics_in": [code for code in present if code not in was],
    }  # fmt: skip
    record("feedback.corrected", key, data, organisation=organisation, now=now, actor=actor)


def checked(field: str, value: Any, voice: Feedback, nodes: Sequence[Node], *, most: int = MOST_TOPICS) -> Any:
    """The value as it is stored, its nodes by the tree of now. most: topics at once; a voice that the engine heard more of
    may keep them. Raises CorrectionError for what the label cannot be."""
    if field == Label.KIND and value in Kind.values:
        return str(value)
    if field == Label.SENTIMENT and value in Sentiment.values:
        return str(value)
    if field == Label.RED_LINE and isinstance(value, bool):
        return value
    if field == Label.TOPICS and isinstance(value, list):
        if len(value) > most:
            raise CorrectionError(_("最多 %(most)d 个主题，先去掉一个再加") % {"most": most}, code="too_many", field="value")
        known = {*topics.LABELS, *(code for node in nodes for code in (node.code, *node.was))}
        found = [_mention(mention, voice, known) for mention in value]
        if len({mention["code"] for mention in found}) == len(found):
            return _carried(found, nodes)
    raise CorrectionError(_("没有这样的标注"), code="bad_label", field="value")


def _mention(given: Any, voice: Feedback, known: Iterable[str]) -> Mention:
    found = given if isinstance(given, Mapping) else {}
    code, feeling = found.get("code"), found.get("sentiment", 0.0)
    start, end = found.get("start", 0), found.get("end", 0)
    is_feeling = isinstance(feeling, int | float) and not isinstance(feeling, bool) and -1 <= feeling <= 1
    is_span = type(start) is int and type(end) is int and 0 <= start <= end <= len(voice.text)
    if not isinstance(code, str) or code not in known or "/" in code or not is_feeling or not is_span:
        raise CorrectionError(_("没有这样的标注"), code="bad_label", field="value")
    nodes = found.get("nodes", [])
    if not isinstance(nodes, list) or any(not isinstance(node, str) or node not in known or not node.startswith(f"{code}/") for node in nodes):
        raise CorrectionError(_("没有这样的标注"), code="bad_label", field="value")
    row = {"code": code, "sentiment": round(float(feeling), 3), "start": start, "end": end}
    return {**row, "nodes": nodes} if nodes else row


def codes_of(mentions: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every code a voice is counted under: its topics, then its nodes."""
    rows = list(mentions)
    return list(dict.fromkeys([*(row["code"] for row in rows), *(node for row in rows for node in row.get("nodes", ()))]))


# ---- laying it over the engine's row --------------------------------------------------------------------------------


def _engines(feedback_id: uuid.UUID, organisation: int) -> Analysis | None:
    """The engine's own newest row."""
    rows = Analysis.objects.filter(organisation_id=organisation, feedback_id=feedback_id).exclude(engine__endswith=PERSON)
    return rows.order_by("analysed_at", "id").last()


def settle(
    feedback_id: uuid.UUID, base: Analysis, rows: Sequence[Correction], nodes: Sequence[Node], *, organisation: int, now: datetime
) -> tuple[list[str], list[str]]:
    """Makes the row current that says what holds: the engine's, or it with the corrections. Gives topic codes before, after.

    nodes: the tree of now. Who calls has locked the voice."""
    every = Analysis.objects.filter(organisation_id=organisation, feedback_id=feedback_id)
    shown = next((row for row in every if row.is_current), base)
    was = list(shown.topic_codes)
    own = {field: _in_order(base.topics) if field == Label.TOPICS else value_of(base, field) for field in Label.values}
    changed = {field: value for field, value in said(base, rows, nodes).items() if value != own[field]}
    if not changed:
        every.exclude(id=base.id).filter(is_current=True).update(is_current=False)
        every.filter(id=base.id).update(is_current=True)
        return was, list(base.topic_codes)
    made = every.filter(engine=base.engine + PERSON).first() or Analysis(id=new_id(), engine=base.engine + PERSON)
    every.exclude(id=made.id).filter(is_current=True).update(is_current=False)
    _lay(made, base, changed, organisation, now)
    made.save()
    return was, list(made.topic_codes)


def _lay(made: Analysis, base: Analysis, changed: Mapping[str, Any], organisation: int, now: datetime) -> None:
    for name in ("feedback_id", "language", "kind", "sentiment", "sentiment_score", "topics", "topic_codes", "urgency", "red_line", "red_terms", "pii"):
        setattr(made, name, getattr(base, name))
    made.organisation_id, made.is_current, made.analysed_at, made.corrected = organisation, True, now, sorted(changed)
    for field, value in changed.items():
        setattr(made, field, value)
    if Label.SENTIMENT in changed:
        made.sentiment_score = score_for(made.sentiment, base.sentiment_score)
    if Label.TOPICS in changed:
        made.topic_codes = codes_of(made.topics)
    if Label.RED_LINE in changed:
        made.red_terms = base.red_terms if made.red_line else []
        made.urgency = 3 if made.red_line else min(base.urgency, 2)


def score_for(label: str, score: float) -> float:
    """A score that does not contradict its label: the engine's where it lies in the label's range, else the range's own."""
    low, high, usual = RANGES[label]
    return score if low <= score <= high else usual


def settle_again(ids: Sequence[str], *, organisation: int, now: datetime) -> None:
    """After an engine wrote new rows, or the tree changed: the persons' words are laid over them. One statement where there
    are none. Who calls has locked the voices (`voices.lock_known`)."""
    rows: dict[uuid.UUID, list[Correction]] = {}
    for row in Correction.objects.filter(organisation_id=organisation, feedback_id__in=ids):
        rows.setdefault(row.feedback_id, []).append(row)
    nodes = taxonomies.current(organisation=organisation).nodes if rows else []
    for key, spoken in rows.items():
        base = _engines(key, organisation)
        if base is not None:
            settle(key, base, spoken, nodes, organisation=organisation, now=now)


# ---- what pages ask for: one mention changed, the others as they are ---------------------------------------------------


def replaced(mentions: Sequence[Mention], number: int, code: str) -> list[Mention]:
    """The mentions with the topic of the `number`-th (from 1) another one; an empty code takes it out."""
    if not 1 <= number <= len(mentions):
        raise CorrectionError(_("没有这样的标注"), code="bad_label", field="value")
    top = code.partition("/")[0]
    kept = [mention for place, mention in enumerate(mentions, start=1) if place != number and mention["code"] != top]
    return [*kept, _placed(mentions[number - 1], code)] if code else kept


def felt(mentions: Sequence[Mention], number: int, feeling: float) -> list[Mention]:
    """The mentions with another feeling (-1..1) towards the `number`-th."""
    if not 1 <= number <= len(mentions):
        raise CorrectionError(_("没有这样的标注"), code="bad_label", field="value")
    return [{**m, "sentiment": feeling} if place == number else m for place, m in enumerate(mentions, start=1)]


def added(mentions: Sequence[Mention], code: str, feeling: float) -> list[Mention]:
    """The mentions with one more topic, tied to no place of the text; “other” goes, because there is one now."""
    kept = [mention for mention in mentions if mention["code"] not in {code.partition("/")[0], "other"}]
    return [*kept, _placed({"sentiment": round(feeling, 3), "start": 0, "end": 0}, code)]


def _placed(mention: Mapping[str, Any], code: str) -> Mention:
    """The mention under another code; that of a node stands for its topic and the nodes above it."""
    row = {**mention, "code": code.partition("/")[0]}
    row.pop("nodes", None)
    return {**row, "nodes": list(tree.chain(code))} if "/" in code else row
