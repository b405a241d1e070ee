"""What a person or a key does to a stored voice: exclude, include, delete. Every one leaves the metrics exact.

The score rows carry the exclusion, so the statement triggers of `metrics` write the deltas; nothing here knows them.
"""

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import first, search
from feedback.models import Feedback, Score
from ledger.facts import record


class VoiceUnknown(DomainError):
    """No such feedback in this organisation."""

    code = "not_found"


def locked(feedback_id: uuid.UUID, organisation: int) -> Feedback:
    """The voice, locked until the transaction ends. Raises VoiceUnknown."""
    row = (
        Feedback.objects.select_for_update()
        .filter(organisation_id=organisation, id=feedback_id, deleted_at__isnull=True)
        .first()
    )
    if row is None:
        raise VoiceUnknown(_("找不到这条反馈"))
    return row


def exclude(feedback_id: uuid.UUID, reason: str, *, organisation: int, now: datetime, actor: str) -> Feedback:
    """Takes a voice out of every metric, with a reason; again is a no-op."""
    row = locked(feedback_id, organisation)
    if not reason.strip():
        raise DomainError(_("请写明排除的原因"), code="reason_missing", field="reason")
    if row.excluded_at is None:
        row.excluded_at, row.excluded_reason = now, reason[:200]
        row.save(update_fields=["excluded_at", "excluded_reason"])
        Score.objects.filter(organisation_id=organisation, feedback_id=row.id).update(excluded=True)
        record("feedback.excluded", row.id, {"reason": reason[:200]}, organisation=organisation, now=now, actor=actor)
    return row


def include(feedback_id: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> Feedback:
    """Takes an excluded voice back into the metrics; again is a no-op."""
    row = locked(feedback_id, organisation)
    if row.excluded_at is not None:
        row.excluded_at, row.excluded_reason = None, ""
        row.save(update_fields=["excluded_at", "excluded_reason"])
        Score.objects.filter(organisation_id=organisation, feedback_id=row.id).update(excluded=False)
        record("feedback.included", row.id, {}, organisation=organisation, now=now, actor=actor)
    return row


def delete(feedback_id: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> None:
    """Takes a voice out of lists and metrics. Its key stays taken and its bytes stay for the audit."""
    row = locked(feedback_id, organisation)
    row.deleted_at = now
    row.save(update_fields=["deleted_at"])
    Score.objects.filter(organisation_id=organisation, feedback_id=row.id).delete()
    search.forget(row.id, organisation=organisation)
    first.release([row.id], organisation=organisation)
    record("feedback.deleted", row.id, {}, organisation=organisation, now=now, actor=actor)
