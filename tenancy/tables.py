"""Reading a list that people bring: CSV or a paste from a spreadsheet, in the encoding it happens to have. Pure.

Columns are known by their English name or by what they are called in Chinese; values are trimmed.
"""

import codecs
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import is_storable

MAX_ROWS = 20_000
DELIMITERS = "\t,;，"
Rows = list[tuple[int, dict[str, str]]]
Columns = Mapping[str, tuple[str, ...]]


class TableError(DomainError):
    """The list cannot be read at all."""

    code = "unreadable"


@dataclass(frozen=True)
class Line:
    """What would become of one row. outcome: add, change, same, wrong; `number` is the line in the file."""

    number: int
    values: Mapping[str, str]
    outcome: str
    said: str = ""
    code: str = ""


@dataclass(frozen=True)
class Plan:
    """A dry run: every row with its outcome, and whatever its maker needs to carry it out."""

    lines: tuple[Line, ...]

    def n(self, outcome: str) -> int:
        """How many rows have this outcome."""
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def wrong(self) -> tuple[Line, ...]:
        """The rows that cannot go in."""
        return tuple(line for line in self.lines if line.outcome == "wrong")

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome."""
        return {outcome: self.n(outcome) for outcome in ("add", "change", "same", "wrong")}


def decode(body: bytes) -> tuple[str, str]:
    """(text, encoding): by its mark, else UTF-8, else GB18030 as Excel in China saves. Raises TableError."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        order: tuple[str, ...] = ("utf-16",)
    elif body.startswith(codecs.BOM_UTF8):
        order = ("utf-8-sig",)
    else:
        order = ("utf-8", "gb18030")
    for encoding in order:
        try:
            return body.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise TableError(_("认不出这个文件的编码；请在表格软件里另存为 CSV UTF-8 再传"), field="file")


def read(text: str, columns: Columns, needed: tuple[str, ...]) -> Rows:
    """(line number, {column: value}) of each row that holds anything. Raises TableError without the needed columns."""
    text = text.removeprefix("\ufeff").replace("\x00", "")
    head = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    found: Rows = []
    names: list[str] = []
    try:
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = _names(cells, columns, needed)
                continue
            values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
            found.append((lines.line_num, {column: values.get(column, "") for column in columns}))
            if len(found) > MAX_ROWS:
                raise TableError(_("一次最多 %(most)d 行") % {"most": MAX_ROWS}, code="too_many", field="file")
    except csv.Error as error:
        raise TableError(_("第 %(line)d 行读不下去：引号没有成对") % {"line": lines.line_num}, field="file") from error
    if not names:
        raise TableError(_("里面没有内容"), code="empty", field="file")
    return found


def _names(cells: list[str], columns: Columns, needed: tuple[str, ...]) -> list[str]:
    known = {_bare(alias): column for column, aliases in columns.items() for alias in (column, *aliases)}
    names = [known.get(_bare(cell), "") for cell in cells]
    missing = [column for column in needed if column not in names]
    if missing:
        message = _("第一行应是列名，缺少：%(columns)s") % {"columns": ", ".join(missing)}
        raise TableError(message, code="no_header", field="file")
    return names


def _bare(name: str) -> str:
    return re.sub(r"[\s_*（）()-]", "", name).lower()


def wrong(number: int, values: Mapping[str, str], said: str, code: str) -> Line:
    """A row that cannot go in, with the reason."""
    return Line(number, values, "wrong", said, code)


def storable(values: Mapping[str, Any]) -> bool:
    """True when PostgreSQL can hold every value."""
    return all(is_storable(str(value)) for value in values.values())
