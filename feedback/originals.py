"""What a customer wrote and how he is reached, with nothing written over: for who may, with a reason, a line in the audit for each look."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from customers.models import Customer
from cxms.lib import buckets
from cxms.lib.errors import DomainError
from feedback import masking
from feedback.models import Feedback, ImportJob
from feedback.voices import VoiceUnknown
from tenancy import audit

# looks of one person or key: so many an hour, so many at once
RATE = buckets.Rate(30 / 3600, 30)
SHORTEST = 4


class TooManyLooks(DomainError):
    """The reader has looked at more originals than one complaint after the other needs."""

    code = "too_many_originals"


@dataclass(frozen=True)
class Original:
    """A voice as it came: its words and the free part of its document."""

    text: str
    metadata: dict[str, Any]


def read(feedback_id: uuid.UUID, reason: str, *, organisation: int, now: datetime, actor: str) -> Original:
    """The voice as it came. Raises VoiceUnknown, DomainError without a reason, TooManyLooks."""
    row = Feedback.objects.filter(organisation_id=organisation, id=feedback_id, deleted_at__isnull=True).first()
    if row is None:
        raise VoiceUnknown(_("找不到这条反馈"))
    _look("original.read", row.id, reason, organisation=organisation, now=now, actor=actor)
    return Original(row.text, row.metadata)


def contact(customer: Customer, reason: str, *, now: datetime, actor: str) -> Customer:
    """The customer, whose name, phone and e-mail may now be shown. Raises DomainError without a reason, TooManyLooks."""
    _look("contact.read", customer.id, reason, organisation=customer.organisation_id, now=now, actor=actor)
    return customer


def rejected(job: ImportJob, reason: str, *, now: datetime, actor: str) -> ImportJob:
    """The import, whose refused records may now be taken away as they came. Raises DomainError without a reason, TooManyLooks."""
    _look("rejects.read", job.id, reason, organisation=job.organisation_id, now=now, actor=actor)
    return job


def _look(action: str, subject: uuid.UUID, reason: str, *, organisation: int, now: datetime, actor: str) -> None:
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST:
        raise DomainError(_("请写明为什么要看原文"), code="reason_missing", field="reason")
    if buckets.buckets.take(f"originals:{organisation}:{actor}", RATE).wait_seconds:
        raise TooManyLooks(_("看得太多了，过一会儿再看。每小时最多 30 条。"))
    detail = {"reason": masking.covered(reason[:200])}
    audit.note(action, subject, organisation=organisation, actor=actor, now=now, detail=detail)
