"""Questions about customers. Nothing here writes."""

import uuid
from collections.abc import Sequence

from django.db import connection
from django.db.models import Q, QuerySet

from customers.identities import EXTENSION, normal_phone, phone_tail
from customers.models import Customer, CustomerEvent, Identity, Merge
from cxms.lib import name_sounds, scripts


def matching(text: str, *, organisation: int) -> QuerySet[Customer]:
    """Customers for what is typed: last four digits or a whole phone (a switchboard's: all behind it), the CRM's id, a name's beginning; newest first.

    The name in characters of either script, in full pinyin or in its initials. Of those who were merged, the one who was kept.
    """
    text = scripts.typed(text)
    rows = Customer.objects.filter(organisation_id=organisation, merged_into__isnull=True).order_by("-updated_at", "-id")
    if _is_tail(text):
        return rows.filter(phone_tail=text)
    condition = Q(id__in=_owners(text, organisation))
    for name in scripts.either(text):
        condition |= Q(name__startswith=name)
    if word := name_sounds.asked(text):
        condition |= Q(name_keys__contains=word)
    if sum(c.isdigit() for c in text) >= 7:
        phone = normal_phone(text)
        condition |= Q(phone=phone) | Q(phone_tail=phone_tail(phone), phone__startswith=phone + EXTENSION)
    return rows.filter(condition)


def _is_tail(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) == 4


def newest(*, organisation: int) -> QuerySet[Customer]:
    """Everybody, the one who changed last first."""
    return Customer.objects.filter(organisation_id=organisation, merged_into__isnull=True).order_by("-updated_at", "-id")


def by_id(key: uuid.UUID, *, organisation: int) -> Customer | None:
    """One customer, also one who was merged."""
    return Customer.objects.filter(organisation_id=organisation, id=key).first()


def several(keys: Sequence[uuid.UUID], *, organisation: int) -> list[Customer]:
    """Those of these who are there."""
    return list(Customer.objects.filter(organisation_id=organisation, id__in=keys))


def find(text: str, *, organisation: int, limit: int = 6) -> list[Customer]:
    """The first of `matching`, else the customer of an order with this id."""
    text = scripts.typed(text)
    if len(text) < 2:
        return []
    found = list(matching(text, organisation=organisation)[:limit])
    if not found and not _is_tail(text):
        event = CustomerEvent.objects.filter(organisation_id=organisation, external_id=text).first()
        if event is not None and event.customer_id:
            found = list(Customer.objects.filter(organisation_id=organisation, id=event.customer_id))
    return found


def external_ids(customer: Customer) -> list[str]:
    """The ids the CRM knows him by, more than one after a merge."""
    rows = Identity.objects.filter(organisation_id=customer.organisation_id, customer=customer, kind="external")
    return list(rows.values_list("value", flat=True).order_by("id"))


def merges(*, organisation: int, customer: Customer | None = None) -> QuerySet[Merge]:
    """Merges, newest first, also those taken back; of one customer, those into him."""
    rows = Merge.objects.filter(organisation_id=organisation).select_related("kept", "gone").order_by("-merged_at", "-id")
    return rows.filter(kept=customer) if customer else rows


def _owners(external_id: str, organisation: int) -> QuerySet[Identity, uuid.UUID]:
    rows = Identity.objects.filter(organisation_id=organisation, kind="external", value=external_id)
    return rows.values_list("customer_id", flat=True)


def recent_events(customer_id: uuid.UUID, *, organisation: int, limit: int = 8) -> list[CustomerEvent]:
    """The last things that happened with this customer, newest first."""
    rows = CustomerEvent.objects.filter(organisation_id=organisation, customer_id=customer_id)
    return list(rows.select_related("unit", "touchpoint").order_by("-occurred_at")[:limit])


def tiers(*, organisation: int) -> list[str]:
    """The value tiers that customers have, in alphabetical order; at most fifty. One step of the index a tier."""
    with connection.cursor() as cursor:
        cursor.execute(
            "with recursive found(tier) as ((select tier from customers_customer where organisation_id = %(org)s and tier > ''"
            " order by tier limit 1) union all select (select c.tier from customers_customer c where c.organisation_id = %(org)s"
            " and c.tier > found.tier order by c.tier limit 1) from found where found.tier is not null)"
            " select tier from found where tier is not null limit 50",
            {"org": organisation},
        )
        return [str(tier) for (tier,) in cursor.fetchall()]
