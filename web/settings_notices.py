"""通知: which notice tells whom, whether it also goes by mail, and whether mail works."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from alerts import budget, choices
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from ledger import mail
from ledger.errors import DeliveryError
from tenancy import seats
from tenancy.models import Member
from tenancy.seats import Filters
from web import forms
from web.door import Visit, needs
from web.forms import Form

PAGE = 50


def purposes() -> list[tuple[str, str, str]]:
    """(code, name, whom it tells) of every notice."""
    return [
        ("executives", _("直达高管"), _("管着那个单元的高管；没有高管就告诉客户体验经理和管理员。")),
        ("approval", _("等你批"), _("授权够批这笔补偿的人，从最近的一级找起。")),
        ("approval_decided", _("批了没有"), _("提方案的人。")),
        ("assigned", _("交给你"), _("新的负责人。")),
        ("praise", _("表扬"), _("被表扬的员工；他的店长在铃铛里看到。")),
        ("mentioned", _("提到你"), _("内部备注里写了 @ 他名字的人。")),
        ("handover", _("转交"), _("接收部门的人；转交的人等到答复；过时不答，告诉接收部门的经理。")),
        ("recurrence", _("原因又出现"), _("预防行动的负责人；行动同时重开。")),
        ("contact", _("再联系客户"), _("负责人；没有负责人就告诉门店。到了说好再联系的时间，每次说一遍。")),
        ("holidays", _("缺节假日"), _("管理员；日历里下一年的节假日还没有，提前 60 天说一次。")),
        ("metric", _("指标告警"), _("规则里选的角色，管着那个单元的人；几处一起只发一条。")),
        ("burst", _("新冒头的话题"), _("总部的客户体验经理；一个话题或词只说一次，直到它恢复平常。")),
        ("points", _("改进点"), _("清单的负责人；每天早上九点，有新来的才说。")),
        ("appeal", _("申诉"), _("管着那个单元、又不是本人的经理；决定以后告诉提申诉的员工。")),
        ("escalation", _("快到期与失约"), _("先是负责人，再是店长、区域经理、高管，一级一级往上。")),
    ]


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Purposes, then members × purposes; POST writes the choices of the members shown."""
    q = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    rows = seats.members(Filters(q=q), organisation=visit.organisation.id)
    shown = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    people: list[Member] = list(shown.object_list)
    said, form = "", _budget(visit)
    if request.method == "POST" and visit.seat.may("settings:write"):
        if "daily_most" in request.POST:
            form = _save_budget(request, visit)
        else:
            said = _choose(request, visit, people)
        if not said and form.status == 200:
            return redirect(request.get_full_path())
    off = choices.muted([person.id for person in people], organisation=visit.organisation.id)
    query = request.GET.copy()
    query.pop("page", None)
    context: dict[str, Any] = {
        "page": shown,
        "query": query.urlencode(),
        "q": q,
        "said": said,
        "form": form,
        "purposes": purposes(),
        "rows": [(person, [(code, name, (person.id, code) not in off) for code, name, _who in purposes()]) for person in people],
        "always": choices.ALWAYS,
        "has_mail": bool(settings.SMTP_URL),
        "mail_from": settings.MAIL_FROM,
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/notices.html", context, status=400 if said else form.status)


def _budget(visit: Visit) -> Form:
    row = budget.rule(organisation=visit.organisation.id)
    return Form({"daily_most": str(row.daily_most), "version": str(row.version)})


def _save_budget(request: HttpRequest, visit: Visit) -> Form:
    form = Form({**forms.typed(request, "daily_most", most=8), "version": str(forms.version(request))})
    try:
        with transaction.atomic():
            budget.save(
                form.values["daily_most"], organisation=visit.organisation.id, version=forms.version(request), now=visit.now, actor=visit.actor
            )
    except DomainError as error:
        now = _budget(visit).values
        return Form({**form.values, "version": now["version"]}).refused(error, now)
    messages.success(request, _("每人每天的上限改好了，从下一条通知起生效。"))
    return form


def _choose(request: HttpRequest, visit: Visit, people: list[Member]) -> str:
    asked = set(request.POST.getlist("member"))
    wanted = {tuple(value.split("|", 1)) for value in request.POST.getlist("mail") if "|" in value}
    mine = [person for person in people if str(person.id) in asked]
    pairs = {(str(a), str(b)) for a, b in wanted} | {(str(person.id), choices.ALWAYS) for person in mine}
    try:
        with transaction.atomic():
            n = choices.choose(mine, pairs, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        return str(error.message)
    messages.success(request, ngettext("改了 %(n)d 处。", "改了 %(n)d 处。", n) % {"n": n} if n else _("和现在的一样，没有改动。"))
    return ""


@require_POST
@needs("settings:write")
def test(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Sends a mail to whoever asks, now, and says what the server answered."""
    if not settings.SMTP_URL:
        messages.warning(request, _("还没有接邮件：设好 CXMS_SMTP_URL，再重启。"))
        return redirect("settings-notices")
    text = _("这是 %(place)s 的试发邮件。收到它，就说明邮件通了。") % {"place": visit.organisation.name}
    letter = mail.Letter(visit.user.email, _("试发：邮件通了"), text, mail.message_id(f"test-{new_id()}"))
    try:
        mail.send(letter)
    except DeliveryError as error:
        messages.error(request, _("没有发出去，邮件服务器说：%(why)s") % {"why": str(error)[:200]})
    else:
        messages.success(request, _("邮件服务器收下了，请看 %(email)s 的收件箱。") % {"email": visit.user.email})
    return redirect("settings-notices")
