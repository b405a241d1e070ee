"""Which notices also go out by mail, per member and purpose. The executives' notice is a promise: it always does."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from alerts.models import MailChoice
from cxms.lib.errors import DomainError
from tenancy import audit
from tenancy.models import Member

ALWAYS = "executives"
PURPOSES = (
    ALWAYS, "approval", "approval_decided", "assigned", "escalation", "mentioned", "handover", "recurrence", "praise", "contact", "holidays", "metric", "burst", "points", "appeal",
)  # fmt: skip


class ChoiceError(DomainError):
    """The choice cannot be made."""


def wants_mail(member_id: uuid.UUID, purpose: str, *, organisation: int) -> bool:
    """True when a notice of this purpose goes to the member by mail too."""
    if purpose == ALWAYS:
        return True
    return not MailChoice.objects.filter(organisation_id=organisation, member=member_id, purpose=purpose).exists()


def muted(ids: Iterable[uuid.UUID], *, organisation: int) -> set[tuple[uuid.UUID, str]]:
    """(member, purpose) of those who want no mail. One statement."""
    rows = MailChoice.objects.filter(organisation_id=organisation, member__in=list(ids))
    return set(rows.values_list("member_id", "purpose"))


def choose(members: Iterable[Member], wanted: set[tuple[str, str]], *, organisation: int, now: datetime, actor: str) -> int:
    """Sets the mail of these members to exactly `wanted`, pairs of member id and purpose. Returns how many changed.

    Raises ChoiceError when the executives' notice would be switched off.
    """
    people = list(members)
    if any((str(person.id), ALWAYS) not in wanted for person in people):
        raise ChoiceError(_("“直达高管”是对客户的承诺，不能关"), code="always")
    before = muted([person.id for person in people], organisation=organisation)
    after = {(p.id, purpose) for p in people for purpose in PURPOSES if (str(p.id), purpose) not in wanted}
    for person in people:
        fields = sorted(purpose for purpose in PURPOSES if ((person.id, purpose) in before) != ((person.id, purpose) in after))
        if fields:
            off = sorted(purpose for purpose in PURPOSES if (person.id, purpose) in after)
            MailChoice.objects.filter(organisation_id=organisation, member=person).delete()
            MailChoice.objects.bulk_create([MailChoice(organisation_id=organisation, member=person, purpose=p) for p in off])
            detail = {"fields": fields, "off": off}
            audit.note("notices.chosen", person.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return len(before ^ after)
