"""Appeals of employees: the managers of the unit hear of a new one, the employee of the decision. Follows the ledger's facts."""

import uuid
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from alerts import notices
from alerts.models import Notice
from feedback import appeals
from feedback.enums import AppealState
from tenancy import members
from tenancy.enums import Role
from tenancy.models import Member

PURPOSE = "appeal"
# the nearest role that somebody besides the person himself holds over the unit
RUNGS = (Role.STORE_MANAGER, Role.REGION_MANAGER, Role.CX_MANAGER, Role.ADMIN)


def tell_managers(key: uuid.UUID, *, organisation: int, now: datetime) -> list[Notice]:
    """The nearest managers over the unit who are not the person; once each."""
    row = appeals.appeal(key, organisation=organisation)
    if row is None:
        return []
    readers: list[Member] = []
    for role in RUNGS:
        held = members.holders({role}, organisation=organisation, path=row.unit.path)
        readers = [one for one in held if one.staff_id != row.staff_id]
        if readers:
            break
    data = {"staff": row.staff.name, "unit": row.unit.name, "path": row.unit.path, "reason": row.reason, "due": row.due_date.isoformat(), "appeal": str(row.id)}
    return notices.tell(None, readers, PURPOSE, f"{PURPOSE}:{row.id}", data, organisation=organisation, now=now, feedback=row.feedback_id)


def tell_employee(key: uuid.UUID, *, organisation: int, now: datetime) -> list[Notice]:
    """The employee's log-ins, with the decision and its reason."""
    row = appeals.appeal(key, organisation=organisation)
    if row is None or row.state == AppealState.WAITING:
        return []
    mine = Member.objects.filter(organisation_id=organisation, staff=row.staff, left_at__isnull=True)
    data = {
        "mine": True, "state": row.state, "answer": row.answer, "who": row.decided_name, "unit": row.unit.name, "path": row.unit.path, "appeal": str(row.id),
    }  # fmt: skip
    readers = list(mine.select_related("user"))
    return notices.tell(None, readers, PURPOSE, f"{PURPOSE}:{row.id}:decided", data, organisation=organisation, now=now, feedback=row.feedback_id)


def notice(row: Notice) -> tuple[str, str, str, str]:
    """Subject, line, body and link, in the active language."""
    data: dict[str, Any] = row.data
    if data.get("mine"):
        upheld = data["state"] == AppealState.UPHELD
        subject = _("【申诉】成立，这条反馈不再记在你名下") if upheld else _("【申诉】不成立")
        line = _("%(who)s：%(answer)s") % {"who": data["who"], "answer": data["answer"]}
        link = f"{settings.SITE_URL}/people/me/"
    else:
        subject = _("【申诉】%(staff)s 说有一条反馈不是他") % {"staff": data["staff"]}
        due = date.fromisoformat(data["due"]).isoformat()
        line = _("%(staff)s：%(reason)s（%(due)s 前决定）") % {"staff": data["staff"], "reason": data["reason"], "due": due}
        link = f"{settings.SITE_URL}/people/appeals/?state=waiting"
    return subject, line, "\n".join([subject, line, "", _("打开：%(link)s") % {"link": link}]), link
