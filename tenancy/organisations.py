"""Making an organisation with what it needs on its first day. Called by the command and the demo."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import calendar_presets, touchpoints, units
from tenancy.enums import UnitKind
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


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
            organisation=organisation.id, code="HQ", kind=UnitKind.HEADQUARTERS, name=name, parent=None, now=now, actor=actor
        )
        calendar_presets.add_presets(organisation=organisation.id, timezone=timezone, now=now, actor=actor)
        touchpoints.add_presets(organisation=organisation.id)
    return organisation


def rename(organisation: Organisation, slug: str) -> None:
    """Gives an organisation another slug; its key, which everything hangs on, stays."""
    organisation.slug = slug
    organisation.save(update_fields=["slug"])


def check_zone(timezone: str) -> None:
    """Raises OrganisationError when the IANA zone is unknown."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = _("未知时区：%(zone)s") % {"zone": timezone[:40]}
        raise OrganisationError(message, code="unknown_timezone", field="timezone") from error
