"""通知: what a person was told, and what he has read."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from alerts import budget, point_digest, queries, usefulness
from alerts import notices as bell
from alerts.acks import LADDER
from alerts.models import Notice
from alerts.wording import words
from complaints.acknowledgements import DONE
from web.door import Visit, needs


@dataclass(frozen=True)
class Line:
    """A notice in the reader's language."""

    notice: Notice
    line: str
    may_ack: bool

    @property
    def href(self) -> str:
        """Where it leads in the application."""
        if self.notice.ticket is not None:
            return reverse("case", args=[self.notice.ticket.number])
        if self.notice.purpose == "appeal":
            return reverse("my-card" if self.notice.data.get("mine") else "appeals")
        if self.notice.feedback_id is not None:
            return reverse("feedback-one", args=[self.notice.feedback_id])
        if self.notice.alert_id is not None:
            return reverse("metric-alert", args=[self.notice.alert_id])
        if self.notice.purpose == "burst":
            return reverse("bursts")
        if self.notice.purpose == "points":
            return f"{reverse('points')}?{point_digest.query_of(self.notice.data)}"
        return reverse("settings-calendars-one", args=[self.notice.data["code"]])

    @property
    def said(self) -> str:
        """What its reader says of it: yes, no, or nothing."""
        return {True: "yes", False: "no", None: ""}[self.notice.useful]


@needs("notices:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The list; POST marks one (`notice`) or all as read."""
    organisation, member = visit.organisation.id, visit.seat.member
    if request.method == "POST":
        for key in _wanted(request.POST.get("notice", ""), visit):
            bell.read(key, member, organisation=organisation, now=visit.now)
        return redirect("notices")
    found = queries.of_member(member, organisation=organisation)
    language = getattr(request, "LANGUAGE_CODE", "")
    may = visit.seat.may("complaints:write")
    lines = [
        Line(row, words(row, language=language).line, may and row.purpose in LADDER and row.ticket is not None and row.ticket.state not in DONE) for row in found
    ]
    day = budget.today(member.id, organisation=organisation, now=visit.now)
    return render(request, "notices/list.html", {"lines": lines, "n_unread": sum(not n.read_at for n in found), "day": day})


@require_POST
@needs("notices:read")
def judge(request: HttpRequest, visit: Visit, notice_id: uuid.UUID) -> HttpResponse:
    """Was it useful? `said` yes or no; anything else takes it back. Somebody else's notice is not found."""
    said = {"yes": True, "no": False}.get(request.POST.get("said", ""))
    with transaction.atomic():
        row = usefulness.judge(notice_id, visit.seat.member, said, organisation=visit.organisation.id, now=visit.now)
    if row is None:
        raise Http404
    return redirect(f"{reverse('notices')}#n-{row.id}")


def _wanted(text: str, visit: Visit) -> list[uuid.UUID]:
    unread = queries.of_member(visit.seat.member, organisation=visit.organisation.id, limit=500)
    keys = [notice.id for notice in unread if notice.read_at is None]
    return [key for key in keys if text in {"all", str(key)}]
