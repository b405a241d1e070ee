"""Dashboards that people made: their own, shared with roles, changed step by step, each step undone by one press.

Only the owner, and who writes settings, changes one; whoever may read it copies it. What it shows is always cut to the
reader's own units: sharing a dashboard shares its shape, never figures.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from reports import widgets
from reports.models import Dashboard, DashboardVersion
from reports.widgets import Widget
from tenancy import audit, versions
from tenancy.enums import Role
from tenancy.members import Seat

EVERYBODY = "all"
MOST = 50
MOST_WIDGETS = 24
KEPT = 20


class DashboardError(DomainError):
    """The dashboard cannot be kept as asked."""


def presets() -> dict[str, tuple[str, list[Widget]]]:
    """Dashboards to begin with: a name and its widgets, in the active language."""
    made = widgets.made
    return {
        "overview": (_("客户体验总览"), [
            made("number", "nps"), made("number", "csi"), made("number", "complaint_rate"), made("number", "promise_attainment"),
            made("trend", "nps"), made("mix"), made("tiers"), made("reasons"), made("cases"), made("quotes"),
        ]),
        "stores": (_("门店"), [
            made("table", "nps", "csi", "complaint_rate", "promise_attainment", by="unit"), made("tiers"),
            made("bars", "nps", by="touchpoint", width=6, height=3), made("control", "csi", width=12), made("actions"), made("quotes"),
        ]),
        "promises": (_("承诺"), [
            made("number", "promise_attainment"), made("number", "first_response"), made("number", "resolution_rate"),
            made("number", "reopen_rate"), made("promises"), made("cases"), made("leaving"),
            made("bars", "complaint_rate", by="touchpoint"), made("control", "promise_attainment"), made("actions"),
        ]),
    }  # fmt: skip


def of_seat(seat: Seat, *, organisation: int) -> list[Dashboard]:
    """Those a person may open: his own first, then shared ones by name."""
    readable = Q(owner=seat.member)
    for role in (EVERYBODY, *seat.roles):
        readable |= Q(roles__contains=[role])
    rows = Dashboard.objects.filter(readable, organisation_id=organisation).select_related("owner")
    found = rows.order_by("name", "created_at")
    return sorted(found, key=lambda row: row.owner_id != seat.member.id)


def is_open(row: Dashboard, seat: Seat) -> bool:
    """May he open it?"""
    return row.owner_id == seat.member.id or EVERYBODY in row.roles or bool(set(row.roles) & set(seat.roles))


def is_his(row: Dashboard, seat: Seat) -> bool:
    """May he change it?"""
    return row.owner_id == seat.member.id or (is_open(row, seat) and seat.may("settings:write"))


def one_of(key: uuid.UUID, seat: Seat, *, organisation: int) -> Dashboard | None:
    """A dashboard this person may open, or None."""
    row = Dashboard.objects.filter(organisation_id=organisation, id=key).select_related("owner").first()
    return row if row is not None and is_open(row, seat) else None


def add(
    key: uuid.UUID, name: str, rows: Sequence[Widget], seat: Seat, *, organisation: int, now: datetime, actor: str
) -> Dashboard:
    """A new dashboard of one's own; the same key again gives the first. Raises DashboardError."""
    there = Dashboard.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    if Dashboard.objects.filter(organisation_id=organisation, owner=seat.member).count() >= MOST:
        raise DashboardError(_("最多存 %(n)d 个看板，先删掉一个") % {"n": MOST}, code="too_many", field="name")
    row = Dashboard.objects.create(
        id=key, organisation_id=organisation, owner=seat.member, name=_named(name), widgets=[one.kept() for one in rows],
        created_at=now, updated_at=now,
    )  # fmt: skip
    _note("dashboard.added", row, now, actor)
    return row


def change(
    row: Dashboard, step: Callable[[list[Widget]], list[Widget]], *, version: int, now: datetime, actor: str
) -> Dashboard:
    """One step on the widgets; what stood before is kept. Raises WidgetError, DashboardError, Stale."""
    row = _locked(row, version)
    rows = step(widgets.read(row.widgets))
    if len(rows) > MOST_WIDGETS:
        raise DashboardError(_("一个看板最多 %(n)d 块") % {"n": MOST_WIDGETS}, code="too_many", field="kind")
    DashboardVersion.objects.create(
        organisation_id=row.organisation_id, dashboard=row, version=row.version, widgets=row.widgets, at=now
    )
    old = DashboardVersion.objects.filter(organisation_id=row.organisation_id, dashboard=row, version__lte=row.version - KEPT)
    old.delete()
    return _saved(row, [one.kept() for one in rows], now, actor)


def undo(row: Dashboard, *, version: int, now: datetime, actor: str) -> Dashboard:
    """Takes the last step back; twenty at most. Raises DashboardError when there is none, Stale."""
    row = _locked(row, version)
    before = last_of(row)
    if before is None:
        raise DashboardError(_("没有可以撤销的一步"), code="nothing", field="widget")
    kept = before.widgets
    before.delete()
    return _saved(row, kept, now, actor)


def last_of(row: Dashboard) -> DashboardVersion | None:
    """The widgets before the last step."""
    rows = DashboardVersion.objects.filter(organisation_id=row.organisation_id, dashboard=row)
    return rows.order_by("-version").first()


def describe(row: Dashboard, name: str, roles: Sequence[str], *, version: int, now: datetime, actor: str) -> Dashboard:
    """Another name, other readers. Raises DashboardError, Stale."""
    row = _locked(row, version)
    if set(roles) - {EVERYBODY, *Role.values}:
        raise DashboardError(_("没有这个角色"), code="unknown_role", field="roles")
    row.name, row.roles, row.version, row.updated_at = _named(name), sorted(set(roles)), row.version + 1, now
    row.save(update_fields=["name", "roles", "version", "updated_at"])
    _note("dashboard.changed", row, now, actor)
    return row


def remove(row: Dashboard, *, version: int, now: datetime, actor: str) -> None:
    """Takes a dashboard away; no figure goes with it. Raises Stale."""
    row = _locked(row, version)
    _note("dashboard.removed", row, now, actor)
    DashboardVersion.objects.filter(organisation_id=row.organisation_id, dashboard=row).delete()
    row.delete()


def _locked(row: Dashboard, version: int) -> Dashboard:
    found = Dashboard.objects.select_for_update(of=("self",)).filter(organisation_id=row.organisation_id, id=row.id).first()
    if found is None:
        raise DashboardError(_("这个看板已不在"), code="not_found")
    versions.check(found, version)
    return found


def _saved(row: Dashboard, kept: list[dict[str, object]], now: datetime, actor: str) -> Dashboard:
    row.widgets, row.version, row.updated_at = kept, row.version + 1, now
    row.save(update_fields=["widgets", "version", "updated_at"])
    _note("dashboard.changed", row, now, actor)
    return row


def _named(name: str) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise DashboardError(_("给看板起个名字"), code="missing", field="name")
    if len(clean) > 60:
        raise DashboardError(_("最多 %(most)d 字") % {"most": 60}, code="too_long", field="name")
    return clean


def _note(action: str, row: Dashboard, now: datetime, actor: str) -> None:
    detail = {"fields": ["name", "roles", "widgets"], "n": len(row.widgets)}
    audit.note(action, row.id, organisation=row.organisation_id, actor=actor, now=now, detail=detail)
