"""CSV and XLSX files: bytes → records of text, header → fields of a voice, record → payload. Pure, streaming.

Encodings are found out by strict decoding: UTF-8 (with or without its mark), UTF-16 with its mark, then GB18030, in
which Chinese Excel saves. A file that is none of these is refused; nothing is replaced silently.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from python_calamine import CalamineWorkbook

from feedback.shapes import ShapeError

FIELDS = (
    "text", "occurred_at", "nps", "csat", "ces", "stars", "channel", "external_id", "unit", "staff", "touchpoint",
    "customer.external_id", "customer.name", "customer.phone", "customer.email", "customer.tier",
)  # fmt: skip
SCORES = ("nps", "csat", "ces", "stars")
MAX_COLUMNS = 200
MAX_CELL = 40_000
# words that headers use, by field; compared without spaces, case and punctuation
WORDS: dict[str, tuple[str, ...]] = {
    "text": ("text", "comment", "content", "review", "feedback", "内容", "评价", "评论", "评价内容", "反馈", "反馈内容", "意见", "留言", "原话", "內容", "評價", "評論"),
    "occurred_at": ("occurredat", "time", "date", "datetime", "createdat", "时间", "日期", "评价时间", "反馈时间", "提交时间", "创建时间", "时刻", "時間", "日期時間"),
    "nps": ("nps", "推荐", "推荐意愿", "推荐分", "推荐度", "推薦意願"),
    "csat": ("csat", "满意度", "满意度评分", "满意", "滿意度"),
    "ces": ("ces", "费力度", "费力", "費力度"),
    "stars": ("stars", "rating", "score", "星级", "评分", "打分", "星級", "評分"),
    "channel": ("channel", "渠道", "来源", "來源"),
    "external_id": ("externalid", "id", "no", "编号", "单号", "序号", "评价编号", "編號"),
    "unit": ("unit", "store", "shop", "门店", "店铺", "门店编码", "门店名称", "门店代码", "单元", "門店"),
    "staff": ("staff", "employee", "employeeno", "工号", "员工", "员工工号", "員工"),
    "touchpoint": ("touchpoint", "触点", "环节", "觸點"),
    "customer.external_id": ("customerid", "customer", "memberid", "客户编号", "会员号", "会员编号", "客户id", "客戶編號"),
    "customer.name": ("customername", "name", "姓名", "客户姓名", "客户", "昵称", "姓名稱呼"),
    "customer.phone": ("phone", "mobile", "tel", "手机", "手机号", "电话", "联系电话", "手機"),
    "customer.email": ("email", "mail", "邮箱", "电子邮箱", "郵箱"),
    "customer.tier": ("tier", "level", "等级", "会员等级", "客户等级", "等級"),
}
_DATES = (
    re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})秒?)?分?)?\Z"),
)


class SheetError(ShapeError):
    """The file is not one we can read; nothing of it was taken."""


@dataclass(frozen=True)
class Sheet:
    """A file that could be read: how, its header, and its records as they stream by."""

    kind: str
    encoding: str
    header: list[str]
    records: Iterator[list[str]]


def open_sheet(body: bytes, name: str) -> Sheet:
    """The sheet in a file. Raises SheetError: unknown form or encoding, no header, too many columns."""
    if body[:4] == b"PK\x03\x04":
        return _xlsx(body)
    if body[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" or b"\x00" in body[:1000] and body[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise SheetError("neither CSV nor XLSX", code="unknown_form", field="file")
    encoding = find_encoding(body)
    text = io.TextIOWrapper(io.BytesIO(body), encoding=encoding, newline="")
    records = _csv(text, _delimiter(body, encoding))
    header = [cell.strip() for cell in next(records, [])]
    return Sheet("csv", encoding, _checked(header), records)


def find_encoding(body: bytes) -> str:
    """utf-8-sig, utf-16 or gb18030, whichever decodes the whole file. Raises SheetError."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = ("utf-8-sig", "gb18030")
    for encoding in candidates:
        try:
            body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise SheetError("neither UTF-8 nor GB18030", code="unknown_encoding", field="file")


def _delimiter(body: bytes, encoding: str) -> str:
    first = body[:20_000].decode(encoding, errors="ignore").split("\n", 1)[0]
    return max((",", "\t", ";"), key=first.count)


def _csv(text: Any, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CELL * 4)
    try:
        for record in csv.reader(text, delimiter=delimiter):
            if any(cell.strip() for cell in record):
                yield record
    except csv.Error as error:
        raise SheetError(f"the file breaks off: {error}", code="broken_csv", field="file") from error


def _xlsx(body: bytes) -> Sheet:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        rows = book.get_sheet_by_index(0).iter_rows()
        records = ([_cell(value) for value in row] for row in rows)
        kept = (record for record in records if any(cell.strip() for cell in record))
        header = [cell.strip() for cell in next(kept, [])]
    except Exception as error:  # the reader raises its own kinds for every way a workbook can be broken
        raise SheetError("not a workbook that can be read", code="broken_xlsx", field="file") from error
    return Sheet("xlsx", "", _checked(header), kept)


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None or value == "":
        return "" if value is None or value == "" else str(value)
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _checked(header: list[str]) -> list[str]:
    if not any(header):
        raise SheetError("the first row holds no names", code="no_header", field="file")
    if len(header) > MAX_COLUMNS:
        raise SheetError(f"more than {MAX_COLUMNS} columns", code="too_many_columns", field="file")
    return header


def batches(records: Iterator[list[str]], size: int) -> Iterator[list[list[str]]]:
    """The records in lists of `size`."""
    while batch := list(islice(records, size)):
        yield batch


# ---- columns --------------------------------------------------------------------------------------------------------


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def guess(header: Sequence[str]) -> dict[str, int]:
    """Field → column by the header's words; each column once, the first that fits."""
    found: dict[str, int] = {}
    folded = [_folded(name) for name in header]
    for field in FIELDS:
        for index, name in enumerate(folded):
            if index not in found.values() and name and (name in WORDS[field] or name == _folded(field)):
                found[field] = index
                break
    return found


@dataclass(frozen=True)
class Reading:
    """How a file's columns become voices. names: unit names → codes, so that a sheet may say 西溪店."""

    columns: Mapping[str, int]
    channel: str
    zone: ZoneInfo
    unit: str = ""
    names: Mapping[str, str] | None = None


def payload(record: Sequence[str], reading: Reading, *, fallback_id: str) -> dict[str, Any]:
    """The payload of `POST /feedback` in a record. Raises ShapeError naming the field."""

    def cell(field: str) -> str:
        index = reading.columns.get(field)
        return record[index].strip() if index is not None and index < len(record) else ""

    unit = cell("unit")
    found: dict[str, Any] = {
        "channel": cell("channel") or reading.channel,
        "text": cell("text"),
        "external_id": cell("external_id") or fallback_id,
        "unit": (reading.names or {}).get(unit, unit) or reading.unit or None,
        "staff": cell("staff") or None,
        "touchpoint": cell("touchpoint") or None,
    }
    if when := cell("occurred_at"):
        found["occurred_at"] = instant(when, reading.zone)
    scores = [{"kind": kind, "value": _number(value, kind)} for kind in SCORES if (value := cell(kind))]
    if scores:
        found["scores"] = scores
    customer = {name: value for name in ("external_id", "name", "phone", "email", "tier") if (value := cell(f"customer.{name}"))}
    if customer:
        found["customer"] = customer
    return found


def _number(text: str, kind: str) -> float:
    try:
        return float(text.rstrip("分星 "))
    except ValueError as error:
        raise ShapeError("not a number", code="wrong_type", field=kind) from error


def instant(text: str, zone: ZoneInfo) -> str:
    """An instant with offset from how people write it; without an offset it is local. Raises ShapeError."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).isoformat()
    except ValueError:
        pass
    for pattern in _DATES:
        match = pattern.match(text)
        if match:
            year, month, day, hour, minute, second = (int(part) if part else 0 for part in match.groups())
            try:
                return datetime.combine(date(year, month, day), time(hour, minute, second), tzinfo=zone).isoformat()
            except ValueError:
                break
    raise ShapeError("not a date", code="bad_instant", field="occurred_at")


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    first = cell.lstrip(" \t\r\n\ufeff\"'")[:1]
    return f"'{cell}" if first and first in "=+-@＝＋－＠" and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?", cell.strip()) is not None
