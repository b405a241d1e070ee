"""What a person chooses for himself: language, theme, and the organisation he works in. Cookies and session only."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from web.door import Visit, needs, public
from web.middleware import LANGUAGE_COOKIE
from web.shell import THEMES

YEAR = 365 * 86_400


def back(request: HttpRequest) -> str:
    """The page the form came from, when it is ours."""
    wanted = request.POST.get("next", "/")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if ours else "/"


def remember(response: HttpResponse, name: str, value: str) -> None:
    """Keeps a choice for a year in a cookie scripts cannot read."""
    response.set_cookie(
        name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
    )


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Chooses one of the three languages and goes back."""
    response = redirect(back(request))
    if request.POST.get("language") in dict(settings.LANGUAGES):
        remember(response, LANGUAGE_COOKIE, request.POST["language"])
    return response


@needs("home:read")
def theme(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Chooses light, dark, or what the device says, and goes back."""
    response = redirect(back(request))
    if request.method == "POST" and request.POST.get("theme", "") in THEMES:
        remember(response, "cxms_theme", request.POST.get("theme", ""))
    return response


@needs("home:read")
def organisation(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Chooses which of his organisations a person works in; one he does not belong to is not found."""
    mine = {str(key): key for key, _slug, _name in getattr(request, "memberships", [])}
    wanted = request.POST.get("organisation", "")
    if request.method != "POST" or wanted not in mine:
        raise Http404
    request.session["organisation"] = mine[wanted]
    return redirect("/")
