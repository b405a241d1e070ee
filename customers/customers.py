"""Resolving and upserting customers, one batch at a time. Called by intake, the REST door and the log page."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from customers.cards import Card
from customers.identities import normal_email, normal_phone
from customers.models import Customer, Identity
from cxms.lib import staging
from cxms.lib.ids import new_ids

IDENTITY_COLUMNS = ("id", "organisation_id", "kind", "value", "customer_id")


def resolve(cards: Sequence[Card | None], *, organisation: int, now: datetime) -> list[uuid.UUID | None]:
    """The customer of each card: found by external id, then phone, then e-mail; made when new; None without identity.

    Set-based: four statements for the batch. Two cards of one batch that share an identity are one customer.
    """
    identities = [card.identities() if card else [] for card in cards]
    wanted = {pair for pairs in identities for pair in pairs}
    if not wanted:
        return [None] * len(cards)
    values = {value for _, value in wanted}
    known: dict[tuple[str, str], uuid.UUID] = {
        (row.kind, row.value): row.customer_id
        for row in Identity.objects.filter(organisation_id=organisation, value__in=values)
        if (row.kind, row.value) in wanted
    }
    made: dict[uuid.UUID, Customer] = {}
    fresh: dict[tuple[str, str], uuid.UUID] = {}
    touched: dict[uuid.UUID, Card] = {}
    found: list[uuid.UUID | None] = []
    ids = iter(new_ids(len(cards)))
    for card, pairs in zip(cards, identities, strict=True):
        if card is None or not pairs:
            found.append(None)
            continue
        customer_id = next((known[pair] for pair in pairs if pair in known), None)
        if customer_id is None:
            customer_id = next(ids)
            made[customer_id] = _new(customer_id, card, organisation, now)
        elif customer_id not in made:
            touched[customer_id] = card
        for pair in pairs:
            if pair not in known:
                known[pair] = fresh[pair] = customer_id
        found.append(customer_id)
    columns = [field.column for field in Customer._meta.concrete_fields]
    staging.insert("customers_customer", columns, [[getattr(row, c) for c in columns] for row in made.values()])
    rows = [(key, organisation, k, v, c) for key, ((k, v), c) in zip(new_ids(len(fresh)), fresh.items(), strict=True)]
    staging.insert("customers_identity", IDENTITY_COLUMNS, rows, on_conflict="on conflict do nothing")
    _refresh(touched, organisation, now)
    return found


def _new(customer_id: uuid.UUID, card: Card, organisation: int, now: datetime) -> Customer:
    phone = normal_phone(card.phone) if card.phone else ""
    return Customer(
        id=customer_id,
        organisation_id=organisation,
        external_id=card.external_id or None,
        name=card.name[:120],
        tier=card.tier[:24],
        phone=phone[:24],
        phone_tail=phone[-4:],
        email=normal_email(card.email) if card.email else "",
        created_at=now,
        updated_at=now,
    )


def _refresh(touched: dict[uuid.UUID, Card], organisation: int, now: datetime) -> None:
    """Fills what we did not know yet and follows a changed tier; never blanks a field."""
    changed = []
    for row in Customer.objects.filter(organisation_id=organisation, id__in=list(touched)):
        card = touched[row.id]
        phone = normal_phone(card.phone) if card.phone else ""
        update = {
            "name": card.name[:120] if card.name and not row.name else row.name,
            "tier": card.tier[:24] or row.tier,
            "phone": row.phone or phone[:24],
            "phone_tail": row.phone_tail or phone[-4:],
            "email": row.email or (normal_email(card.email) if card.email else ""),
            "external_id": row.external_id or card.external_id or None,
        }
        if any(getattr(row, field) != value for field, value in update.items()):
            for field, value in update.items():
                setattr(row, field, value)
            row.updated_at = now
            changed.append(row)
    Customer.objects.bulk_update(
        changed, ["name", "tier", "phone", "phone_tail", "email", "external_id", "updated_at"]
    )


def put(
    external_id: str, card: Card, *, organisation: int, now: datetime, actor: str
) -> tuple[Customer, bool]:
    """Upserts the customer with this external id as the CRM says; (row, created). Given fields replace ours."""
    (customer_id,) = resolve([card], organisation=organisation, now=now)
    row = Customer.objects.select_for_update().get(organisation_id=organisation, id=str(customer_id))
    created = row.created_at == now
    row.name, row.tier = card.name[:120] or row.name, card.tier[:24] or row.tier
    if card.phone:
        row.phone = normal_phone(card.phone)[:24]
        row.phone_tail = row.phone[-4:]
    row.email = normal_email(card.email) if card.email else row.email
    row.updated_at = now
    row.save()
    return row, created
