"""Two members code the same voices, blind to each other; where they differ a third looks. Called by the coding pages.

What both say, or the third, goes into the labelled set as corrections of source “coding”: an unbiased measure of the
engine, because the voices were drawn and not picked. Of topics they say the main one, so that measures only whether the
engine heard it. Pain, need or noise and tags stay with the coding.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import is_storable
from feedback import corrections, queries, sampling, topics
from feedback.enums import Kind, Label, LabelSource, Stance
from feedback.models import Analysis, Coding, CodingSample, Feedback
from ledger.facts import record
from tenancy import audit

POOL = 20_000
MOST, LEAST, MOST_TAGS = 500, 5, 5
FIELDS = ("stance", "kind", "topic")


class CodingError(DomainError):
    """The sample or the code cannot be taken as asked."""


@dataclass(frozen=True)
class Answer:
    """What a coder says of a voice. topic: the one it is mostly about."""

    stance: str
    kind: str
    topic: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """One voice and what the two said, in the order of `coders`; None while one has not."""

    feedback_id: uuid.UUID
    first: Coding | None
    second: Coding | None
    final: Coding | None

    @property
    def is_double(self) -> bool:
        """Both have said."""
        return self.first is not None and self.second is not None

    def differs(self, fields: Sequence[str] = FIELDS) -> bool:
        """Both have said, and not the same."""
        return self.first is not None and self.second is not None and any(getattr(self.first, f) != getattr(self.second, f) for f in fields)


def draw(
    key: uuid.UUID, name: str, coders: Sequence[uuid.UUID], *, n: int, seed: int, is_stratified: bool, organisation: int, now: datetime, actor: str
) -> CodingSample:
    """Draws a sample from the newest voices that have words and are analysed; strata are the engine's kinds. The same key is
    the same sample. Raises CodingError."""
    there = CodingSample.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    if not 1 <= len(name) <= 80 or not is_storable(name):
        raise CodingError(_("名称应为 1 至 80 字"), code="bad_name", field="name")
    if not LEAST <= n <= MOST:
        raise CodingError(_("抽 %(least)d 至 %(most)d 条") % {"least": LEAST, "most": MOST}, code="bad_size", field="n")
    if len(set(coders)) != 2:
        raise CodingError(_("要两个不同的人编"), code="two_coders", field="coders")
    rows = Feedback.objects.filter(organisation_id=organisation, deleted_at=None, excluded_at=None).exclude(text="")
    ids = list(rows.order_by("-occurred_at", "-id").values_list("id", flat=True)[:POOL])
    kinds = dict(Analysis.objects.filter(organisation_id=organisation, is_current=True, feedback_id__in=ids).values_list("feedback_id", "kind"))
    found = sampling.draw(sorted(kinds.items()), n, seed, is_stratified=is_stratified)
    if len(found) < LEAST:
        raise CodingError(_("可抽的声音不足 %(least)d 条") % {"least": LEAST}, code="too_few", field="n")
    row = CodingSample.objects.create(
        id=key, organisation_id=organisation, name=name, seed=seed, is_stratified=is_stratified, voices=found, coders=list(coders), drawn_at=now, drawn_by=actor
    )
    audit.note("coding.drawn", str(key), organisation=organisation, actor=actor, now=now, detail={"n": len(found), "seed": seed, "stratified": is_stratified})
    return row


def samples(*, organisation: int) -> list[CodingSample]:
    """Every sample, newest first."""
    return list(CodingSample.objects.filter(organisation_id=organisation).order_by("-drawn_at", "-id"))


def sample(key: uuid.UUID, *, organisation: int) -> CodingSample | None:
    """One sample, or None."""
    return CodingSample.objects.filter(organisation_id=organisation, id=key).first()


def pairs(row: CodingSample) -> list[Pair]:
    """Every voice of a sample with what was said of it, in the order drawn; deleted voices are left out."""
    said: dict[tuple[uuid.UUID, Any], Coding] = {}
    for made in Coding.objects.filter(organisation_id=row.organisation_id, sample=row):
        said[made.feedback_id, "final" if made.is_final else made.coder] = made
    there = set(Feedback.objects.filter(organisation_id=row.organisation_id, id__in=row.voices, deleted_at=None).values_list("id", flat=True))
    first, second = row.coders
    return [Pair(key, said.get((key, first)), said.get((key, second)), said.get((key, "final"))) for key in row.voices if key in there]


def next_for(row: CodingSample, coder: uuid.UUID) -> uuid.UUID | None:
    """The first voice this coder has not yet said anything of."""
    done = set(Coding.objects.filter(organisation_id=row.organisation_id, sample=row, coder=coder, is_final=False).values_list("feedback_id", flat=True))
    return next((pair.feedback_id for pair in pairs(row) if pair.feedback_id not in done), None)


def code(row: CodingSample, feedback_id: uuid.UUID, answer: Answer, *, coder: uuid.UUID, now: datetime, actor: str) -> Coding:
    """Keeps what a coder says; once said it stands, the same again is the same. When both agree it goes into the labelled set."""
    if coder not in row.coders or feedback_id not in row.voices:
        raise CodingError(_("这条不归你编"), code="not_yours")
    return _keep(row, feedback_id, _checked(answer), coder=coder, is_final=False, now=now, actor=actor)


def settle(row: CodingSample, feedback_id: uuid.UUID, answer: Answer, *, coder: uuid.UUID, now: datetime, actor: str) -> Coding:
    """The third look: somebody who coded neither side says what holds. Only where both have said and differ."""
    pair = next((pair for pair in pairs(row) if pair.feedback_id == feedback_id), None)
    if coder in row.coders or pair is None or not pair.differs():
        raise CodingError(_("这条不用第三个人看"), code="nothing_to_settle")
    return _keep(row, feedback_id, _checked(answer), coder=coder, is_final=True, now=now, actor=actor)


def _keep(row: CodingSample, feedback_id: uuid.UUID, answer: Answer, *, coder: uuid.UUID, is_final: bool, now: datetime, actor: str) -> Coding:
    # one sample, one queue: the second coder sees the first one's row, and who settles is alone
    CodingSample.objects.select_for_update().get(organisation_id=row.organisation_id, id=row.id)
    held = Coding.objects.filter(organisation_id=row.organisation_id, sample=row, feedback_id=feedback_id, is_final=is_final)
    there = (held if is_final else held.filter(coder=coder)).first()
    if there is not None:
        return there
    made = Coding.objects.create(
        organisation_id=row.organisation_id, sample=row, feedback_id=feedback_id, coder=coder, is_final=is_final, stance=answer.stance,
        kind=answer.kind, topic=answer.topic, tags=list(answer.tags), coded_at=now,
    )  # fmt: skip
    _teach(row, feedback_id, now=now, actor=actor)
    return made


def _checked(answer: Answer) -> Answer:
    if answer.stance not in Stance.values or answer.kind not in Kind.values or answer.topic not in topics.LABELS:
        raise CodingError(_("三样都要选：痛点、类别、主题"), code="incomplete")
    tags = tuple(dict.fromkeys(tag for tag in answer.tags if tag))
    if len(tags) > MOST_TAGS or any(len(tag) > 20 or not is_storable(tag) for tag in tags):
        raise CodingError(_("标签最多 %(most)d 个，每个最多 20 字") % {"most": MOST_TAGS}, code="bad_tags", field="tags")
    return Answer(answer.stance, answer.kind, answer.topic, tags)


def _named(topic: str, made: Analysis) -> dict[str, Any]:
    """The mention of the topic that was coded, alone: where the engine heard it, else tied to no place. Whether what else
    the engine heard is right nobody said."""
    heard = next((mention for mention in made.topics if mention["code"] == topic), None)
    (row,) = corrections.added([], topic, made.sentiment_score)
    return {name: heard[name] for name in row} if heard else row


def _teach(row: CodingSample, feedback_id: uuid.UUID, *, now: datetime, actor: str) -> None:
    """What is settled of a voice goes into the labelled set: label by label what both say, everything the third says."""
    organisation = row.organisation_id
    pair = next((pair for pair in pairs(row) if pair.feedback_id == feedback_id), None)
    if pair is None:
        raise CodingError(_("这条声音刚刚被删掉了，不用再编"), code="gone")
    made = queries.analyses([feedback_id], organisation=organisation).get(feedback_id)
    holds = pair.final or pair.first
    if not pair.is_double or made is None or holds is None:
        return
    done: dict[str, Any] = {"organisation": organisation, "version": None, "source": LabelSource.CODING, "now": now, "actor": actor}
    if pair.final or not pair.differs(["kind"]):
        corrections.correct(feedback_id, Label.KIND, holds.kind, **done)
    if pair.final or not pair.differs(["topic"]):
        corrections.correct(feedback_id, Label.TOPICS, [_named(holds.topic, made)], **done)
    record("feedback.coded", feedback_id, {"sample": str(row.id), "third": pair.final is not None}, organisation=organisation, now=now, actor=actor)
