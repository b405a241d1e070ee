"""Our template vocabulary: icons, the promise clock, numbers with their margin, local times, masked people."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from complaints.offers import Option
from complaints.queries import ClockView
from cxms.lib import clock, text
from feedback import masking
from improvement.enums import State
from web import clock_face, segments, timeline, words

register = template.Library()
ICONS = "tabler-icons-3.51.0/outline"
NO_BREAK = "\u00a0"
LATIN = {"，": ", ", "：": ": ", "；": "; ", "。": ". ", "、": ", ", "（": " (", "）": ")"}


@lru_cache(maxsize=256)
def _paths(name: str) -> str:
    """The drawing inside an icon's file, once read for the life of the process."""
    folder = Path(settings.BASE_DIR) / "static" / "vendor" / ICONS
    source = (folder / f"{name}.svg").read_text(encoding="utf-8")
    return source.split(">", 1)[1].rsplit("</svg>", 1)[0].strip().replace("\n", "")


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """An outline icon drawn in place; `size` "s" for 15 px. Always beside a word or inside a labelled control."""
    head = '<svg class="i {}" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" '
    head += 'stroke-width="1.6" aria-hidden="true">{}</svg>'
    return format_html(head, size, mark_safe(_paths(name)))


@register.simple_tag
def mark(sign: str) -> str:
    """A sign between two pieces of a line, "，" or "：", as the active language writes it."""
    return sign if (get_language() or "").startswith("zh") else LATIN[sign]


@register.inclusion_tag("_shared/clock.html")
def promise_clock(view: ClockView, size: str = "md", exact: bool = False) -> Mapping[str, Any]:
    """The promise clock of a `ClockView`: sm 20, md 36, lg 52, xl 184 pixels."""
    return {"face": clock_face.face(view, size=size, now=clock.now()), "exact": exact or size in {"lg", "xl"}}


@register.inclusion_tag("_shared/segments.html", takes_context=True)
def segment_bar(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The saved segments of a page of figures as chips, and what stands in its filters to be saved."""
    request = context["request"]
    return {**segments.bar(request), "csrf_token": context.get("csrf_token")}


@register.simple_tag
def clock_words() -> dict[str, str]:
    """The words clock.js needs to say a running time; `#` stands for the number."""
    return {
        "left": _("剩 %(span)s") % {"span": "#"},
        "over": _("超 %(span)s") % {"span": "#"},
        "s": _("%(n)d 秒").replace("%(n)d", "#"),
        "m": _("%(n)d 分").replace("%(n)d", "#"),
        "h": _("%(n)d 小时").replace("%(n)d", "#"),
        "hm": _("%(h)d 小时 %(m)d 分").replace("%(h)d", "#").replace("%(m)d", "##"),
        "dh": _("%(d)d 天 %(h)d 小时").replace("%(d)d", "#").replace("%(h)d", "##"),
    }


@register.simple_tag
def now_ms() -> int:
    """The server's clock in milliseconds, by which the browser corrects its own."""
    return round(clock.now().timestamp() * 1000)


@register.filter
def number(value: float | int | None, places: int = 0) -> str:
    """A number with thousands commas and a real minus; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,.{places}f}".replace("-", "−")


@register.filter
def signed(value: float | int | None, places: int = 0) -> str:
    """A number that always carries its sign: +42, −4.3, 0."""
    if value is None:
        return "–"
    return ("+" if round(value, places) > 0 else "") + number(value, places)


@register.filter
def give_or_take(value: float | int | None, places: int = 0) -> str:
    """A margin after its value: ± 2.9, joined with no-break spaces."""
    return "" if value is None else f"±{NO_BREAK}{number(value, places)}"


@register.filter
def unit_of(value: object, word: str) -> str:
    """A value and its measure word that never part: 3 宗."""
    return f"{value}{NO_BREAK}{word}"


@register.filter
def hour(value: datetime | None) -> str:
    """The local time of day, 09:42."""
    return timezone.localtime(value).strftime("%H:%M") if value else "–"


@register.filter
def when(value: datetime | None) -> str:
    """A local instant as short as it is clear: 09:42 today, 11-20 21:14 this year, 2025-01-19 before."""
    if value is None:
        return "–"
    local, today = timezone.localtime(value), timezone.localtime(clock.now())
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M") if local.year == today.year else local.strftime("%Y-%m-%d")


@register.filter
def moment(text: str) -> datetime | None:
    """An instant that a document keeps as text."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


@register.filter
def worth(option: Option, currency: str) -> str:
    """What an option costs, in its own currency or the house's."""
    return timeline.money(str(option.amount or 0), option.currency or currency)


@register.filter
def local_day(value: date | None) -> str:
    """A day as it is said: 11 月 30 日, 30 November."""
    return date_format(value, "MONTH_DAY_FORMAT") if value else ""


@register.filter
def file_key(key: str) -> str:
    """A file as a record cites it."""
    return f"file:{key}"


@register.filter
def day_title(value: datetime) -> str:
    """A day as a page's subtitle: 11 月 23 日 周一."""
    local = timezone.localtime(value)
    days = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
    names = {"month": local.month, "day": local.day, "week": days[local.weekday()]}
    return pgettext("日期", "%(month)d 月 %(day)d 日 %(week)s") % names


@register.filter
def span(seconds: float | None) -> str:
    """Seconds in words: 1 小时 19 分."""
    return "–" if seconds is None else words.span(seconds)


@register.filter
def minutes(value: int) -> str:
    """Minutes in words: 30 分, 4 小时."""
    return words.span(value * 60)


@register.filter
def mask_name(name: str | None) -> str:
    """A customer's name as staff see it: 陈**."""
    return text.mask_name(name or "") or _("未留名")


@register.filter
def masked(said: str | None) -> str:
    """What somebody wrote with personal data written over, where no analysis says what is personal."""
    return masking.hidden(said or "")


@register.filter
def noted(said: str | None) -> str:
    """What a colleague wrote, with personal data but names written over: he names his colleagues."""
    return masking.hidden(said or "", names=False)


@register.filter
def mask_phone(phone: str | None) -> str:
    """A phone number reduced to its ends."""
    return text.mask_phone(phone) if phone else ""


@register.filter
def initial(name: str | None) -> str:
    """The character a face shows."""
    return (name or "").strip()[:1].upper() or "?"


@register.filter
def move_word(kind: str) -> str:
    """A move's name."""
    return words.move(kind)


@register.filter
def action_state(state: str) -> str:
    """A state of an action in words."""
    return str(State(state).label) if state in State.values else state


@register.filter
def at(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """A value of a mapping by a key the template holds; nothing when absent."""
    return mapping.get(key) if mapping else None


@register.simple_tag
def promise_name(view: ClockView) -> str:
    """The clause's name without its clock."""
    return words.promise_of(view.clock, view.target_seconds)


@register.filter
def between(start: datetime, end: datetime) -> float:
    """Seconds from one instant to another."""
    return (end - start).total_seconds()
