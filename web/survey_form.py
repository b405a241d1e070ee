"""A survey's form: new from a template, or changed; beside it the phone and whom it would have asked, live."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from surveys import content, previewing, queries, recovery, surveys
from surveys.enums import Band, Event, Kind, Reason, State
from surveys.models import Survey, SurveyVersion
from surveys.surveys import Spec
from tenancy import queries as tenancy_queries
from tenancy.models import Touchpoint
from web import answer
from web.door import Visit, needs

NUMBERS = ("delay_minutes", "expiry_days", "quiet_days", "sample_percent")
# template → (kind, event, touchpoint, delay in minutes, quiet days)
TEMPLATES: dict[str, tuple[str, str, str, int, int]] = {
    "order": ("nps", "order", "", 24 * 60, 90),
    "repair": ("csat", "repair", "repair_pickup", 4 * 60, 60),
    "call": ("ces", "call", "hotline", 30, 60),
    "store": ("nps", "", "store_visit", 0, 90),
    "recovery": ("csat", "recovery", "", recovery.DELAY_MINUTES, recovery.QUIET_DAYS),
}


def template_labels() -> dict[str, tuple[str, str]]:
    """Name and one line of each template, in the active language."""
    return {
        "order": (_("购后推荐"), _("下单一天后发邮件，问愿不愿推荐（NPS）")),
        "repair": (_("维修后满意度"), _("取机四小时后发邮件，问满不满意（CSAT）")),
        "call": (_("来电后费力度"), _("挂断半小时后发邮件，问办得轻不轻松（CES）")),
        "store": (_("门店扫码"), _("不发邮件，客人扫店里的二维码（NPS）")),
        "recovery": (_("投诉解决以后"), _("解决一天后发邮件，问处理得满不满意、还来不来（CSAT）")),
    }


def _from_template(name: str) -> Spec:
    if name == "recovery":
        return recovery.spec()
    kind, event, touchpoint, delay, quiet = TEMPLATES[name]
    return Spec(
        name=template_labels()[name][0],
        kind=kind,
        texts=content.default_texts(kind),
        event_kind=event,
        touchpoint=touchpoint,
        delay_minutes=delay,
        quiet_days=quiet,
    )


def _from_row(row: Survey, version: SurveyVersion) -> Spec:
    return Spec(
        name=row.name,
        kind=version.kind,
        texts=version.texts,
        reasons=version.reasons,
        asks_contact=version.asks_contact,
        asks_return=version.asks_return,
        asks_problem=version.asks_problem,
        unit=row.unit.code if row.unit else "",
        touchpoint=row.touchpoint.code if row.touchpoint else "",
        event_kind=row.event_kind,
        **{name: getattr(row, name) for name in NUMBERS},
    )


def _whole(text: str) -> int:
    """A number from a form; what is none lies outside every bound, so that the field is named."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1


def _from_post(post: QueryDict) -> Spec:
    kind = post.get("kind", "")
    return Spec(
        name=post.get("name", ""),
        kind=kind,
        texts={
            field: {language: post.get(f"{field}.{language}", "") for language in content.LANGUAGES}
            for field in content.FIELDS
        },
        reasons={str(band): post.getlist(f"reasons.{band}") for band in Band.values},
        asks_contact=post.get("asks_contact") == "1",
        asks_return=post.get("asks_return") == "1",
        asks_problem=post.get("asks_problem") == "1",
        unit=post.get("unit", ""),
        touchpoint=post.get("touchpoint", ""),
        event_kind=post.get("event_kind", "").strip() if post.get("how") != "link" else "",
        **{name: _whole(post.get(name, "")) for name in NUMBERS},
    )


def _with_kind(spec: Spec, post: QueryDict) -> Spec:
    """Another kind brings its own texts, unless the person wrote his own already."""
    was = post.get("texts_of", spec.kind)
    if spec.kind == was or spec.kind not in Kind.values or was not in Kind.values:
        return spec
    before, after = content.default_texts(was), content.default_texts(spec.kind)
    texts = {
        field: {
            language: after[field][language] if said in ("", before[field][language]) else said
            for language, said in spec.texts[field].items()
        }
        for field in content.FIELDS
    }
    return Spec(**{**spec.__dict__, "texts": texts})


@needs("surveys:write")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The choice of templates, then the form; POST makes a draft or publishes it at once, once per form."""
    if request.method == "POST":
        return _make(request, visit)
    name = request.GET.get("template", "")
    if name not in TEMPLATES:
        labels = template_labels()
        cards = [(key, *labels[key], key != "store") for key in TEMPLATES]
        return render(request, "surveys/templates.html", {"cards": cards})
    return _form(request, visit, _from_template(name), key=uuid.uuid4(), code=f"{TEMPLATES[name][0]}-{name}")


def _make(request: HttpRequest, visit: Visit) -> HttpResponse:
    spec = _with_kind(_from_post(request.POST), request.POST)
    key, code = _uuid(request.POST.get("key", "")) or uuid.uuid4(), request.POST.get("code", "")[:48]
    organisation = visit.organisation.id
    try:
        with transaction.atomic():
            row = surveys.create(spec, code=code, organisation=organisation, now=visit.now, actor=visit.actor, key=key)
            if request.POST.get("publish"):
                surveys.move(row.id, State.PUBLISHED, organisation=organisation, now=visit.now, actor=visit.actor)
    except DomainError as error:
        return _form(request, visit, spec, key=key, code=code, wrong={str(error.field): str(error.message)})
    if request.POST.get("publish"):
        messages.success(request, _("已发布。从现在起，新的事件会按规则决定问不问。"))
    else:
        messages.success(request, _("草稿已存。发布之前不会问任何人。"))
    return redirect("surveys-one", key=row.id)


@needs("surveys:write")
def edit(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The form of a survey; POST changes it unless somebody else did meanwhile."""
    organisation = visit.organisation.id
    row = queries.one(key, organisation=organisation)
    if row is None or row.state == State.CLOSED:
        raise Http404
    version = next(found for found in queries.versions(row) if found.version == row.version)
    if request.method != "POST":
        return _form(request, visit, _from_row(row, version), row=row)
    spec = _with_kind(_from_post(request.POST), request.POST)
    revision = _whole(request.POST.get("revision", ""))
    try:
        with transaction.atomic():
            after = surveys.change(
                key, spec, revision=revision, organisation=organisation, now=visit.now, actor=visit.actor
            )
    except DomainError as error:
        return _form(request, visit, spec, row=row, wrong={str(error.field): str(error.message)})
    _say_change(request, row, after)
    return redirect("surveys-one", key=key)


def _say_change(request: HttpRequest, before: Survey, after: Survey) -> None:
    if after.version == before.version:
        messages.success(request, _("已改好。"))
        return
    latest = queries.versions(after)[0]
    said = {"v": after.version}
    if latest.is_comparable:
        messages.success(request, _("已改为第 %(v)d 版，分数与上一版可比。") % said)
    else:
        messages.success(request, _("已改为第 %(v)d 版。问法变了，分数与上一版不可比。") % said)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@require_POST
@needs("surveys:write")
def preview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The phone and the last thirty days, for what stands in the form now."""
    spec = _with_kind(_from_post(request.POST), request.POST)
    key = _uuid(request.POST.get("survey", ""))
    return render(request, "surveys/preview.html", _preview(request.POST, spec, key, visit))


def _preview(post: QueryDict | dict[str, str], spec: Spec, key: uuid.UUID | None, visit: Visit) -> dict[str, Any]:
    kind = spec.kind if spec.kind in Kind.values else Kind.NPS.value
    language = str(post.get("show_language") or visit.organisation.language)
    language = language if language in content.LANGUAGES else settings.LANGUAGE_CODE
    scale = content.scale(kind)
    shown = {Band.LOW: scale[0] + (3 if kind == "nps" else 0), Band.MIDDLE: content.EDGES[kind][1], Band.HIGH: scale[-1]}
    band = str(post.get("show_band") or Band.LOW)
    says: dict[str, Any] = {name: getattr(spec, name) for name in ("texts", "reasons", "asks_contact", "asks_return", "asks_problem")}
    version = SurveyVersion(kind=kind, version=0, **says)
    past = None
    if all(getattr(spec, name) >= 0 for name in NUMBERS):
        past = previewing.preview(spec, key, organisation=visit.organisation.id, now=visit.now)
    labels = dict(Reason.choices)
    return {
        "phone": answer.page_context(version, language, shown.get(Band(band) if band in Band.values else Band.LOW)),
        "phone_lang": {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}.get(language, "en"),
        "show_language": language,
        "show_band": band if band in Band.values else "low",
        "bands": Band.choices,
        "past": past,
        "past_reasons": [(labels[reason], n) for reason, n in past.reasons] if past else [],
        "place": visit.organisation.name,
        "languages3": (("zh-hans", "简", "zh-Hans"), ("zh-hant", "繁", "zh-Hant"), ("en", "EN", "en")),
    }


def _form(
    request: HttpRequest,
    visit: Visit,
    spec: Spec,
    *,
    row: Survey | None = None,
    key: uuid.UUID | None = None,
    code: str = "",
    wrong: dict[str, str] | None = None,
) -> HttpResponse:
    organisation = visit.organisation.id
    touchpoints = Touchpoint.objects.filter(organisation_id=organisation, retired_at__isnull=True)
    context = {
        "row": row,
        "spec": spec,
        "key": key,
        "code": code,
        "wrong": wrong or {},
        "kinds": Kind.choices,
        "units": tenancy_queries.units_of(organisation=organisation),
        "touchpoints": list(touchpoints.order_by("position")),
        "question_fields": _fields(spec, ("question", "end_low", "end_high")),
        "follow": [_follow(band, str(label), spec, request.LANGUAGE_CODE) for band, label in Band.choices],
        "events": Event.choices,
        **_preview(request.POST, spec, row.id if row else None, visit),
    }
    return render(request, "surveys/form.html", context, status=400 if wrong else 200)


def _fields(spec: Spec, names: tuple[str, ...]) -> list[dict[str, Any]]:
    labels = {
        "question": _("问题"), "end_low": _("最低分的意思"), "end_high": _("最高分的意思"), "ask": _("接着问什么"), "hint": _("文字框里的提示"),
    }  # fmt: skip
    return [
        {"name": name, "label": labels.get(name) or labels[name.split("_")[0]], "said": spec.texts.get(name, {})}
        for name in names
    ]


def _follow(band: str, label: str, spec: Spec, language: str) -> dict[str, Any]:
    chosen = spec.reasons.get(band, [])
    chips = [(code, content.reason_label(code, band, language), code in chosen) for code in content.reason_codes()]
    kind = spec.kind if spec.kind in Kind.values else "nps"
    scores = [score for score in content.scale(kind) if content.band(kind, score) == band]
    span = f"{scores[0]}–{scores[-1]}" if len(scores) > 1 else str(scores[0])
    fields = _fields(spec, (f"ask_{band}", f"hint_{band}"))
    return {"band": band, "label": label, "scores": span, "fields": fields, "chips": chips}
