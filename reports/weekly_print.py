"""The weekly report on paper: HTML of a frozen content, and its PDF. No network: only our own style sheets and font."""

import math
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from cxms.lib.errors import DomainError
from reports.models import WeeklyPrint, WeeklyReport
from reports.weekly_words import Sheet, sheet
from tenancy import queries

STATIC = Path(settings.BASE_DIR) / "static"
SHEETS = ("tokens.css", "components.css", "report.css")
# On paper a plain block, its foot in the page's margin: set as a flex column it takes twice the time.
PAPER = (
    "@page { size: A4; margin: 0 } * { box-sizing: border-box } body { margin: 0; background: #fff }"
    " .sheet { display: block !important; min-height: 0 !important; padding-bottom: 0 !important; } .foot { position: fixed; left: 14mm; }"
)
# room for the foot: its width and its lines, in pixels
FOOT_WIDTH, FOOT_LINE, FOOT_MARGIN, WIDE, NARROW = 687, 18, 34, 12.0, 7.0
CLOSER = (
    ".sheet { padding: 8mm 14mm 0 !important; } .sheet td { padding: 2px 0 !important; } .cause { padding: 5px 0 !important; }"
    " .row1, .row2, .row3 { padding: 8px 0 !important; }",
    ".sheet { padding: 6mm 14mm 0 !important; font-size: 11px !important; line-height: 15px !important; }"
    " .sheet td { padding: 1px 0 !important; } .cause { padding: 3px 0 !important; } .row1, .row2, .row3 { padding: 6px 0 !important; }"
    " .sheet .headline { font-size: 18px; line-height: 24px; margin: 8px 0; } .foot { font-size: 10px; line-height: 13px; }",
)


class NoPrinter(DomainError):
    """This machine cannot set type: pango is missing."""

    code = "no_printer"


@cache
def _press() -> Any:
    """WeasyPrint, loaded by who prints first: it takes a second, which nobody else should wait. None without pango."""
    try:
        return import_module("weasyprint")
    except OSError:  # everything but paper works
        return None


@dataclass(frozen=True)
class _Type:
    """Style sheets read once for all that is printed here, and the fonts they name."""

    fonts: Any
    sheets: tuple[Any, ...]
    closer: tuple[Any, ...]


@cache
def _type() -> _Type:
    press, fonts = _press(), import_module("weasyprint.text.fonts").FontConfiguration()
    read = {"base_url": f"file://{STATIC}/css/", "url_fetcher": fetch, "font_config": fonts}
    sheets = [press.CSS(string=(STATIC / "css" / name).read_text(encoding="utf-8"), **read) for name in SHEETS]
    return _Type(fonts, (*sheets, press.CSS(string=PAPER)), tuple(press.CSS(string=closer) for closer in CLOSER))


def can_print() -> bool:
    """Whether reports can be printed here."""
    return _press() is not None


def address(key: uuid.UUID) -> str:
    """Where the report stands on the web."""
    try:
        return f"{settings.SITE_URL}{reverse('report', args=[key])}"
    except NoReverseMatch:
        return str(settings.SITE_URL)


def sheet_of(report: WeeklyReport, *, timezone: str = "", reader: str = "") -> Sheet:
    """The sheet as issued, in the active language; instants in the organisation's zone."""
    name = timezone or queries.organisation(report.organisation_id).timezone
    return sheet(report.content, issued_at=report.issued_at, zone=queries.zone(name), reader=reader)


def fetch(url: str, *_args: object, **_options: object) -> Any:
    """Our own static files and nothing else. Raises URLFetchingError."""
    urls = import_module("weasyprint.urls")
    parts = urlsplit(url)
    path = Path(unquote(parts.path)).resolve()
    if parts.scheme != "file" or not path.is_relative_to(STATIC.resolve()) or not path.is_file():
        raise urls.URLFetchingError(f"refused: {url[:200]}")
    kind = "text/css" if path.suffix == ".css" else "font/woff2"
    return urls.URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})


def printed(report: WeeklyReport, language: str, *, organisation: int, now: datetime) -> bytes:
    """The report as PDF in a language; printed once, then kept as it was."""
    kept = WeeklyPrint.objects.filter(organisation_id=organisation, report=report, language=language).first()
    if kept is not None:
        return bytes(kept.body)
    with override(language):
        found = sheet_of(report)
        html = render_to_string("report/print.html", {"sheet": found, "address": address(report.id)})
        foot = found.foot + _("完整定义与明细见网页版，权限不变：") + address(report.id)
    body = pdf(html, foot)
    WeeklyPrint.objects.bulk_create(
        [WeeklyPrint(organisation_id=organisation, report=report, language=language, body=body, printed_at=now)],
        ignore_conflicts=True,
    )
    return body


def pdf(html: str, foot: str = "") -> bytes:
    """PDF bytes of a page in the styles of the report; what would run over one A4 is set closer.

    foot: the words at its foot, for which room is kept. Raises NoPrinter.
    """
    if not can_print():
        raise NoPrinter(_("这台服务器没有安装 pango，不能排版 PDF；网页版照常可看"))
    type_ = _type()
    document = _press().HTML(string=html, base_url=f"file://{STATIC}/", url_fetcher=fetch)
    room = room_for(foot)
    kept = _press().CSS(string=f"@page {{ margin-bottom: {room}px }} .foot {{ bottom: {FOOT_MARGIN - room}px }}")
    rendered = document.render(stylesheets=[*type_.sheets, kept], font_config=type_.fonts)
    for closer in type_.closer:
        if len(rendered.pages) == 1:
            break
        rendered = document.render(stylesheets=[*type_.sheets, closer, kept], font_config=type_.fonts)
    return bytes(rendered.write_pdf())


def room_for(foot: str) -> int:
    """Height in pixels that the foot takes with the margin below it, at the most."""
    width = sum(WIDE if ord(letter) > 0x2E80 else NARROW for letter in foot)
    return FOOT_MARGIN + 10 + FOOT_LINE * math.ceil(width / (FOOT_WIDTH - 4 * WIDE))
