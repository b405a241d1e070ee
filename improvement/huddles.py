"""The daily huddle of a unit: ten minutes on yesterday's promises, two voices and one figure; decisions are kept."""

from datetime import date, datetime

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from improvement.models import Huddle, HuddleDecision
from tenancy.models import Member, Unit


class HuddleError(DomainError):
    """The huddle cannot be written as asked."""


def begin(unit: Unit, day: date, *, member: Member, organisation: int, now: datetime) -> Huddle:
    """Today's huddle of the unit, begun now unless it already was."""
    row, _fresh = Huddle.objects.get_or_create(
        organisation_id=organisation, unit=unit, day=day, defaults={"started_at": now, "led_by": member}
    )
    return row


def decide(
    huddle: Huddle, text: str, *, token: str, organisation: int, now: datetime, actor_name: str
) -> HuddleDecision:
    """Keeps a decision; the same token is the same decision. Raises HuddleError."""
    if not text.strip():
        raise HuddleError(_("写下决定了什么"), code="text_missing", field="text")
    row, _fresh = HuddleDecision.objects.get_or_create(
        organisation_id=organisation,
        token=token[:40],
        defaults={"huddle": huddle, "at": now, "text": text.strip()[:400], "actor_name": actor_name[:80]},
    )
    return row


def end(huddle: Huddle, n_present: int, *, now: datetime) -> Huddle:
    """Closes the huddle with how many came; again only corrects the count. Raises HuddleError."""
    if not 1 <= n_present <= 500:
        raise HuddleError(_("到场 1 至 500 人"), code="bad_count", field="n_present")
    huddle.n_present = n_present
    huddle.ended_at = huddle.ended_at or now
    huddle.save(update_fields=["n_present", "ended_at"])
    return huddle
