"""死信: what followed a fact badly and was given up, with its reason; taken back by replay."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ledger import facts, queries
from ledger.models import Delivery
from web import connect_words as words
from web.connect import tabs
from web.door import Visit, needs

PAGE = 50
MOST = 500


@dataclass(frozen=True)
class Line:
    """A dead letter in words."""

    row: Delivery
    what: str
    why: str


@needs("webhooks:write")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The dead letters, the latest first; the reason can be chosen in the URL."""
    rows = queries.dead(organisation=visit.organisation.id)
    reasons = sorted(set(rows.order_by().values_list("failure", flat=True)))
    chosen = request.GET.get("failure", "")
    if chosen in reasons:
        rows = rows.filter(failure=chosen)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": [Line(row, words.follower(row.follower), words.failure(row.failure)) for row in page.object_list],
        "reasons": [(reason, words.failure(reason)) for reason in reasons],
        "chosen": chosen if chosen in reasons else "",
        "query": f"failure={chosen}" if chosen in reasons else "",
        **tabs(visit, "failures"),
    }
    return render(request, "connect/failures.html", context)


@require_POST
@needs("webhooks:write")
def replay(request: HttpRequest, visit: Visit, delivery: int) -> HttpResponse:
    """Makes one due again; pressed twice it happens once."""
    there = Delivery.objects.filter(organisation_id=visit.organisation.id, id=delivery).exists()
    if not there:
        raise Http404
    done = facts.replay(delivery, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    messages.success(request, _("已重新排队。") if done else _("它已经不在死信里了。"))
    return redirect("connect-failures")


@require_POST
@needs("webhooks:write")
def replay_all(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Makes every dead letter due again, at most five hundred at a time."""
    ids = list(queries.dead(organisation=visit.organisation.id).values_list("id", flat=True)[:MOST])
    n = sum(facts.replay(key, organisation=visit.organisation.id, now=visit.now, actor=visit.actor) for key in ids)
    messages.success(request, ngettext("%(n)d 项重新排队。", "%(n)d 项重新排队。", n) % {"n": n})
    return redirect("connect-failures")
