"""What the pages without a log-in share: safe headers, the language of their forms, the page of a dead link.

A token in the address is their only authority. CSRF checks do not apply: nothing here acts by a log-in, and with
`Referrer-Policy: no-referrer` browsers send no origin to check.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from web import preferences
from web.middleware import LANGUAGE_COOKIE


def safe(response: HttpResponse) -> HttpResponse:
    """The address is a key: it is neither stored nor told to other sites, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def language_chosen(request: HttpRequest) -> HttpResponse | None:
    """The answer to a press on 简, 繁 or EN, else None."""
    if request.method != "POST" or request.POST.get("language") not in dict(settings.LANGUAGES):
        return None
    answer = redirect(request.get_full_path())
    preferences.remember(answer, LANGUAGE_COOKIE, request.POST["language"])
    return safe(answer)


def gone(request: HttpRequest, *, why: str = "") -> HttpResponse:
    """The page of a link that leads nowhere (404), or (`why`) of a question that is over (410)."""
    return safe(render(request, "surveys/gone.html", {"why": why}, status=410 if why else 404))
