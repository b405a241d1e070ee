"""批 or 不批 by one tap from a mail, without a log-in: an offer above its maker's authority. Decides this one offer only."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt

from complaints import approvals, offers
from complaints.models import Approval
from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy.models import Member
from web import case_solution, forms, tap_pages, timeline
from web.door import public


@csrf_exempt
@public
def tap(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link. A token that is not ours, too old, or of one without the authority, shows nothing."""
    return tap_pages.answer(request, approvals.read(token), approvals.found, _answer, gone="approve/gone.html")


def _answer(request: HttpRequest, row: Approval, member: Member) -> HttpResponse:
    return _decide(request, row, member) if request.method == "POST" else _page(request, row, member)


def _decide(request: HttpRequest, row: Approval, member: Member) -> HttpResponse:
    reason = forms.text(request, "reason", 400)
    try:
        approvals.decide(row, member, approve=request.POST.get("do") == "approve", reason=reason, now=clock.now())
    except DomainError as error:
        return _page(request, row, member, said=str(error.message), status=400)
    return redirect(request.path)


def _page(request: HttpRequest, row: Approval, member: Member, *, said: str = "", status: int = 200) -> HttpResponse:
    context = {
        "row": row,
        "ticket": row.ticket,
        "member": member,
        "options": offers.options_of(row.fields),
        "amount": timeline.money(str(row.amount), row.currency),
        "late": case_solution.minutes_late(row, clock.now()),
        "outcome": "" if row.state == "waiting" else case_solution.said(row),
        "said": said,
    }
    return render(request, "approve/tap.html", context, status=status)
