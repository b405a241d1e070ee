"""What a customer wrote, with nothing written over: for who may, with a reason, a line in the audit for each look."""

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib import buckets
from cxms.lib.errors import DomainError
from feedback import masking
from feedback.models import Feedback
from feedback.voices import VoiceUnknown
from tenancy import audit

# looks of one person or key: so many an hour, so many at once
RATE = buckets.Rate(30 / 3600, 30)
SHORTEST = 4


class TooManyLooks(DomainError):
    """The reader has looked at more originals than one complaint after the other needs."""

    code = "too_many_originals"


def read(feedback_id: uuid.UUID, reason: str, *, organisation: int, now: datetime, actor: str) -> str:
    """The text as it came. Raises VoiceUnknown, DomainError without a reason, TooManyLooks."""
    row = Feedback.objects.filter(organisation_id=organisation, id=feedback_id, deleted_at__isnull=True).first()
    if row is None:
        raise VoiceUnknown(_("找不到这条反馈"))
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST:
        raise DomainError(_("请写明为什么要看原文"), code="reason_missing", field="reason")
    if buckets.buckets.take(f"originals:{organisation}:{actor}", RATE).wait_seconds:
        raise TooManyLooks(_("看得太多了，过一会儿再看。每小时最多 30 条。"))
    detail = {"reason": masking.covered(reason[:200])}
    audit.note("original.read", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row.text
