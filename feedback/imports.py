"""File imports: upload, map the columns, a dry run over every record, the import itself, and undo within seven days.

The file is cut into parts of two thousand records when it comes; a part is the unit of work of dry run, import and
undo, each in its own transaction with the counts, so a stopped run goes on where it was and counts nothing twice.
Followers: `import.continued` → `step`.
"""

import csv
import hashlib
import io
import json
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib import failpoints
from cxms.lib.errors import DomainError
from feedback import intake, masking, normalise, voices
from feedback.channels import sheet
from feedback.channels.sheet import Reading
from feedback.enums import ImportState
from feedback.intake import Source
from feedback.models import Feedback, ImportJob, ImportPart, ImportReject
from feedback.shapes import RawVoice, ShapeError
from ledger.facts import record
from tenancy import queries
from tenancy.models import Unit

PART = 2000
MAX_BYTES = 100 * 1024 * 1024
MAX_ROWS = 1_000_000
UNDO_DAYS = 7
RUNS = {ImportState.CHECKING: ImportState.CHECKED, ImportState.IMPORTING: ImportState.DONE, ImportState.UNDOING: ImportState.UNDONE}


class ImportError_(DomainError):
    """The import cannot go on as asked."""


class StaleImport(ImportError_):
    """Somebody else moved the import since it was read."""

    code = "stale_version"


def upload(body: bytes, name: str, *, organisation: int, now: datetime, actor: str) -> ImportJob:
    """Keeps a file in parts and guesses its columns. Raises SheetError or ImportError_; nothing is kept then."""
    if len(body) > MAX_BYTES:
        raise ImportError_(_("文件超过 100 MB"), code="too_large", field="file")
    try:
        found = sheet.open_sheet(body, name)
    except sheet.SheetError as error:
        raise ImportError_(_trouble(error.code), code=error.code, field="file") from error
    job = ImportJob.objects.create(
        organisation_id=organisation,
        file_name=name[:200],
        n_bytes=len(body),
        sha256=hashlib.sha256(body).digest(),
        kind=found.kind,
        encoding=found.encoding,
        header=found.header,
        columns=sheet.guess(found.header),
        created_at=now,
        created_by=actor[:120],
    )
    n = 0
    try:
        for number, batch in enumerate(sheet.batches(found.records, PART)):
            packed = zlib.compress(json.dumps(batch, ensure_ascii=False).encode(), 1)
            ImportPart.objects.create(
                organisation_id=organisation, job=job, number=number, first_row=n + 2, n_rows=len(batch), body=packed
            )
            n += len(batch)
            if n > MAX_ROWS:
                raise ImportError_(_("超过 100 万行，请分成几个文件"), code="too_many_rows", field="file")
    except sheet.SheetError as error:
        raise ImportError_(_trouble(error.code), code=error.code, field="file") from error
    if n == 0:
        raise ImportError_(_("文件里只有表头，没有内容"), code="empty", field="file")
    job.n_rows = n
    job.save(update_fields=["n_rows"])
    return job


def _trouble(code: str) -> str:
    said = {
        "unknown_form": _("既不是 CSV 也不是 XLSX"),
        "unknown_encoding": _("文字编码既不是 UTF-8 也不是 GB18030，请另存为 CSV UTF-8"),
        "no_header": _("第一行应是列名"),
        "too_many_columns": _("列太多，最多 200 列"),
        "broken_csv": _("文件中途断开或引号不成对"),
        "broken_xlsx": _("打不开这个工作簿，可能已加密或损坏"),
    }
    return said.get(code, code)


def preview(job: ImportJob, n: int = 5) -> list[list[str]]:
    """The first records of the file, personal data written over."""
    part = ImportPart.objects.filter(organisation_id=job.organisation_id, job=job, number=0).first()
    return [covered_cells(job, cells) for cells in _records(part)[:n]] if part else []


def _records(part: ImportPart) -> list[list[str]]:
    found: list[list[str]] = json.loads(zlib.decompress(bytes(part.body)))
    return found


# ---- mapping and the dry run ----------------------------------------------------------------------------------------


def map_columns(
    job_id: uuid.UUID,
    columns: Mapping[str, int],
    *,
    channel: str,
    unit: str,
    version: int,
    organisation: int,
    now: datetime,
    actor: str,
) -> ImportJob:
    """Says which column is what and starts the dry run. Raises ImportError_, StaleImport."""
    job = _locked(job_id, organisation)
    _expect(job, version, ImportState.UPLOADED, ImportState.CHECKED)
    clean = {field: index for field, index in columns.items() if field in sheet.FIELDS and 0 <= index < len(job.header)}
    if "text" not in clean and not set(sheet.SCORES) & set(clean):
        raise ImportError_(_("至少对应“内容”或一种评分"), code="nothing_mapped", field="text")
    if len(set(clean.values())) != len(clean):
        raise ImportError_(_("同一列不能对应两项"), code="column_twice", field="columns")
    if channel not in intake.open_channels(organisation):
        raise ImportError_(_("请选一个渠道"), code="unknown_channel", field="channel")
    if unit and not Unit.objects.filter(organisation_id=organisation, code=unit).exists():
        raise ImportError_(_("请选一个单元"), code="unknown_unit", field="unit")
    job.columns, job.channel, job.unit_code = clean, channel, unit
    ImportReject.objects.filter(organisation_id=organisation, job=job).delete()
    return _start(job, ImportState.CHECKING, now=now, actor=actor)


def begin(job_id: uuid.UUID, *, version: int, organisation: int, now: datetime, actor: str) -> ImportJob:
    """Starts the import of what the dry run looked at. Raises ImportError_, StaleImport."""
    job = _locked(job_id, organisation)
    _expect(job, version, ImportState.CHECKED)
    if job.n_accepted == 0:
        raise ImportError_(_("没有一行可以导入，先改列的对应"), code="nothing_to_import", field="")
    ImportReject.objects.filter(organisation_id=organisation, job=job).delete()
    return _start(job, ImportState.IMPORTING, now=now, actor=actor)


def undo(job_id: uuid.UUID, *, version: int, organisation: int, now: datetime, actor: str) -> ImportJob:
    """Takes the imported voices out of lists and metrics again, within seven days. Raises ImportError_, StaleImport."""
    job = _locked(job_id, organisation)
    _expect(job, version, ImportState.DONE)
    if job.finished_at is None or now - job.finished_at > timedelta(days=UNDO_DAYS):
        raise ImportError_(_("导入超过 7 天，不能撤销"), code="too_late", field="")
    return _start(job, ImportState.UNDOING, now=now, actor=actor, keeps_counts=True)


def _locked(job_id: uuid.UUID, organisation: int) -> ImportJob:
    job = ImportJob.objects.select_for_update().filter(organisation_id=organisation, id=job_id).first()
    if job is None:
        raise ImportError_(_("找不到这次导入"), code="not_found")
    return job


def _expect(job: ImportJob, version: int, *states: str) -> None:
    if job.version != version or job.state not in states:
        raise StaleImport(_("这次导入刚有进展，请看过再操作"), field="version")


def _start(job: ImportJob, state: str, *, now: datetime, actor: str, keeps_counts: bool = False) -> ImportJob:
    job.state, job.n_seen = state, 0
    if not keeps_counts:
        job.n_accepted = job.n_duplicates = job.n_rejected = 0
    job.version += 1
    job.save()
    record(
        "import.continued", job.id, {"state": state, "part": 0}, organisation=job.organisation_id, now=now, actor=actor
    )
    return job


# ---- one part at a time ---------------------------------------------------------------------------------------------


def step(job_id: uuid.UUID, state: str, number: int, *, organisation: int, now: datetime) -> None:
    """Works one part of a run and asks for the next; a step of another run than the present one does nothing."""
    job = _locked(job_id, organisation)
    if job.state != state:
        return
    part = ImportPart.objects.filter(organisation_id=organisation, job=job, number=number).first()
    if part is None:
        job.state, job.version = RUNS[ImportState(state)], job.version + 1
        if state == ImportState.IMPORTING:
            job.finished_at = now
        if state == ImportState.UNDOING:
            job.undone_at = now
        job.save()
        record("import.finished", job.id, {"state": job.state}, organisation=organisation, now=now, actor=job.created_by)
        return
    if state == ImportState.UNDOING:
        _take_back(job, part, organisation, now)
    else:
        _take(job, part, organisation, now, is_dry=state == ImportState.CHECKING)
    job.n_seen += part.n_rows
    job.save()
    failpoints.reach("imports.before_commit")
    data = {"state": state, "part": number + 1}
    record("import.continued", job.id, data, organisation=organisation, now=now, actor=job.created_by)


def _take(job: ImportJob, part: ImportPart, organisation: int, now: datetime, *, is_dry: bool) -> None:
    """Receives the good records of a part (a dry run only looks), keeps the bad ones with their reason."""
    good: list[RawVoice] = []
    bad: list[ImportReject] = []
    records = _records(part)
    reading = _reading(job, organisation)
    channels = intake.open_channels(organisation)
    for index, cells in enumerate(records):
        row = part.first_row + index
        try:
            found = sheet.payload(cells, reading, fallback_id=f"import:{job.id}:{row}")
            good.append(normalise.voice(found, channels=channels, now=now, row=row))
        except ShapeError as error:
            bad.append(_reject(job, row, cells, error.code, str(error.field), str(error.message)))
    if is_dry:
        receipts = intake.look(good, organisation=organisation)
    else:
        source = Source(bytes(part.body), "application/x-cxms-part", f"import:{job.id}")
        receipts = intake.receive(good, organisation=organisation, source=source, now=now) if good else []
        first = next((receipt.id for receipt in receipts if receipt.status == "accepted"), None)
        if first is not None:
            part.raw_id = Feedback.objects.values_list("raw_id", flat=True).get(organisation_id=organisation, id=first)
            part.save(update_fields=["raw_id"])
    for voice, receipt in zip(good, receipts, strict=True):
        if receipt.status == "rejected":
            cells = records[voice.row - part.first_row]
            bad.append(_reject(job, voice.row, cells, receipt.code, receipt.field, receipt.detail))
    ImportReject.objects.bulk_create(bad)
    job.n_rejected += len(bad)
    job.n_accepted += sum(receipt.status == "accepted" for receipt in receipts)
    job.n_duplicates += sum(receipt.status == "duplicate" for receipt in receipts)


def _reading(job: ImportJob, organisation: int) -> Reading:
    names = dict(Unit.objects.filter(organisation_id=organisation, retired_at__isnull=True).values_list("name", "code"))
    zone = queries.zone(queries.organisation(organisation).timezone)
    return Reading(columns=job.columns, channel=job.channel, zone=zone, unit=job.unit_code, names=names)


def _reject(job: ImportJob, row: int, cells: list[str], code: str, field: str, detail: str) -> ImportReject:
    return ImportReject(
        organisation_id=job.organisation_id, job=job, row=row, cells=cells, code=code[:40], field=field[:40], detail=detail[:200]
    )


def _take_back(job: ImportJob, part: ImportPart, organisation: int, now: datetime) -> None:
    """Deletes the voices of one part, each as if a person had: no list, search or metric has them, and webhooks are told."""
    if part.raw_id is None:
        return
    rows = Feedback.objects.filter(organisation_id=organisation, raw_id=part.raw_id, deleted_at__isnull=True)
    ids = list(rows.values_list("id", flat=True))
    voices.delete_each(ids, organisation=organisation, now=now, actor=job.created_by)


# ---- what was not taken ---------------------------------------------------------------------------------------------

CODES = {
    "wrong_type": lambda: _("格式不对"),
    "empty": lambda: _("没有内容也没有评分"),
    "unknown_unit": lambda: _("没有这个单元"),
    "unknown_staff": lambda: _("没有这个工号"),
    "unknown_touchpoint": lambda: _("没有这个触点"),
    "unknown_channel": lambda: _("没有这个渠道"),
    "out_of_range": lambda: _("超出范围"),
    "not_whole": lambda: _("应是整数"),
    "bad_instant": lambda: _("日期认不出"),
    "bad_code": lambda: _("代码含有不允许的字符"),
    "bad_phone": lambda: _("不是电话号码"),
    "bad_email": lambda: _("不是邮箱"),
    "too_long": lambda: _("太长"),
}


def reason(code: str) -> str:
    """A refusal in the reader's words."""
    return CODES[code]() if code in CODES else code


def covered_cells(job: ImportJob, cells: Sequence[str]) -> list[str]:
    """A record with personal data written over, by what stands in a cell and by what its column is called or mapped to."""
    names = dict(enumerate(job.header)) | {at: field.replace(".", "") for field, at in job.columns.items() if field.startswith("customer.")}
    return [str(masking.covered_fields(cell, names.get(at, ""))) for at, cell in enumerate(cells)]


def rejected_csv(job: ImportJob, *, is_whole: bool) -> Iterator[str]:
    """The refused records as CSV with row and reason in front; safe to open in a spreadsheet. Begins with the mark that
    Excel needs to see UTF-8. is_whole: as they came, after `originals.rejected`; else personal data is written over."""
    line = io.StringIO()
    writer = csv.writer(line)
    yield "\ufeff"
    writer.writerow([_("行"), _("列"), _("原因"), *map(sheet.safe, job.header)])
    rows = ImportReject.objects.filter(organisation_id=job.organisation_id, job=job).order_by("row")
    for reject in rows.iterator(chunk_size=2000):
        cells = reject.cells if is_whole else covered_cells(job, reject.cells)
        writer.writerow([reject.row, reject.field, reason(reject.code), *map(sheet.safe, cells)])
        if line.tell() > 64_000:
            yield line.getvalue()
            line.seek(0)
            line.truncate()
    yield line.getvalue()


def summary(job: ImportJob) -> dict[str, Any]:
    """Why records were refused: reason and field with counts, the commonest first, and the first twenty: row, reason, covered cells."""
    rows = ImportReject.objects.filter(organisation_id=job.organisation_id, job=job)
    counted: dict[tuple[str, str], int] = {}
    for code, field in rows.values_list("code", "field"):
        counted[code, field] = counted.get((code, field), 0) + 1
    reasons = sorted(((n, reason(code), field) for (code, field), n in counted.items()), reverse=True)
    return {"reasons": reasons, "first": [(row.row, reason(row.code), covered_cells(job, row.cells)) for row in rows.order_by("row")[:20]]}
