"""Units and staff from a file or a paste: read, dry run, then all of it or nothing. The list travels in the form.

Used by the settings and by the first-run wizard; larger lists go through `manage.py import_units`.
"""

import csv
import io
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from complaints import leaving
from customers import exposures
from cxms.lib.errors import DomainError
from feedback.channels import sheet
from feedback.shapes import ShapeError
from tenancy import group_import, staff_import, tables, unit_import
from tenancy.tables import Plan
from web.door import Visit

MAX_BYTES = 2 * 1024 * 1024
SHOWN = 200
KINDS: dict[str, Any] = {"units": unit_import, "staff": staff_import, "exposures": exposures, "hierarchies": group_import, "leaving": leaving}
ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "gb18030": "GB18030", "utf-16": "UTF-16"}


@dataclass(frozen=True)
class Upload:
    """An import as its page shows it. `done`: what was written, in words."""

    kind: str
    text: str = ""
    encoding: str = ""
    plan: Plan | None = None
    said: str = ""
    done: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def may_go_in(self) -> bool:
        """True when the dry run found nothing wrong and something to do."""
        return self.plan is not None and not self.plan.wrong and bool(self.plan.n("add") + self.plan.n("change"))

    @property
    def lines(self) -> list[tables.Line]:
        """What the preview shows: wrong rows first, then the others, as many as a person reads."""
        if self.plan is None:
            return []
        rank = {"wrong": 0, "change": 1, "add": 2, "same": 3}
        return sorted(self.plan.lines, key=lambda line: (rank[line.outcome], line.number))[:SHOWN]

    @property
    def n_hidden(self) -> int:
        """How many rows the preview leaves out."""
        return max(0, len(self.plan.lines) - SHOWN) if self.plan else 0

    @property
    def columns(self) -> list[str]:
        """The columns of the list, as the template file calls them."""
        return list(KINDS[self.kind].COLUMNS)

    @property
    def status(self) -> int:
        """400 when it cannot go in as it is."""
        return 400 if self.said else 200


def take(request: HttpRequest, visit: Visit, kind: str) -> Upload:
    """Reads what the form brought; `do=import` writes it when the dry run is clean."""
    if request.method != "POST":
        return Upload(kind)
    try:
        text, encoding = _text(request)
        found = Upload(kind, text, encoding)
        module = KINDS[kind]
        rows = tables.read(text, module.COLUMNS, module.NEEDED)
        plan = module.plan(rows, organisation=visit.organisation.id)
    except DomainError as error:
        return Upload(kind, request.POST.get("text", ""), said=str(error.message))
    found = replace(found, plan=plan)
    if request.POST.get("do") != "import" or request.FILES.get("file"):
        return found
    if plan.wrong:
        return replace(found, said=_("还有错的行，一行也没有写入；改好再导入。"))
    try:
        with transaction.atomic():
            module.carry_out(plan, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        return replace(found, said=str(error.message))
    return replace(found, done=_done(kind, plan))


def _text(request: HttpRequest) -> tuple[str, str]:
    upload = request.FILES.get("file")
    if upload is None:
        text = request.POST.get("text", "")
        if not text.strip():
            raise tables.TableError(_("选一个文件，或把表格粘贴进来"), code="empty", field="file")
        return text, ""
    if (upload.size or 0) > MAX_BYTES:
        raise tables.TableError(_("文件最大 2 MB；更大的请用命令行导入"), code="too_large", field="file")
    body = upload.read()
    if body.startswith(b"PK\x03\x04"):
        return _from_workbook(body, upload.name or ""), "XLSX"
    text, encoding = tables.decode(body)
    return text, ENCODINGS[encoding]


def _from_workbook(body: bytes, name: str) -> str:
    """The first sheet as the text of a list: it travels in the form like any other."""
    made = io.StringIO()
    writer = csv.writer(made)
    try:
        found = sheet.open_sheet(body, name)
        writer.writerow(found.header)
        for number, cells in enumerate(found.records, start=1):
            writer.writerow(cells)
            if number > tables.MAX_ROWS:
                break
    except ShapeError as error:
        raise tables.TableError(_("这个表格文件读不了，请另存为 CSV 再传"), field="file") from error
    return made.getvalue()


def _done(kind: str, plan: Plan) -> str:
    if kind == "exposures":
        return _("写入 %(n)d 行业务量；不对的话，可以整批撤回。") % {"n": plan.n("add") + plan.n("change")}
    if kind == "leaving":
        return _("写入 %(n)d 条流失记录，其余不变。") % {"n": plan.n("add") + plan.n("change")}
    if kind == "hierarchies":
        return _("写入 %(n)d 行归组，其余不变。") % {"n": plan.n("add") + plan.n("change")}
    if kind == "units":
        added = ngettext("新增 %(n)d 个单元", "新增 %(n)d 个单元", plan.n("add")) % {"n": plan.n("add")}
    else:
        added = ngettext("新增 %(n)d 名员工", "新增 %(n)d 名员工", plan.n("add")) % {"n": plan.n("add")}
    return _("%(added)s，改动 %(changed)d 行，其余不变。") % {"added": added, "changed": plan.n("change")}


def template(kind: str, rows: list[list[Any]]) -> HttpResponse:
    """A CSV to fill in or to edit, with the mark that makes Excel read it as UTF-8."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(KINDS[kind].COLUMNS)
    writer.writerows([[_safe(cell) for cell in row] for row in rows])
    answer = HttpResponse("\ufeff" + made.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
    return answer


def _safe(cell: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(cell)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
