"""成员与权限: members × roles × units, invitations, who is away, who left."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from tenancy import invitations, members, queries, seats, trees
from tenancy.enums import Role
from tenancy.models import Invitation, Member, Unit
from tenancy.seats import Filters
from web import forms
from web.door import Visit, needs
from web.forms import Form

PAGE = 50
N_ROWS = 4
STATES = ("present", "absent", "left")


@dataclass(frozen=True)
class InviteRow:
    """One line of the invitation form."""

    email: str = ""
    name: str = ""
    role: str = ""
    unit: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Pending:
    """An invitation nobody has taken, with its link where no mail has carried it."""

    row: Invitation
    roles: str
    link: str
    is_over: bool


@needs("members:write")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Everyone who can log in, filtered by the URL, and the invitations that wait."""
    filters = _filters(request)
    organisation = visit.organisation.id
    page = Paginator(seats.members(filters, organisation=organisation), PAGE).get_page(request.GET.get("page"))
    people = list(page.object_list)
    query = request.GET.copy()
    query.pop("page", None)
    units = queries.units_of(organisation=organisation)
    context: dict[str, Any] = {
        "page": page,
        "people": people,
        "roles_of": seats.roles_of([row.id for row in people], organisation=organisation),
        "filters": filters,
        "query": query.urlencode(),
        "roles": Role.choices,
        "units": units,
        "pending": pending_of(visit, seats.pending_invitations(organisation=organisation), units),
        "has_mail": bool(settings.SMTP_URL),
        "is_filtered": bool(filters.q or filters.role or filters.unit or filters.state != "present"),
    }
    return render(request, "settings/members.html", context)


def _filters(request: HttpRequest) -> Filters:
    get = request.GET
    role, state = get.get("role", ""), get.get("state", "")
    return Filters(
        q=get.get("q", "").replace("\x00", "").strip()[:80],
        role=role if role in Role.values else "",
        unit=get.get("unit", "").replace("\x00", "")[:64],
        state=state if state in STATES else "present",
    )


def held_words(held: list[tuple[str, str]]) -> str:
    """Roles over units in a line: 店长（杭州西溪店）、分析员（华东区）."""
    return _("、").join(_("%(role)s（%(unit)s）") % {"role": Role(role).label, "unit": unit} for role, unit in held)


def pending_of(visit: Visit, rows: list[Invitation], units: list[Unit]) -> list[Pending]:
    """Invitations with their roles in words, and the link of those no mail has carried."""
    found, names = [], {unit.code: unit.name for unit in units}
    for row in rows:
        roles = held_words([(role, names.get(code, code)) for role, code in row.roles])
        is_over = row.expires_at <= visit.now
        found.append(Pending(row, roles, "" if row.mailed_at or is_over else invitations.address(row), is_over))
    return found


def _unit_choices(visit: Visit) -> list[Any]:
    return queries.units_of(organisation=visit.organisation.id)


@needs("members:write")
def invite(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Several e-mails at once; when one row is wrong nothing is sent and every word stays."""
    rows = [InviteRow() for _i in range(N_ROWS)]
    status = 200
    if request.method == "POST":
        n, rows = invite_rows(request, visit)
        if n:
            said_invited(request, n)
            return redirect("settings-members")
        status = 400
    context = {"rows": rows, "roles": Role.choices, "units": _unit_choices(visit), "has_mail": bool(settings.SMTP_URL)}
    return render(request, "settings/invite.html", context, status=status)


def said_invited(request: HttpRequest, n: int) -> None:
    """Tells what became of the invitations."""
    sent = ngettext("已邀请 %(n)d 人，邮件正在寄出。", "已邀请 %(n)d 人，邮件正在寄出。", n)
    made = ngettext("已邀请 %(n)d 人，请把链接发给他。", "已邀请 %(n)d 人，请把链接发给他们。", n)
    messages.success(request, (sent if settings.SMTP_URL else made) % {"n": n})


def invite_rows(request: HttpRequest, visit: Visit) -> tuple[int, list[InviteRow]]:
    """Invites every filled row, or none: (how many, the rows as typed with what is wrong)."""
    parts = [request.POST.getlist(name)[:50] for name in ("email", "name", "role", "unit")]
    rows = [InviteRow(*(value.replace("\x00", "").strip()[:254] for value in line)) for line in zip(*parts, strict=False)]
    filled = [row for row in rows if row.email or row.name]
    if not filled:
        first = InviteRow(wrong=_("写下至少一个邮箱"))
        return 0, [first, *(InviteRow() for _i in range(N_ROWS - 1))]
    told = []
    try:
        with transaction.atomic():
            told = [_invite(row, visit) for row in filled]
            if any(row.wrong for row in told):
                raise _Refused
    except _Refused:
        return 0, told + [InviteRow() for _i in range(max(1, N_ROWS - len(told)))]
    return len(told), []


class _Refused(Exception):
    """A row was wrong: what the others wrote goes back too."""


def _invite(row: InviteRow, visit: Visit) -> InviteRow:
    try:
        invitations.invite(
            organisation=visit.organisation.id,
            email=row.email,
            name=row.name,
            roles=[(row.role, row.unit)],
            now=visit.now,
            actor=visit.actor,
            by=visit.seat.member.name,
        )
    except DomainError as error:
        return InviteRow(row.email, row.name, row.role, row.unit, str(error.message))
    return row


@require_POST
@needs("members:write")
def invitation(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Sends an invitation again, or takes it back."""
    organisation = visit.organisation.id
    row = seats.invitation(key, organisation=organisation)
    if row is None:
        raise Http404
    try:
        if request.POST.get("do") == "revoke":
            invitations.revoke(key, organisation=organisation, now=visit.now, actor=visit.actor)
            messages.success(request, _("已收回给 %(email)s 的邀请，那个链接打不开了。") % {"email": row.email})
        else:
            invitations.send_again(
                key, organisation=organisation, now=visit.now, actor=visit.actor, generation=forms.version(request)
            )
            messages.success(request, _("给 %(email)s 的新链接已生成，旧链接作废。") % {"email": row.email})
    except DomainError as error:
        messages.error(request, str(error.message))
    return redirect("settings-members")


@needs("members:write")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One member: name, roles over units, away or here, leaving."""
    member = seats.member(key, organisation=visit.organisation.id)
    if member is None:
        raise Http404
    held = seats.roles_of([member.id], organisation=visit.organisation.id).get(member.id, [])
    present = {"name": member.name, "absent": member.absent, "pairs": [(role, unit.code) for role, unit in held]}
    person = trees.person(member.staff_id, organisation=visit.organisation.id) if member.staff_id else None
    present["employee_no"] = person.employee_no if person else ""
    form = Form(present)
    if request.method == "POST":
        done, form = _change(request, visit, member, present)
        if done:
            return redirect("settings-members")
    context = {
        "member": member,
        "form": form,
        "pairs": [*form.values["pairs"], ("", "")],
        "roles": Role.choices,
        "units": _unit_choices(visit),
        "is_me": member.id == visit.seat.member.id,
    }
    return render(request, "settings/member.html", context, status=form.status)


def _change(request: HttpRequest, visit: Visit, member: Member, present: dict[str, Any]) -> tuple[bool, Form]:
    pairs = list(zip(request.POST.getlist("role"), request.POST.getlist("unit"), strict=False))[:40]
    values: dict[str, Any] = {
        "name": forms.text(request, "name", 80),
        "absent": request.POST.get("absent") == "on",
        "pairs": [(role, code) for role, code in pairs if role],
        "employee_no": present["employee_no"],
    }
    if request.POST.get("do") == "link":
        values = {**present}
    place: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    version = forms.version(request)
    try:
        with transaction.atomic():
            if request.POST.get("do") == "leave":
                members.leave(member.id, version=version, **place)
                messages.success(request, _("%(name)s 已离开，他的下一次点击就进不来了；他做过的事都还在。") % {"name": member.name})
            elif request.POST.get("do") == "link":
                values["employee_no"] = forms.text(request, "employee_no", 64)
                members.link_staff(member.id, values["employee_no"], version=version, **place)
                messages.success(request, _("%(name)s 的账号和工号已连好。") % {"name": member.name})
            else:
                roles = invitations.check_roles(values["pairs"], organisation=visit.organisation.id)
                members.change(
                    member.id, version=version, name=values["name"], roles=roles, absent=values["absent"], **place
                )
                messages.success(request, _("%(name)s 的权限已改，下一次点击起生效。") % {"name": values["name"]})
    except DomainError as error:
        return False, Form(values | {"role": "", "unit": ""}).refused(error, present)
    return True, Form(values)
