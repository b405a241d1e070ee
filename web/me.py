"""我的账号: name, language, password, the second factor, and which notices also come by mail."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _

from alerts import choices
from cxms.lib.errors import DomainError
from tenancy import members
from web import forms, preferences
from web.accounts import has_totp
from web.door import Visit, needs
from web.forms import Form
from web.middleware import LANGUAGE_COOKIE
from web.settings_notices import purposes


@needs("home:read")
def me(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page of the person himself; everybody has one."""
    member = visit.seat.member
    form = Form({"name": member.name, "language": visit.user.language or visit.organisation.language})
    if request.method == "POST":
        if request.POST.get("do") == "mail":
            return _mail(request, visit)
        if request.POST.get("do") == "keys":
            members.choose_keys(visit.user, is_on=request.POST.get("keys") == "on")
            messages.success(request, _("快捷键的选择已保存。"))
            return redirect("settings-me")
        form = Form(forms.typed(request, "name", "language"))
        try:
            with transaction.atomic():
                members.rename_self(
                    member, name=form.values["name"], language=form.values["language"], version=forms.version(request),
                    now=visit.now, actor=visit.actor,
                )  # fmt: skip
        except DomainError as error:
            form = form.refused(error, {"name": member.name})
        else:
            with translation.override(form.values["language"]):
                messages.success(request, _("你的资料已保存。"))
            answer = redirect("settings-me")
            preferences.remember(answer, LANGUAGE_COOKIE, form.values["language"])
            return answer
    off = choices.muted([member.id], organisation=visit.organisation.id)
    codes = Authenticator.objects.filter(user=visit.user, type=Authenticator.Type.RECOVERY_CODES).first()
    context: dict[str, Any] = {
        "form": form,
        "member": member,
        "languages": settings.LANGUAGES,
        "has_totp": has_totp(visit.user),
        "n_codes": len(codes.wrap().get_unused_codes()) if codes else 0,
        "must_have": visit.organisation.admins_need_totp and visit.seat.may("members:write"),
        "mails": [(code, name, (member.id, code) not in off) for code, name, _who in purposes()],
        "always": choices.ALWAYS,
        "has_mail": bool(settings.SMTP_URL),
    }
    return render(request, "settings/me.html", context, status=form.status)


def _mail(request: HttpRequest, visit: Visit) -> HttpResponse:
    member = visit.seat.member
    wanted = {(str(member.id), purpose) for purpose in [*request.POST.getlist("mail"), choices.ALWAYS]}
    with transaction.atomic():
        choices.choose([member], wanted, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    messages.success(request, _("邮件的选择已保存。"))
    return redirect("settings-me")
