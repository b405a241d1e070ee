"""自己的模型: what persons here corrected trains a model of their own, in the background, measured on voices it never saw.

Asked for by a person, trained label by label (each one transaction: a killed worker loses one label), shown with its
figures before and after, in use only once a person accepts it. Red lines are never trained away: their model stays the
shipped one. New voices are read with it from then on; history only when a person asks for that; what was issued stays.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import labelled, nlp
from feedback.enums import Label, OwnModelState
from feedback.labelled import CLASSES, Judged, classes_of
from feedback.models import Feedback
from feedback.nlp import Understanding, parts
from feedback.nlp.weights import load_weights
from feedback.own_models import OwnHead, OwnModel
from feedback.own_weights import HEADS
from ledger.facts import record
from tenancy import audit

LEAST = 40  # voices a person judged, before a label is trained
HELD_SHARE = 30  # percent of them kept out of training
MOST = 20_000  # the voices judged last, of one label


class OwnModelError(DomainError):
    """The model cannot be trained or decided on as asked."""


class OwnModelUnknown(OwnModelError):
    """There is no such model here."""


def is_held(feedback_id: uuid.UUID) -> bool:
    """Whether a voice is kept out of every training: the same ones for ever, so that versions may be compared."""
    return hashlib.sha256(feedback_id.bytes).digest()[0] * 100 < HELD_SHARE * 256


def judged_by_label(*, organisation: int) -> dict[str, list[Judged]]:
    """The voices that persons judged, by label that may be trained; of topics those whose whole list a person gave: who codes
    names one topic, and a model that learnt from it would take the others for right."""
    return {field: labelled.judged(field, organisation=organisation)[-MOST:] for field in HEADS}


def counts(*, organisation: int) -> dict[str, int]:
    """How many voices `judged_by_label` gives. Three statements."""
    return {field: min(labelled.counted(field, organisation=organisation), MOST) for field in HEADS}


def trainable(found: Mapping[str, int]) -> list[str]:
    """The labels with enough voices, of so many."""
    return [field for field, n in found.items() if n >= LEAST]


def every(*, organisation: int) -> list[OwnModel]:
    """All models, newest first."""
    return list(OwnModel.objects.filter(organisation_id=organisation).order_by("-version"))


def heads(model: OwnModel) -> list[OwnHead]:
    """What is trained of a model, in the order of the labels; without the numbers themselves."""
    found = {row.field: row for row in OwnHead.objects.filter(organisation_id=model.organisation_id, model=model).defer("body")}
    return [found[field] for field in HEADS if field in found]


def ask(*, organisation: int, now: datetime, actor: str) -> OwnModel:
    """Begins to train; while one is training that one is given back. Raises OwnModelError where too little was judged."""
    running = OwnModel.objects.filter(organisation_id=organisation, state=OwnModelState.TRAINING).first()
    if running is not None:
        return running
    if not trainable(counts(organisation=organisation)):
        raise OwnModelError(_("还不够：任何一种标注先由人看过 %(least)d 条，才能训练。") % {"least": LEAST}, code="too_few")
    last = OwnModel.objects.filter(organisation_id=organisation).order_by("-version").values_list("version", flat=True).first()
    model = OwnModel.objects.create(organisation_id=organisation, version=(last or 0) + 1, engine=nlp.ENGINE, asked_at=now, asked_by=actor)
    audit.note("own_model.asked", model.version, organisation=organisation, actor=actor, now=now)
    record("own_model.asked", model.id, {"done": []}, organisation=organisation, now=now, actor=actor)
    return model


def step(model_id: uuid.UUID, done: Sequence[str], *, organisation: int, now: datetime) -> None:
    """Trains one label more and asks for the next; after the last measures all. A step that was taken already does nothing."""
    from feedback.nlp.training import adapt  # noqa: PLC0415  only who trains loads the training library

    model = OwnModel.objects.select_for_update().filter(organisation_id=organisation, id=model_id, state=OwnModelState.TRAINING).first()
    if model is None or {row.field for row in heads(model)} != set(done):
        return
    rows = judged_by_label(organisation=organisation)
    field = next((name for name in trainable({name: len(found) for name, found in rows.items()}) if name not in done), "")
    if not field:
        _measure(model, rows, now)
        return
    learnt = [row for row in rows[field] if not is_held(row.feedback_id)]
    own = [adapt.Voice(text, _answer(field, row)) for row, text in _with_texts(learnt, organisation)]
    part = adapt.fit(HEADS[field], own, load_weights())
    OwnHead.objects.create(organisation_id=organisation, model=model, field=field, n_learnt=len(own), body=parts.packed(part))
    record("own_model.continued", model.id, {"done": sorted([*done, field])}, organisation=organisation, now=now)


def _answer(field: str, row: Judged) -> str | frozenset[str]:
    return row.truth if field == Label.TOPICS else next(iter(row.truth))


def _with_texts(rows: Sequence[Judged], organisation: int) -> list[tuple[Judged, str]]:
    texts = dict(Feedback.objects.filter(organisation_id=organisation, id__in=[row.feedback_id for row in rows], deleted_at=None).values_list("id", "text"))
    return [(row, texts[row.feedback_id]) for row in rows if texts.get(row.feedback_id)]


# ---- measuring ------------------------------------------------------------------------------------------------------


def _measure(model: OwnModel, rows: Mapping[str, Sequence[Judged]], now: datetime) -> None:
    """Reads the voices kept out with the shipped weights and with the new ones, and keeps what each gets right."""
    trained = list(OwnHead.objects.filter(organisation_id=model.organisation_id, model=model))
    new = parts.put(load_weights(), {HEADS[row.field]: parts.unpacked(bytes(row.body)) for row in trained})
    for head in trained:
        held = _with_texts([row for row in rows[head.field] if is_held(row.feedback_id)], model.organisation_id)
        texts = [text for _row, text in held]
        head.scores = scores(head.field, [row.truth for row, _text in held], nlp.understand(texts), nlp.understand(texts, new))
        head.save(update_fields=["scores"])
    model.state, model.trained_at = OwnModelState.READY, now
    model.save(update_fields=["state", "trained_at"])
    record("own_model.trained", model.id, {"version": model.version}, organisation=model.organisation_id, now=now)


def scores(field: str, truth: Sequence[frozenset[str]], before: Sequence[Understanding], after: Sequence[Understanding]) -> dict[str, Any]:
    """Counts of the voices kept out: labels wholly right before, after, only before, only after; and by class. Pure."""
    old, new = ([_said(field, one) for one in found] for found in (before, after))
    right = [(a == told, b == told) for told, a, b in zip(truth, old, new, strict=True)]
    return {
        "n": len(right), "before": sum(a for a, _b in right), "after": sum(b for _a, b in right),
        "only_before": sum(a and not b for a, b in right), "only_after": sum(b and not a for a, b in right),
        "classes": {"before": _by_class(field, truth, old), "after": _by_class(field, truth, new)},
    }  # fmt: skip


def _said(field: str, found: Understanding) -> frozenset[str]:
    if field == Label.TOPICS:
        return classes_of(field, [{"code": mention.code} for mention in found.topics])
    return classes_of(field, found.kind if field == Label.KIND else found.sentiment_label)


def _by_class(field: str, truth: Sequence[frozenset[str]], said: Sequence[frozenset[str]]) -> list[list[Any]]:
    rows = []
    for name in CLASSES[field]:
        told, heard = [name in one for one in truth], [name in one for one in said]
        if any(told) or any(heard):
            rows.append([name, sum(heard), sum(told), sum(a and b for a, b in zip(told, heard, strict=True))])
    return rows


# ---- deciding -------------------------------------------------------------------------------------------------------


def decide(version: int, state: str, *, organisation: int, now: datetime, actor: str) -> OwnModel:
    """A person takes a trained model into use (the one before is retired), declines it, or goes back to the shipped one.

    The same decision again is a no-op. Raises OwnModelUnknown, OwnModelError for a move that cannot be made.
    """
    model = OwnModel.objects.select_for_update().filter(organisation_id=organisation, version=version).first()
    if model is None:
        raise OwnModelUnknown(_("没有这个模型"))
    if model.state == state:
        return model
    moves: dict[str, tuple[str, ...]] = {
        OwnModelState.READY: (OwnModelState.IN_USE, OwnModelState.DECLINED),
        OwnModelState.IN_USE: (OwnModelState.RETIRED,),
        OwnModelState.RETIRED: (OwnModelState.IN_USE,),
        OwnModelState.DECLINED: (OwnModelState.IN_USE,),
    }
    if state not in moves.get(model.state, ()) or (state == OwnModelState.IN_USE and model.engine != nlp.ENGINE):
        raise OwnModelError(_("这个模型已经有了决定，或者引擎已经更新，请重新训练。"), code="bad_move")
    if state == OwnModelState.IN_USE:
        used = OwnModel.objects.filter(organisation_id=organisation, state=OwnModelState.IN_USE)
        used.update(state=OwnModelState.RETIRED, decided_at=now, decided_by=actor)
    model.state, model.decided_at, model.decided_by = state, now, actor
    model.save(update_fields=["state", "decided_at", "decided_by"])
    audit.note(f"own_model.{state}", version, organisation=organisation, actor=actor, now=now)
    return model
