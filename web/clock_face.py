"""The promise clock as it is drawn: state, ring, words and label of one `ClockView`. Pure but for the language.

One component everywhere (screens/SCREENS.md). The server draws the final face; `static/js/clock.js` only moves it on.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.enums import ClockState
from complaints.queries import ClockView
from web import words

RISK_SHARE = 0.25
LAST_SECONDS = 600
GLYPHS = {
    "run": "M20 13.5v7l4.5 2.6",
    "risk": "M20 12.5v9.5M20 27v.2",
    "broken": "M14.8 14.8l10.4 10.4M25.2 14.8l-10.4 10.4",
    "met": "M13.8 20.4l4.3 4.3 8.2-9",
    "paused": "M16.6 14.5v11M23.4 14.5v11",
    "wait": "M14.5 20h.2M20 20h.2M25.5 20h.2",
    "excused": "M14 26L26 14",
}


@dataclass(frozen=True)
class Face:
    """What the template draws. `ticks`: down (left), up (over) or "" for a face that stands still."""

    key: str
    state: str
    size: str
    time: str
    name: str
    label: str
    dash: str
    glyph: str
    has_notches: bool
    due: datetime | None
    ticks: str
    target_seconds: int

    @property
    def radius(self) -> int:
        """The ring's radius in its 40-unit box."""
        return 18 if self.size == "xl" else 16

    @property
    def notches(self) -> str:
        """The path of the marks at 50 % and 75 %."""
        return "M20 35v6M35 20h6" if self.size == "xl" else "M20 33v6M33 20h6"

    @property
    def is_disc(self) -> bool:
        """A broken promise is a filled disc, but not where words stand inside the ring."""
        return self.state == "broken" and self.size != "xl"


def face(view: ClockView, *, size: str, now: datetime) -> Face:
    """The face of a clock at `now`."""
    state = state_of(view)
    name = words.promise_of(view.clock, view.target_seconds, is_met=state == "met")
    time = time_words(view, state, size, now)
    return Face(
        key=str(view.clock.id),
        state=state,
        size="" if size == "md" else size,
        time=time,
        name=name,
        label=_label(name, state, time, view),
        dash=_dash(state, view.left_share),
        glyph="" if size == "xl" else GLYPHS[state],
        has_notches=state in {"run", "risk"} and size != "sm",
        due=view.due_at,
        ticks=_ticks(view, state, now),
        target_seconds=view.target_seconds,
    )


def standing(kind: str, target_seconds: int, size: str = "", promise: str = "") -> Face:
    """The face of a promise before anybody makes use of it: a whole ring with its time and its name."""
    name, time = promise or words.promise(kind, target_seconds), words.span(target_seconds)
    return Face(
        key=f"{kind}-{target_seconds}",
        state="run",
        size=size,
        time=time,
        name=name,
        label=_("，").join([name, time]),
        dash="100 200",
        glyph=GLYPHS["run"],
        has_notches=True,
        due=None,
        ticks="",
        target_seconds=target_seconds,
    )


def state_of(view: ClockView) -> str:
    """The seven drawn states from the clock's own."""
    if view.state == ClockState.RUNNING:
        return "risk" if view.left_share < RISK_SHARE else "run"
    return {
        ClockState.WAITING.value: "wait",
        ClockState.PAUSED.value: "paused",
        ClockState.MET.value: "met",
        ClockState.BREACHED.value: "broken",
    }.get(str(view.state), "excused")


def time_words(view: ClockView, state: str, size: str, now: datetime) -> str:
    """The time with its word: 剩, 超, 用时, 暂停."""
    left = max(0, view.target_seconds - view.elapsed_seconds)
    if state in {"run", "risk"}:
        exact = (size in {"lg", "xl"} or left < LAST_SECONDS) and left < words.DAY
        return _("剩 %(span)s") % {"span": words.digits(left) if exact else words.span(left, up=True)}
    if state == "broken":
        return _("超 %(span)s") % {"span": words.span(_late(view, now))}
    if state == "met":
        return _("用时 %(span)s") % {"span": words.span(view.elapsed_seconds)}
    if state == "paused":
        return _("暂停，余 %(span)s") % {"span": words.span(left, up=True)} if size in {"", "md"} else _("暂停")
    if state == "wait":
        return _("未开始")
    return _("已取消") if view.state == ClockState.CANCELLED else _("已免责")


def _late(view: ClockView, now: datetime) -> float:
    if view.late_seconds or view.is_stopped or view.due_at is None:
        return view.late_seconds
    return (now - view.due_at).total_seconds()


def _dash(state: str, left_share: float) -> str:
    if state in {"run", "risk"}:
        return f"{left_share * 100:.1f} 200"
    return "3 4" if state == "paused" else ""


def _ticks(view: ClockView, state: str, now: datetime) -> str:
    """Whether wall time alone moves this face on: not while held, nor across closed hours."""
    if view.due_at is None or view.is_stopped:
        return ""
    if state == "broken":
        return "up"
    left = view.target_seconds - view.elapsed_seconds
    if state in {"run", "risk"} and abs((view.due_at - now).total_seconds() - left) < 2:
        return "down"
    return ""


def _label(name: str, state: str, time: str, view: ClockView) -> str:
    said = {
        "run": _("进行中"),
        "risk": _("即将到期"),
        "broken": _("已失约"),
        "met": _("已守约"),
        "paused": _("暂停"),
        "wait": _("未开始"),
        "excused": _("已免责"),
    }[state]
    parts = [name, said] + ([time] if time != said else [])
    if view.due_at is not None and state in {"run", "risk", "broken"}:
        parts.append(_("%(time)s 到期") % {"time": timezone.localtime(view.due_at).strftime("%H:%M")})
    return _("，").join(parts)
