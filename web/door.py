"""How a page names the capability it needs, and what it is given. Every view of `web` is wrapped here or is public."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from cxms.lib import clock
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
    """Marks a view that needs no log-in: health, language, the customer's signed pages."""
    view.capability = PUBLIC  # type: ignore[attr-defined]
    return view
