"""Questions about customers. Nothing here writes."""

import uuid

from django.db import connection
from django.db.models import Q

from customers.identities import normal_phone
from customers.models import Customer, CustomerEvent
from cxms.lib import name_sounds


def find(text: str, *, organisation: int, limit: int = 6) -> list[Customer]:
    """Customers for what a clerk types: last four digits or a whole phone, an order's or our id, a name's beginning.

    The name in characters, in full pinyin or in its initials.
    """
    text = text.strip()
    if len(text) < 2:
        return []
    rows = Customer.objects.filter(organisation_id=organisation)
    if text.isdigit() and len(text) == 4:
        return list(rows.filter(phone_tail=text).order_by("-updated_at")[:limit])
    condition = Q(name__startswith=text) | Q(external_id=text)
    if word := name_sounds.asked(text):
        condition |= Q(name_keys__contains=word)
    if sum(c.isdigit() for c in text) >= 7:
        condition |= Q(phone=normal_phone(text))
    found = list(rows.filter(condition).order_by("-updated_at")[:limit])
    if not found:
        event = CustomerEvent.objects.filter(organisation_id=organisation, external_id=text).first()
        if event is not None and event.customer_id:
            found = list(rows.filter(id=event.customer_id))
    return found


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
