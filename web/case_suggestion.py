"""分配建议: who should take the ticket and why, beside the button that gives it to him."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from complaints import assigning
from web import words
from web.door import Visit, needs
from web.seen import ticket_of


@needs("complaints:write")
def suggestion(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The choice as things stand."""
    ticket = ticket_of(visit, number)
    found = assigning.suggest(ticket)
    context = {"ticket": ticket, "found": found, "why": words.why(found.reasons), "query": "", "tab": ""}
    return render(request, "case/suggestion.html", context)
