"""批 or 不批 by one tap from a mail, without a log-in: an offer above its maker's authority.

The token in the address is the only authority and decides this one offer only. GET shows the case in short, so that a
machine that opens every link of a mail approves nothing; POST decides, again and again with the same end.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from complaints import approvals, offers
from complaints.models import Approval
from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import queries as tenancy_queries
from tenancy.models import Member
from tenancy.scope import organisation_scope
from web import case_solution, forms, timeline
from web.door import public


@csrf_exempt
@public
def tap(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link. A token that is not ours, too old, or of one without the authority, shows nothing."""
    link = approvals.read(token)
    if link is None:
        return _safe(render(request, "approve/gone.html", status=404))
    with organisation_scope(link.organisation):
        found = approvals.found(link)
        if found is None:
            return _safe(render(request, "approve/gone.html", status=404))
        row, member = found
        place = tenancy_queries.organisation(link.organisation)
        language = member.user.language or translation.get_language() or place.language
        with translation.override(language), timezone.override(tenancy_queries.zone(place.timezone)):
            request.LANGUAGE_CODE = language
            if request.method == "POST":
                return _safe(_decide(request, row, member))
            return _safe(_page(request, row, member))


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


def _safe(response: HttpResponse) -> HttpResponse:
    """The address is a key: neither stored nor told to other sites, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
