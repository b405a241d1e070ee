"""Rows to take away: CSV that opens rightly in Excel and WPS, and XLSX with numbers as numbers. The same rows either way."""

import csv
import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone, translation
from xlsxwriter.worksheet import Worksheet

from tenancy.scope import organisation_scope

KINDS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table(kind: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, name: str, title: str = "") -> HttpResponse:
    """A download of rows: `kind` "csv" (UTF-8 with BOM) or "xlsx". Floats keep every bit; instants are local, days ISO."""
    body, mime = (_csv(columns, rows), "text/csv; charset=utf-8") if kind == "csv" else (_xlsx(columns, rows, title or name), XLSX)
    answer = HttpResponse(body, content_type=mime)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def streamed(columns: Sequence[str], batches: Iterator[Sequence[Sequence[Any]]], *, organisation: int, name: str) -> HttpResponse:
    """The same CSV, batch by batch, for lists without an end: each batch is read when the one before has left.

    batches: reads the next batch behind the wall; the answer leaves after the page's own scope, zone and language are gone.
    """
    at, language = timezone.get_current_timezone(), translation.get_language()

    def read(make: Callable[[], bytes]) -> bytes:
        with organisation_scope(organisation), timezone.override(at), translation.override(language):
            return make()

    def lines() -> Iterator[bytes]:
        yield _csv(columns, [])
        while (body := read(lambda: b"".join(_lines(rows) for rows in itertools.islice(batches, 1)))) != b"":
            yield body

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer  # type: ignore[return-value]  # a streaming answer is a response in everything but its type


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    return "\ufeff".encode() + _lines([columns]) + _lines(rows)


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_text(value) for value in row])
    return out.getvalue().encode()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else safe(str(value))


class _Exact(Worksheet):  # type: ignore[misc]
    """A sheet whose numbers keep every bit: the library writes sixteen digits, a double needs seventeen."""

    def _xml_number_element(self, number: float, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        marks = "".join(f' {name}="{value}"' for name, value in attributes)
        self.fh.write(f"<c{marks}><v>{number!r}</v></c>")


def _xlsx(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str) -> bytes:
    out = io.BytesIO()
    # no cell is a formula or a link by how it looks; a float is written with all its digits
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    sheet = book.add_worksheet(_sheet_name(title), _Exact)
    head = book.add_format({"bold": True})
    for at, name in enumerate(columns):
        sheet.write_string(0, at, name, head)
    for line, row in enumerate(rows, start=1):
        for at, value in enumerate(row):
            if isinstance(value, bool):
                sheet.write_boolean(line, at, value)
            elif isinstance(value, int | float):
                sheet.write_number(line, at, value)
            elif value is not None:
                sheet.write_string(line, at, _text(value) if isinstance(value, date) else str(value))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(len(columns) - 1, 0), 14)
    book.close()
    return out.getvalue()


def _sheet_name(title: str) -> str:
    return "".join(char for char in title if char not in "[]:*?/\\'")[:31].strip() or "data"
