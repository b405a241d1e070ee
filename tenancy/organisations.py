"""Making an organisation with what it needs on its first day. Called by the command and the demo."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import audit, calendar_presets, queries, touchpoints, units, versions
from tenancy.enums import Channel, ClassifyFirst, UnitKind
from tenancy.models import Invitation, Member, Organisation, Staff, Unit
from tenancy.scope import organisation_scope

ROOT = "HQ"


class OrganisationError(DomainError):
    """The organisation cannot be made as asked."""


def create(
    *, slug: str, name: str, timezone: str, now: datetime, actor: str, language: str = "zh-hans"
) -> Organisation:
    """An organisation with its headquarters unit, calendars `always` and `office`, and the touchpoint catalogue.

    Runs in a transaction of its own and opens the new organisation's scope itself.
    """
    if Organisation.objects.filter(slug=slug).exists():
        raise OrganisationError(_("组织代码 %(slug)s 已被占用") % {"slug": slug}, code="slug_taken", field="slug")
    check_zone(timezone)
    organisation = Organisation.objects.create(
        slug=slug, name=name, timezone=timezone, language=language, created_at=now
    )
    with organisation_scope(organisation.id):
        units.add(
            organisation=organisation.id, code=ROOT, kind=UnitKind.HEADQUARTERS, name=name, parent=None, now=now, actor=actor
        )
        calendar_presets.add_presets(organisation=organisation.id, timezone=timezone, now=now, actor=actor)
        touchpoints.add_presets(organisation=organisation.id)
    return organisation


def change(
    organisation: int,
    *,
    version: int | None,
    now: datetime,
    actor: str,
    name: str,
    language: str,
    timezone: str,
    admins_need_totp: bool | None = None,
) -> Organisation:
    """Changes name, language and zone; running promises keep the zone of the calendar they started under."""
    row = Organisation.objects.select_for_update().get(id=organisation)
    versions.check(row, version)
    if not name.strip() or len(name) > 120:
        raise OrganisationError(_("名称应为 1 至 120 字"), code="bad_name", field="name")
    if language not in dict(settings.LANGUAGES):
        raise OrganisationError(_("没有这种语言"), code="unknown_language", field="language")
    check_zone(timezone)
    wanted: dict[str, Any] = {"name": name.strip(), "language": language, "timezone": timezone}
    if admins_need_totp is not None:
        wanted["admins_need_totp"] = admins_need_totp
    return _write(row, wanted, now=now, actor=actor)


def switch_channels(
    organisation: int, off: set[str], *, version: int | None, now: datetime, actor: str
) -> Organisation:
    """Says which channels take nothing in. Raises OrganisationError for an unknown one."""
    row = Organisation.objects.select_for_update().get(id=organisation)
    versions.check(row, version)
    if not off <= set(Channel.values):
        raise OrganisationError(_("没有这个渠道"), code="unknown_channel", field="channels")
    return _write(row, {"channels_off": sorted(off)}, now=now, actor=actor)


def choose_exposure(organisation: int, kind: str, source: str, *, version: int | None, now: datetime, actor: str) -> Organisation:
    """Says what complaints are divided by: which kind of exposure, counted by whom ("": by us, from the events)."""
    row = Organisation.objects.select_for_update().get(id=organisation)
    versions.check(row, version)
    return _write(row, {"complaint_exposure": kind[:24], "exposure_source": source[:40]}, now=now, actor=actor)


def classify_first(organisation: int, rule: str, *, version: int | None, now: datetime, actor: str) -> Organisation:
    """Says who must have classified a voice before departments see it; a person's part begins now. Called by `feedback.first`."""
    row = Organisation.objects.select_for_update().get(id=organisation)
    versions.check(row, version)
    if rule not in ClassifyFirst.values:
        raise OrganisationError(_("选一种"), code="unknown_rule", field="rule")
    if row.classify_first == rule:
        return row
    row.classify_first_at = now
    row.save(update_fields=["classify_first_at"])
    return _write(row, {"classify_first": rule}, now=now, actor=actor)


def _write(row: Organisation, wanted: dict[str, Any], *, now: datetime, actor: str) -> Organisation:
    changed = {field: value for field, value in wanted.items() if getattr(row, field) != value}
    before = {field: getattr(row, field) for field in changed}
    for field, value in changed.items():
        setattr(row, field, value)
    row.version += 1
    row.save(update_fields=[*changed, "version"])
    detail = {"fields": sorted(changed), "before": before, "after": changed}
    audit.note("organisation.changed", row.slug, organisation=row.id, actor=actor, now=now, detail=detail)
    return row


def mark_set_up(organisation: Organisation, *, now: datetime) -> None:
    """The first-run wizard is over, or was never wanted; the home page no longer leads to it."""
    if organisation.set_up_at is None:
        organisation.set_up_at = now
        organisation.save(update_fields=["set_up_at"])


@dataclass(frozen=True)
class Inventory:
    """How much of an organisation is there, for the first-run wizard."""

    n_units: int
    n_staff: int
    n_members: int
    n_invited: int
    has_hours: bool
    was_named: bool


def inventory(organisation: int) -> Inventory:
    """What has been set up so far, counted from the rows themselves."""
    units_ = Unit.objects.filter(organisation_id=organisation, retired_at=None)
    waiting = Invitation.objects.filter(organisation_id=organisation, accepted_at=None, revoked_at=None)
    return Inventory(
        n_units=units_.exclude(parent=None).count(),
        n_staff=Staff.objects.filter(organisation_id=organisation, left_at=None).count(),
        n_members=Member.objects.filter(organisation_id=organisation, left_at=None).count(),
        n_invited=waiting.count(),
        has_hours=units_.filter(parent=None).exclude(calendar="").exists(),
        was_named=audit.happened("organisation.changed", organisation=organisation),
    )


def rename(organisation: Organisation, slug: str) -> None:
    """Gives an organisation another slug; its key, which everything hangs on, stays."""
    organisation.slug = slug
    organisation.save(update_fields=["slug"])


def check_zone(timezone: str) -> None:
    """Raises OrganisationError when the IANA zone is unknown."""
    if not queries.is_zone(timezone):
        message = _("未知时区：%(zone)s") % {"zone": timezone[:40]}
        raise OrganisationError(message, code="unknown_timezone", field="timezone")
