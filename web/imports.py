"""导入: a file in four steps — upload, columns, dry run, import — each a page of its own state; undo for seven days."""

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from feedback import imports, intake, originals
from feedback.channels import sheet
from feedback.enums import ImportState
from feedback.models import ImportJob
from tenancy import queries as tenancy
from tenancy.enums import Channel
from tenancy.scope import organisation_scope
from web.door import Visit, needs

LABELS = {
    "text": lambda: _("内容"),
    "occurred_at": lambda: _("时间"),
    "nps": lambda: _("推荐意愿 0–10"),
    "csat": lambda: _("满意度 1–5"),
    "ces": lambda: _("费力度 1–7"),
    "stars": lambda: _("星级 1–5"),
    "channel": lambda: _("渠道代码"),
    "external_id": lambda: _("编号，用来认重复"),
    "unit": lambda: _("单元代码或名称"),
    "staff": lambda: _("工号"),
    "touchpoint": lambda: _("触点代码"),
    "customer.external_id": lambda: _("客户编号"),
    "customer.name": lambda: _("客户姓名"),
    "customer.phone": lambda: _("客户手机"),
    "customer.email": lambda: _("客户邮箱"),
    "customer.tier": lambda: _("客户等级"),
}
RUNNING = {ImportState.CHECKING, ImportState.IMPORTING, ImportState.UNDOING}


@needs("imports:write")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The imports, newest first, and the field for a file; POST keeps a file."""
    wrong = ""
    if request.method == "POST":
        given = request.FILES.get("file")
        try:
            if given is None or isinstance(given, list):
                raise imports.ImportError_(_("请选一个文件"), code="missing", field="file")
            job = imports.upload(
                given.read(), given.name or "", organisation=visit.organisation.id, now=visit.now, actor=visit.actor
            )
            return redirect("import", key=job.id)
        except DomainError as error:
            wrong = str(error.message)
    rows = ImportJob.objects.filter(organisation_id=visit.organisation.id).order_by("-created_at", "-id")
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    return render(request, "import/list.html", {"page": page, "wrong": wrong}, status=400 if wrong else 200)


def job_of(visit: Visit, key: uuid.UUID) -> ImportJob:
    """The organisation's import, else not found."""
    job = ImportJob.objects.filter(organisation_id=visit.organisation.id, id=key).first()
    if job is None:
        raise Http404
    return job


@needs("imports:write")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """An import in its present state; asked by htmx while it runs, only the progress comes."""
    job = job_of(visit, key)
    if request.headers.get("HX-Request") and job.state in RUNNING:
        return render(request, "import/progress.html", {"job": job})
    response = _page(request, visit, job)
    if request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"
    return response


def _page(
    request: HttpRequest, visit: Visit, job: ImportJob, *, typed: dict[str, str] | None = None, said: str = "", status: int = 200
) -> HttpResponse:
    open_channels = intake.open_channels(visit.organisation.id)
    chosen = {index: field for field, index in job.columns.items()}
    if typed:
        chosen = {i: typed.get(f"column-{i}", "") for i in range(len(job.header))}
    context: dict[str, Any] = {
        "job": job,
        "said": said,
        "fields": [(field, LABELS[field]()) for field in sheet.FIELDS],
        "columns": [
            {"index": i, "name": name, "field": chosen.get(i, ""), "cells": cells}
            for i, (name, cells) in enumerate(zip(job.header, _cells(job), strict=True))
        ],
        "channels": [choice for choice in Channel.choices if choice[0] in open_channels],
        "channel": (typed or {}).get("channel", job.channel),
        "units": tenancy.units_of(organisation=visit.organisation.id),
        "unit": (typed or {}).get("unit", job.unit_code),
        "mapped": [(LABELS[field](), job.header[index]) for field, index in job.columns.items() if index < len(job.header)],
        "summary": imports.summary(job) if job.n_rejected and job.state in {ImportState.CHECKED, ImportState.DONE} else None,
        "may_look": visit.seat.may("originals:read"),
        "may_undo": job.state == ImportState.DONE,
    }
    return render(request, "import/one.html", context, status=status)


def _cells(job: ImportJob) -> list[list[str]]:
    """The first values of each column."""
    rows = imports.preview(job)
    return [[row[i] for row in rows if i < len(row) and row[i].strip()][:3] for i in range(len(job.header))]


@require_POST
@needs("imports:write")
def step(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The next step: map (dry run), begin, undo; refused, the page comes back with what was chosen."""
    job = job_of(visit, key)
    typed = {name: str(value) for name, value in request.POST.items()}
    version = int(typed["version"]) if typed.get("version", "").isdecimal() else -1
    who: dict[str, Any] = {"version": version, "organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    try:
        if typed.get("do") == "begin":
            imports.begin(job.id, **who)
        elif typed.get("do") == "undo":
            imports.undo(job.id, **who)
        else:
            imports.map_columns(
                job.id, _columns(typed, job), channel=typed.get("channel", ""), unit=typed.get("unit", ""), **who
            )
    except DomainError as error:
        status = 412 if error.code == "stale_version" else 400
        return _page(request, visit, job_of(visit, key), typed=typed, said=str(error.message), status=status)
    return redirect("import", key=key)


def _columns(typed: dict[str, str], job: ImportJob) -> dict[str, int]:
    """Field → column as the form says. Raises ImportError_ when two columns claim one field."""
    found: dict[str, int] = {}
    for index in range(len(job.header)):
        field = typed.get(f"column-{index}", "")
        if field and field in found:
            raise imports.ImportError_(_("两列都对应了“%(field)s”") % {"field": LABELS[field]()}, code="field_twice", field="columns")
        if field in LABELS:
            found[field] = index
    return found


@needs("imports:write")
def rejected(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The records that were not taken, personal data written over, as a file that is safe to open.

    POST with a reason gives them as they came to who may see originals; the audit keeps who took them and why.
    """
    job, is_whole = job_of(visit, key), request.method == "POST"
    organisation = visit.organisation.id
    if is_whole:
        if not visit.seat.may("originals:read"):
            raise PermissionDenied
        try:
            originals.rejected(job, request.POST.get("reason", "").replace("\x00", ""), now=visit.now, actor=visit.actor)
        except DomainError as error:
            return _page(request, visit, job, said=str(error.message), status=400)

    def lines() -> Any:
        # the answer streams after the page's own scope has closed
        with organisation_scope(organisation):
            yield from imports.rejected_csv(job, is_whole=is_whole)

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="rejected-{str(job.id)[:8]}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]  # a streaming answer is a response in everything but its type
