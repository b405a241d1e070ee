"""语言模型: an optional provider that is asked about masked voices. Off until somebody types where they will go."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib import refusals
from cxms.lib.errors import DomainError
from feedback import provider, provider_log, queries, topics
from feedback.enums import AskState, AskWhich, Kind, Sentiment
from feedback.provider import Tried, Wanted
from feedback.provider_models import LanguageModel
from feedback.queries import Filters
from tenancy import queries as tenancy
from web import forms
from web.door import Visit, needs
from web.forms import Form

DAYS = 7


def why(code: str) -> str:
    """What went wrong, in words a person can act on."""
    words = {
        "unauthorised": _("对方不认这个密钥"),
        "not_found": _("对方没有这个地址或这个模型"),
        "too_many": _("对方说请求太多，或额度用完了"),
        "server_error": _("对方的服务出错"),
        "timeout": _("对方没有在时限内答完"),
        "connect": _("连不上"),
        "tls": _("对方的证书有问题"),
        "broken": _("连接中途断了"),
        "key_lost": _("存着的密钥打不开了，请重新填"),
        "not_chat": _("回答不是 chat completions 的格式"),
        "malformed": _("模型没有只回答一个 JSON"),
        "too_long": _("回答太长"),
        "fields": _("字段多了或少了"),
        "kind": _("类别不在选项里"),
        "sentiment": _("情感不在选项里"),
        "contradiction": _("类别和情感互相矛盾"),
        "topics": _("主题不在分类里"),
        "urgency": _("紧急度不在 0 到 2 之间"),
        "too_late": _("等了一天还没有问到"),
        "switched_off": _("关掉时还没有问"),
        "newer_engine": _("自带引擎已经重新读过"),
        "gone": _("声音已被删除"),
    }
    if code.startswith("http_"):
        return _("对方拒绝了这一条（HTTP %(status)s）") % {"status": code[5:]}
    return words[code] if code in words else refusals.in_words(code)


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The settings and what became of the voices; POST keeps them, or switches it on."""
    organisation = visit.organisation.id
    row = provider.current(organisation=organisation)
    form = Form(_values(row))
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        asked = forms.typed(request, "base_url", "model", "which", "daily_limit", "confirmed", most=301)
        wanted = Wanted(key=request.POST.get("key", "").replace("\x00", "").strip()[:401], **asked)
        on = row.is_on or request.POST.get("do") == "on"
        form = Form({**asked, "key": ""})
        try:
            with transaction.atomic():
                provider.save(wanted, switch_on=on, version=forms.version(request), organisation=organisation, now=visit.now, actor=visit.actor)
        except DomainError as error:
            form = form.refused(error, _values(provider.current(organisation=organisation)))
        else:
            messages.success(request, _("存好了；从下一条新声音起会去问。") if on else _("存好了，没有打开，什么都不会发出去。"))
            return redirect("settings-language-model")
    return _page(request, visit, form)


@require_POST
@needs("settings:write")
def off(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Sends nothing more; what waits is dropped."""
    n = provider.switch_off(organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    messages.success(request, _("关掉了，再没有声音发出去；还没问的 %(n)d 条不问了。") % {"n": n})
    return redirect("settings-language-model")


@require_POST
@needs("settings:write")
def attempt(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Asks the provider, as it is set, about one invented sentence and shows the answer on the page."""
    row = provider.current(organisation=visit.organisation.id)
    if not row.base_url:
        raise Http404
    tried = provider.try_it(provider.account_of(row), provider.names(organisation=visit.organisation.id))
    return _page(request, visit, Form(_values(row)), tried)


def _values(row: LanguageModel) -> dict[str, str]:
    return {
        "base_url": row.base_url, "model": row.model, "which": row.which, "daily_limit": str(row.daily_limit), "confirmed": "", "key": "",
        "version": str(row.version),
    }  # fmt: skip


def _page(request: HttpRequest, visit: Visit, form: Form, tried: Tried | None = None) -> HttpResponse:
    organisation = visit.organisation.id
    row = provider.current(organisation=organisation)
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    week = today - timedelta(days=DAYS - 1)
    context: dict[str, Any] = {
        "row": row, "form": form, "host": provider.host_of(row.base_url), "choices": AskWhich.choices, "has_key": bool(bytes(row.key)),
        "problem": why(row.error) if row.error else "", "sentence": provider.TRIED, "may_write": visit.seat.may("settings:write"),
        "tried": tried and _told(tried, organisation), "today": _count(provider_log.EVERY, today, visit) if row.version else None,
        "week": [(label, *_count(state, week, visit)) for state, label in AskState.choices] if row.version else [],
        "reasons": [
            (AskState(state).label, why(reason), *_count(state, week, visit, reason)) for state, reason in provider_log.reasons(week, organisation=organisation)
        ],
    }  # fmt: skip
    return render(request, "settings/language_model.html", context, status=form.status)


def _count(state: str, since: date, visit: Visit, reason: str = "") -> tuple[int, str]:
    """How many voices, and where they are listed: the list counts them by the same rows."""
    rows = queries.voices(Filters(paths=visit.seat.paths), organisation=visit.organisation.id)
    n = rows.filter(id__in=provider_log.ids(state, since, reason=reason, organisation=visit.organisation.id)).count()
    asked = ".".join(part for part in (state, since.isoformat(), reason) if part)
    return n, f"{reverse('feedback-list')}?{urlencode({'provider': asked})}"


def _told(tried: Tried, organisation: int) -> dict[str, Any]:
    if tried.labels is None:
        return {"problem": why(tried.problem), "ms": tried.milliseconds}
    names = topics.all_names(organisation=organisation)
    return {
        "ms": tried.milliseconds, "kind": Kind(tried.labels.kind).label, "sentiment": Sentiment(tried.labels.sentiment).label,
        "topics": [names[code] for code in tried.labels.topics], "urgency": tried.labels.urgency,
    }  # fmt: skip
