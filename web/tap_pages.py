"""The door of links in mails that do one thing: the token in the address is the only authority.

GET shows a page with buttons, so that a machine that opens every link of a mail does nothing; POST does it, again and
again with the same end.
"""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from tenancy import queries, tap_links
from tenancy.models import Member
from tenancy.scope import organisation_scope
from tenancy.tap_links import TapLink
from web.middleware import LANGUAGE_COOKIE

Found = TypeVar("Found")


def answer(
    request: HttpRequest,
    link: TapLink | None,
    find: Callable[[TapLink, Member], Found | None],
    page: Callable[[HttpRequest, Found, Member], HttpResponse],
    *,
    gone: str,
) -> HttpResponse:
    """The page of a link, in its organisation's scope and zone and its reader's language.

    A token that is not ours, too old, of one who left, or whose thing `find` does not give him, shows the template `gone`.
    """
    if link is None:
        return _safe(render(request, gone, status=404))
    with organisation_scope(link.organisation):
        member = tap_links.member_of(link)
        found = find(link, member) if member is not None else None
        if member is None or found is None:
            return _safe(render(request, gone, status=404))
        place = queries.organisation(link.organisation)
        language = _language(request, member, place.language)
        with translation.override(language), timezone.override(queries.zone(place.timezone)):
            request.LANGUAGE_CODE = language
            return _safe(page(request, found, member))


def _language(request: HttpRequest, member: Member, house: str) -> str:
    """The reader's own language, else what he chose here, else the house's, as the mail he came from; not his browser's."""
    chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
    return member.user.language or (chosen if chosen in dict(settings.LANGUAGES) else house)


def _safe(response: HttpResponse) -> HttpResponse:
    """The address is a key: neither stored nor told to other sites, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
