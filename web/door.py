"""How a page names the capability it needs, and what it is given. Every view of `web` is wrapped here or is public."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from cxms.lib import buckets, clock
from tenancy.members import Seat
from tenancy.models import Organisation, User
from tenancy.queries import zone

View = Callable[..., HttpResponse]
PUBLIC = "public"


@dataclass(frozen=True)
class Visit:
    """What a page's view works with: who, where, when. `actor` names the person in facts and moves."""

    organisation: Organisation
    seat: Seat
    user: User
    now: datetime

    @property
    def actor(self) -> str:
        """The person as facts name him."""
        return f"user:{self.user.email}"


def needs(capability: str) -> Callable[[View], View]:
    """Refuses (403 page) who lacks the capability, and hands the view a `Visit` as its second argument.

    The page is made in the organisation's time zone.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            seat: Seat | None = getattr(request, "seat", None)
            user = request.user
            if seat is None or not isinstance(user, User):
                raise Http404
            if not seat.may(capability):
                return render(request, "accounts/no_permission.html", {"capability": capability}, status=403)
            organisation: Organisation = request.organisation  # type: ignore[attr-defined]
            with timezone.override(zone(organisation.timezone)):
                return view(request, Visit(organisation, seat, user, clock.now()), *args, **kwargs)

        guarded.capability = capability  # type: ignore[attr-defined]
        return guarded

    return wrap


def public(view: View) -> View:
    """Marks a view that needs no log-in: health, language, the customer's signed pages.

    What is sent to it is counted per address; who sends too much is answered 429, and what he typed stays in his page.
    """

    @wraps(view)
    def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rate = buckets.rate(settings.PUBLIC_RATE) if request.method == "POST" else None
        if rate is not None:
            taken = buckets.buckets.take(f"public:{_address(request)}", rate)
            if taken.wait_seconds:
                answer = render(request, "accounts/too_many.html", status=429)
                answer["Retry-After"] = str(math.ceil(taken.wait_seconds))
                return answer
        return view(request, *args, **kwargs)

    counted.capability = PUBLIC  # type: ignore[attr-defined]
    return counted


def _address(request: HttpRequest) -> str:
    """The client's address, past the proxies that are ours."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured):
        return str(request.META.get("REMOTE_ADDR", ""))
