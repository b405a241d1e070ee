"""What every page's frame shows: navigation by capability, the engine's last sweep, unread notices, language, theme."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from alerts import queries as alert_queries
from complaints import desk
from complaints.queries import Filters
from cxms.lib import clock
from ledger import runner
from tenancy.enums import Role
from tenancy.members import Seat
from tenancy.models import Organisation
from web import live_tokens

SILENT_SECONDS = 15.0
THEMES = ("", "light", "dark")


@dataclass(frozen=True)
class Item:
    """One line of the navigation. `names`: the url names that count as being there."""

    name: str
    label: str
    icon: str
    capability: str
    names: tuple[str, ...] = ()
    badge: str = ""
    url: str = ""
    is_here: bool = False
    section: str = ""


def _items(seat: Seat) -> list[Item]:
    """Every page there is, in order, as this person calls it."""
    front = is_frontline(seat)
    home = [] if front else [Item("home", _("今日"), "sun", "home:read")]
    log = Item("log", _("登记"), "plus", "complaints:write", ("log-done",))
    mine = _("我的任务") if front else _("承诺台")
    work = Item("desk", mine, "clock-check", "complaints:read", ("case", "case-moves"), "broken")
    voices = Item(
        "feedback-list", _("门店之声") if front else _("客户之声"), "message-2", "feedback:read", ("feedback-one", "first", "points", "accuracy", "coding", "coding-board", "coding-result", "coding-settle")
    )
    people = Item("customers", _("客户"), "users", "customers:read", ("customer",))
    surveys = Item("surveys", _("问卷"), "clipboard-text", "surveys:read", ("survey", "survey-new", "survey-poster"))
    seen = _("看清")
    numbers = Item("nps", _("指标"), "chart-dots-3", "metrics:read", ("metric", "definition", "targets", "published", "perceived", "inspections", "inspection", "nps-reasons", "drivers", "money", "money-customers", "weighted"), section=seen)
    boards = Item(
        "dashboards", _("看板"), "layout-dashboard", "metrics:read",
        ("dashboard", "dashboard-edit", "dashboard-widget-edit", "dashboard-describe", "dashboard-step", "dashboard-annotate", "dashboard-new"), section=seen,
    )  # fmt: skip
    model = Item("model", _("模型树"), "list", "metrics:read", ("model-edit", "model-history", "model-unplaced"), section=seen)
    maps = Item("journeys", _("旅程"), "route", "journeys:read", ("journey", "journey-new"), section=seen)
    stores = Item("units", _("门店"), "building-store", "metrics:read", ("unit-card", "praise-wall", "coverage-map"), section=seen)
    crew = Item("team", _("我的团队"), "users", "people:read", ("person-card", "appeals", "my-card", "pulse-rounds"), section=seen)
    own = Item("my-card", _("我的成绩单"), "mood-smile", "home:read", ("my-appeal",))
    weekly = Item("reports", _("周报"), "file-text", "reports:read", ("report",), section=seen)
    better = _("改进")
    actions = Item("actions", _("行动"), "target-arrow", "actions:read", ("action", "action-new"), section=better)
    huddle = Item("huddle", _("例会"), "users", "actions:read", (), section=better)
    bell = Item("notices", _("通知"), "bell", "notices:read", (), "unread", section=_("消息"))
    system = _("系统")
    imports = Item("imports", _("导入"), "download", "imports:write", ("import",), section=system)
    connect = Item("connect", _("接口"), "link", "webhooks:write", ("webhook", "api-keys"), section=system)
    settings_ = Item("settings", _("设置"), "settings", "settings:read", (), section=system)
    first = [log, work] if front else [work, voices, log]
    if seat.roles == {Role.EXECUTIVE}:
        # an executive's first page is the report itself
        first_page = Item("home", pgettext("tab", "周报"), "file-text", "home:read", ("reports", "report"))
        return [first_page, work, voices, numbers, boards, stores, maps, actions, huddle, bell]
    rest = [people, surveys, numbers, boards, stores, crew, model, maps, weekly, actions, huddle, bell, imports, connect, settings_]
    return [*home, *first, *([voices, own] if front else []), *rest]


def is_frontline(seat: Seat) -> bool:
    """Someone who serves customers and holds no higher role."""
    return seat.roles == {Role.FRONTLINE}


class Shell:
    """The frame's parts, each worked out only when the template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.seat: Seat | None = getattr(request, "seat", None)
        self.organisation: Organisation | None = getattr(request, "organisation", None)

    @cached_property
    def items(self) -> list[Item]:
        """The navigation: only pages that exist and that this person may open."""
        if self.seat is None:
            return []
        match = self.request.resolver_match
        here = match.view_name if match else ""
        found = []
        section = ""
        for item in _items(self.seat):
            try:
                url = reverse(item.name)
            except NoReverseMatch:
                continue
            if self.seat.may(item.capability):
                new = item.section if item.section != section else ""
                section = item.section
                is_here = here == item.name or here in item.names or here.startswith(f"{item.name}-")
                found.append(Item(**{**item.__dict__, "url": url, "is_here": is_here, "section": new}))
        return found

    @cached_property
    def tabs(self) -> list[Item]:
        """The phone's tab bar: at most four pages, then “我的”."""
        wanted = ("home", "desk", "log", "nps", "feedback-list")
        order = {name: i for i, name in enumerate(wanted)}
        found = sorted((i for i in self.items if i.name in order), key=lambda i: order[i.name])
        return found[:4]

    @cached_property
    def broken(self) -> int:
        """Tickets with a broken promise, in this person's subtrees."""
        if self.seat is None or self.organisation is None or not self.seat.may("complaints:read"):
            return 0
        filters = Filters(paths=self.seat.paths)
        return desk.n_breached(filters, organisation=self.organisation.id, now=clock.now())

    @cached_property
    def unread(self) -> int:
        """This person's unread notices."""
        if self.seat is None or self.organisation is None:
            return 0
        return alert_queries.n_unread(self.seat.member, organisation=self.organisation.id)

    @cached_property
    def silent_seconds(self) -> float:
        """How long the clockwork has been silent."""
        return runner.silent_seconds("clockwork")

    @property
    def engine_is_fine(self) -> bool:
        """Silence is not health."""
        return self.silent_seconds <= SILENT_SECONDS

    @property
    def swept_at(self) -> datetime | None:
        """The last sweep, or None when there never was one."""
        if math.isinf(self.silent_seconds):
            return None
        return clock.now() - timedelta(seconds=self.silent_seconds)

    @cached_property
    def live_url(self) -> str:
        """Where this person's browser listens for changes; "" when it polls."""
        if not settings.LIVE_URL or self.organisation is None:
            return ""
        token = live_tokens.make(self.organisation.id, int(self.request.user.pk or 0))
        return f"{settings.LIVE_URL}/live?token={token}"

    @cached_property
    def role_label(self) -> str:
        """The person's first role, in words."""
        order = list(Role)
        roles = sorted(self.seat.roles, key=lambda r: order.index(Role(r))) if self.seat else []
        return str(Role(roles[0]).label) if roles else ""


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context of the shell; small for public pages."""
    theme = request.COOKIES.get("cxms_theme", "")
    return {
        "theme": theme if theme in THEMES else "",
        "languages": settings.LANGUAGES,
        "shell": SimpleLazyObject(lambda: Shell(request)),
    }
