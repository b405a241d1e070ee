"""The public page of an invitation: a new person sets name and password, one with a log-in joins by it.

The token in the address opens the organisation's scope; everything that is not a living invitation looks the same.
CSRF checks apply: joining acts by the session of whoever is logged in.
"""

from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import invitations, queries
from tenancy.models import Invitation, Organisation, Unit, User
from tenancy.scope import organisation_scope
from web import forms
from web.door import public
from web.forms import Form
from web.members import held_words

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@sensitive_post_parameters("password1", "password2")
@public
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """The page; POST joins. A token that opens nothing, whatever the reason, is a 404 of the same bytes."""
    read = invitations.read(token)
    if read is None:
        return _safe(render(request, "invited/gone.html", status=404))
    organisation = read[0]
    with organisation_scope(organisation):
        lock = request.method == "POST"
        row = invitations.find(token, organisation=organisation, now=clock.now(), lock=lock)
        if row is None:
            return _safe(render(request, "invited/gone.html", status=404))
        place = queries.organisation(organisation)
        return _safe(_join(request, row, place) if lock else _page(request, row, place, Form({"name": row.name})))


def _safe(response: HttpResponse) -> HttpResponse:
    """The address is a key: neither stored nor told to other sites, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _page(request: HttpRequest, row: Invitation, place: Organisation, form: Form) -> HttpResponse:
    names = dict(Unit.objects.filter(organisation_id=place.id).values_list("code", "name"))
    me = request.user if isinstance(request.user, User) else None
    context = {
        "invitation": row,
        "place": place,
        "roles": held_words([(role, names.get(code, code)) for role, code in row.roles]),
        "form": form,
        "has_login": User.objects.filter(email=row.email).exists(),
        "me": me,
        "is_mine": me is not None and me.email.lower() == row.email,
    }
    return render(request, "invited/invited.html", context, status=form.status)


def _join(request: HttpRequest, row: Invitation, place: Organisation) -> HttpResponse:
    form = Form({"name": forms.text(request, "name", 80), "password1": ""})
    try:
        with transaction.atomic():
            if isinstance(request.user, User):
                invitations.accept(row, request.user, now=clock.now())
            else:
                user = _new(request, row, form)
                login(request, user, backend=BACKEND)
    except DomainError as error:
        return _page(request, row, place, form.refused(error))
    request.session["organisation"] = place.id
    return redirect("home")


def _new(request: HttpRequest, row: Invitation, form: Form) -> User:
    name = form.values["name"]
    if not name:
        raise invitations.InvitationError(_("写上姓名，同事才知道是你"), field="name")
    password = request.POST.get("password1", "")
    if password != request.POST.get("password2", ""):
        raise invitations.InvitationError(_("两次写的不一样"), field="password1")
    try:
        validate_password(password, user=User(email=row.email, name=name))
    except ValidationError as error:
        raise invitations.InvitationError(" ".join(error.messages), field="password1") from error
    member = invitations.accept_new(
        row, name=name, password=password, language=getattr(request, "LANGUAGE_CODE", ""), now=clock.now()
    )
    return member.user
