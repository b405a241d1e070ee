"""申诉: an employee contests that a voice is about him; a manager other than himself decides within seven days.

Upheld, the voice stays and names nobody: the person leaves the voice and its scores by an ordinary change of the rows, so
the signed deltas of `metrics` put every figure right. A ticket of the voice follows by `feedback.staff_removed`.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import voices
from feedback.enums import AppealState
from feedback.models import Appeal, Feedback, Score
from ledger.facts import record
from tenancy import audit, queries
from tenancy.models import Member, Staff
from tenancy.people_use import APPEAL_DAYS
from tenancy.trees import below

MOST = 400
LEAST = 4


class AppealError(DomainError):
    """The appeal cannot be made or decided as asked."""


@dataclass(frozen=True)
class Filters:
    """What the list of appeals is narrowed by; `paths` are the reader's subtrees."""

    state: str = ""
    staff: str = ""
    overdue: bool = False
    paths: tuple[str, ...] = field(default_factory=tuple)


def make(feedback_id: uuid.UUID, reason: str, staff: Staff, *, organisation: int, now: datetime, actor: str) -> Appeal:
    """The person's appeal against a voice that names him; made again it is the one that was made. Raises AppealError."""
    made = Appeal.objects.filter(organisation_id=organisation, feedback_id=feedback_id, staff=staff).first()
    if made is not None:
        return made
    row = voices.locked(feedback_id, organisation)
    made = Appeal.objects.filter(organisation_id=organisation, feedback_id=feedback_id, staff=staff).first()
    if made is not None:
        return made  # a second tap waited for the lock
    if row.staff_id != staff.id:
        raise AppealError(_("这条反馈没有记在你名下"), code="not_yours", field="feedback")
    said = _said(reason, "reason")
    zone = queries.organisation(organisation).timezone
    appeal = Appeal.objects.create(
        organisation_id=organisation, feedback_id=row.id, staff=staff, unit_id=row.unit_id or staff.unit_id, reason=said, asked_at=now,
        due_date=queries.local_today(now, zone) + timedelta(days=APPEAL_DAYS),
    )  # fmt: skip
    audit.note("appeal.made", appeal.id, organisation=organisation, actor=actor, now=now, detail={"feedback": str(row.id)})
    record("appeal.made", appeal.id, {"feedback": str(row.id), "staff": str(staff.id)}, organisation=organisation, now=now, actor=actor)
    return appeal


def decide(
    key: uuid.UUID, *, is_upheld: bool, answer: str, member: Member, organisation: int, now: datetime, actor: str
) -> Appeal:
    """A manager's decision with its reason; a second one changes nothing and says so. Raises AppealError."""
    row = Appeal.objects.select_for_update().get(organisation_id=organisation, id=key)
    if member.staff_id == row.staff_id:
        raise AppealError(_("自己的申诉由别人决定"), code="own_appeal", field="answer")
    if row.state != AppealState.WAITING:
        raise AppealError(_("%(name)s 已经决定了") % {"name": row.decided_name}, code="decided", field="answer")
    row.answer = _said(answer, "answer")
    row.state = AppealState.UPHELD if is_upheld else AppealState.REJECTED
    row.decided_by, row.decided_name, row.decided_at = member, member.name, now
    row.save(update_fields=["answer", "state", "decided_by", "decided_name", "decided_at"])
    if is_upheld:
        _detach(row, organisation=organisation, now=now, actor=actor)
    detail = {"state": row.state, "feedback": str(row.feedback_id)}
    audit.note("appeal.decided", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
    record("appeal.decided", row.id, {"state": row.state, "staff": str(row.staff_id)}, organisation=organisation, now=now, actor=actor)
    return row


def _detach(row: Appeal, *, organisation: int, now: datetime, actor: str) -> None:
    """Takes the person off the voice and its scores; a voice that is gone or names another by now is left alone."""
    mine = {"organisation_id": organisation, "staff_id": row.staff_id}
    if not Feedback.objects.select_for_update().filter(id=row.feedback_id, deleted_at__isnull=True, **mine).exists():
        return
    Feedback.objects.filter(id=row.feedback_id, **mine).update(staff=None)
    Score.objects.filter(feedback_id=row.feedback_id, **mine).update(staff=None)
    record("feedback.staff_removed", row.feedback_id, {"staff": str(row.staff_id)}, organisation=organisation, now=now, actor=actor)


def _said(text: str, name: str) -> str:
    said = " ".join(text.replace("\x00", "").split())
    if len(said) < LEAST or len(said) > MOST:
        raise AppealError(_("写 %(a)d 至 %(b)d 字") % {"a": LEAST, "b": MOST}, code="bad_length", field=name)
    return said


# ---- questions -----------------------------------------------------------------------------------------------------


def appeals(filters: Filters, *, organisation: int, now: datetime) -> QuerySet[Appeal]:
    """Appeals of the subtrees, those that fall due first; `overdue`: those waiting past their day."""
    rows = Appeal.objects.filter(organisation_id=organisation).select_related("staff", "unit", "decided_by")
    if filters.paths:
        rows = rows.filter(below(filters.paths))
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.staff:
        rows = rows.filter(staff__employee_no=filters.staff)
    if filters.overdue:
        today = queries.local_today(now, queries.organisation(organisation).timezone)
        rows = rows.filter(state=AppealState.WAITING, due_date__lt=today)
    return rows.order_by("due_date", "id") if filters.state == AppealState.WAITING else rows.order_by("-asked_at", "-id")


def appeal(key: uuid.UUID, *, organisation: int) -> Appeal | None:
    """One appeal with whom it is about, or None."""
    rows = Appeal.objects.filter(organisation_id=organisation, id=key)
    return rows.select_related("staff", "unit", "decided_by").first()


def of_staff(staff: Staff, *, organisation: int, limit: int = 20) -> list[Appeal]:
    """A person's own appeals, the newest first."""
    return list(Appeal.objects.filter(organisation_id=organisation, staff=staff).order_by("-asked_at", "-id")[:limit])
