"""What a person or a key does to a stored voice: exclude, include, delete. Every one leaves the metrics exact.

The score rows carry the exclusion, so the statement triggers of `metrics` write the deltas; nothing here knows them.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import first, search
from feedback.models import Feedback, Score
from ledger.facts import record, record_many

LOCK_KNOWN = """
    select f.id from feedback_feedback f where f.organisation_id = %s and f.id = any(%s::uuid[])
    and exists (select 1 from feedback_analysis a where a.organisation_id = f.organisation_id and a.feedback_id = f.id)
    order by f.id for update of f
"""


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


def lock_known(ids: Sequence[str], *, organisation: int) -> list[uuid.UUID]:
    """Locks those of the voices that were analysed before, as a correction locks its own; gives them, in the order locked.

    A voice that nothing is known of has nobody to wait for. One statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_KNOWN, [organisation, list(ids)])
        return [key for (key,) in cursor.fetchall()]


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
    delete_each([row.id], organisation=organisation, now=now, actor=actor)


def delete_each(ids: Sequence[uuid.UUID], *, organisation: int, now: datetime, actor: str) -> int:
    """As `delete`, for many voices at the price of one; those gone before are left out. Returns how many went."""
    rows = Feedback.objects.filter(organisation_id=organisation, id__in=ids, deleted_at__isnull=True)
    gone = list(rows.select_for_update().order_by("id").values_list("id", flat=True))
    Feedback.objects.filter(organisation_id=organisation, id__in=gone).update(deleted_at=now)
    Score.objects.filter(organisation_id=organisation, feedback_id__in=gone).delete()
    search.forget(gone, organisation=organisation)
    first.release(gone, organisation=organisation)
    record_many([("feedback.deleted", key, {}) for key in gone], organisation=organisation, now=now, actor=actor)
    return len(gone)
