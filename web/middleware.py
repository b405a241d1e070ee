"""The pages' door: language of the person, and the scope of the organisation he works in.

The organisation comes from the authenticated log-in's memberships, never from a header or URL alone; the session only
chooses among them. A view under `/o/`-less paths runs inside that scope, one transaction a request.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from tenancy import members, queries
from tenancy.enums import Role
from tenancy.models import Organisation, User
from tenancy.scope import organisation_scope
from web.accounts import has_totp

# pages that open without a log-in: signed links, public pages of a store, invitations, health and figures
OPEN_PREFIXES = (
    "/accounts/", "/static/", "/api/", "/p/", "/s/", "/f/", "/a/", "/e/", "/invited/", "/healthz", "/readyz", "/prometheus", "/language/",
)  # fmt: skip
LANGUAGE_COOKIE = "cxms_language"
GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """Activates the language chosen by cookie, else the browser's, else 简体中文."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request in one language."""
        chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
        known = dict(settings.LANGUAGES)
        language = chosen if chosen in known else translation.get_language_from_request(request)
        with translation.override(language if language in known else settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            return response


def lacks_totp(request: HttpRequest, user: User) -> bool:
    """True for an administrator without a second factor where the organisation wants one of them."""
    place, seat = getattr(request, "organisation", None), getattr(request, "seat", None)
    return bool(place and seat and place.admins_need_totp and Role.ADMIN in seat.roles and not has_totp(user))


class OrganisationMiddleware:
    """Opens the organisation's scope around every page of a logged-in member; others are sent to log in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Finds the seat, opens the scope, answers; the transaction commits before the answer leaves."""
        if request.path.startswith(OPEN_PREFIXES):
            return self.get_response(request)
        user = request.user
        if not isinstance(user, User):
            return redirect(f"/accounts/login/?next={request.path}")
        memberships = queries.memberships_of(user)
        if not memberships:
            logout(request)  # who has left everywhere has no session either
            return render(request, "accounts/no_organisation.html", status=403)
        chosen = request.session.get("organisation")
        organisation_id = next((key for key, _, _ in memberships if key == chosen), memberships[0][0])
        with organisation_scope(organisation_id):
            seat = members.seat_of(user, organisation=organisation_id)
            request.organisation = Organisation.objects.get(id=organisation_id)  # type: ignore[attr-defined]
            request.seat = seat  # type: ignore[attr-defined]
            request.memberships = memberships  # type: ignore[attr-defined]
            if lacks_totp(request, user):
                return redirect("mfa_activate_totp")
            response = self.get_response(request)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response.render()
        response.headers.setdefault("Cache-Control", "no-store")
        return response
