"""Resolving and upserting customers, one batch at a time. Called by intake, the REST door and the log page."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from customers.cards import Card
from customers.identities import MOST_PHONE, normal_email, normal_phone, phone_tail
from customers.models import Customer, Identity
from cxms.lib import name_sounds, staging
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_ids
from ledger.facts import record_many

LOCK = "select pg_advisory_xact_lock(730184522, %s)"
# held until what was resolved is stored, so that a merge never misses a row on its way in
RESOLVING = "select pg_advisory_xact_lock_shared(730184523, %s)"
# customers a fact speaks of at most: webhooks stay under 20 kB
TOLD_AT_ONCE = 200
# a person has one of each; phones and addresses are shared
FIRM = ("external", "union")
IDENTITY_COLUMNS = ("id", "organisation_id", "kind", "value", "customer_id")


def resolve(cards: Sequence[Card | None], *, organisation: int, now: datetime) -> list[uuid.UUID | None]:
    """The customer of each card: found by external id, then phone, then e-mail; made when new; None without identity.

    Set-based: a handful of statements for the batch. Two cards of one batch that share an identity are one customer,
    but two external ids are two customers, whatever phone they share, until a person merges them; so are two union ids,
    unless the CRM calls both by one id. Makers of new customers queue per organisation.
    """
    identities = [card.identities() if card else [] for card in cards]
    wanted = {pair for pairs in identities for pair in pairs}
    if not wanted:
        return [None] * len(cards)
    with connection.cursor() as cursor:
        cursor.execute(RESOLVING, [organisation])
    known = _known(wanted, organisation)
    if len(known) < len(wanted):
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [organisation])
        known = _known(wanted, organisation)
    batch = _Batch(known, _firm(set(known.values()), organisation))
    ids = iter(new_ids(len(cards)))
    found = [batch.place(card, pairs, ids, organisation, now) for card, pairs in zip(cards, identities, strict=True)]
    _store(batch, organisation)
    _refresh(batch.touched, organisation, now)
    return found


@dataclass
class _Batch:
    """What resolving one batch knows and makes. `firm`: each customer's ids by kind, external or union; one who was merged has several."""

    known: dict[tuple[str, str], uuid.UUID]
    firm: dict[tuple[str, uuid.UUID], set[str]]
    made: dict[uuid.UUID, Customer] = field(default_factory=dict)
    fresh: dict[tuple[str, str], uuid.UUID] = field(default_factory=dict)
    touched: dict[uuid.UUID, Card] = field(default_factory=dict)

    def place(
        self, card: Card | None, pairs: list[tuple[str, str]], ids: Iterator[uuid.UUID], organisation: int, now: datetime
    ) -> uuid.UUID | None:
        """The customer of one card, known, made earlier in the batch, or made now."""
        if card is None or not pairs:
            return None
        found = next((self.known[pair] for pair in pairs if pair in self.known and self._fits(pairs, pair[0], self.known[pair])), None)
        if found is None:
            found = next(ids)
            self.made[found] = _new(found, card, organisation, now)
        elif found not in self.made:
            self.touched[found] = card
        for pair in pairs:
            if pair not in self.known:
                self.known[pair] = self.fresh[pair] = found
        for kind, value in pairs:
            if kind in FIRM:
                self.firm.setdefault((kind, found), set()).add(value)
        return found

    def _fits(self, pairs: list[tuple[str, str]], by: str, customer: uuid.UUID) -> bool:
        """Whether an identity of the kind `by` may lead to him: nothing that says more says another. The CRM's id stands above the rest."""
        for kind, value in pairs:
            theirs = self.firm.get((kind, customer))
            if kind in FIRM and kind != by and by != "external" and theirs and value not in theirs:
                return False
        return True


def _known(wanted: set[tuple[str, str]], organisation: int) -> dict[tuple[str, str], uuid.UUID]:
    rows = Identity.objects.filter(organisation_id=organisation, value__in={value for _, value in wanted})
    return {
        (kind, value): customer
        for kind, value, customer in rows.values_list("kind", "value", "customer_id")
        if (kind, value) in wanted
    }


def _firm(customers: set[uuid.UUID], organisation: int) -> dict[tuple[str, uuid.UUID], set[str]]:
    rows = Identity.objects.filter(organisation_id=organisation, kind__in=FIRM, customer__in=customers)
    found: dict[tuple[str, uuid.UUID], set[str]] = {}
    for kind, customer, value in rows.values_list("kind", "customer_id", "value"):
        found.setdefault((kind, customer), set()).add(value)
    return found


def _store(batch: _Batch, organisation: int) -> None:
    columns = [str(f.column) for f in Customer._meta.concrete_fields]
    staging.insert("customers_customer", columns, [[getattr(row, c) for c in columns] for row in batch.made.values()])
    keys = new_ids(len(batch.fresh)) if batch.fresh else []
    rows = [(key, organisation, k, v, c) for key, ((k, v), c) in zip(keys, batch.fresh.items(), strict=True)]
    staging.insert("customers_identity", IDENTITY_COLUMNS, rows, on_conflict="on conflict do nothing")


def _new(customer_id: uuid.UUID, card: Card, organisation: int, now: datetime) -> Customer:
    phone = normal_phone(card.phone) if card.phone else ""
    return Customer(
        id=customer_id,
        organisation_id=organisation,
        external_id=card.external_id or None,
        name=card.name[:120],
        name_keys=name_sounds.keys(card.name[:120])[:800],
        tier=card.tier[:24],
        phone=phone[:MOST_PHONE],
        phone_tail=phone_tail(phone),
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
            "phone": row.phone or phone[:MOST_PHONE],
            "phone_tail": row.phone_tail or phone_tail(phone),
            "email": row.email or (normal_email(card.email) if card.email else ""),
            "external_id": row.external_id or card.external_id or None,
        }
        if any(getattr(row, field) != value for field, value in update.items()):
            for field, value in update.items():
                setattr(row, field, value)
            row.name_keys = name_sounds.keys(row.name)[:800]
            row.updated_at = now
            changed.append(row)
    Customer.objects.bulk_update(
        changed, ["name", "name_keys", "tier", "phone", "phone_tail", "email", "external_id", "updated_at"]
    )


class CustomerStale(DomainError):
    """Someone changed the customer since it was read."""

    code = "stale_version"


@dataclass(frozen=True)
class Put:
    """A customer as the CRM says: given fields replace ours, fields in `clear` are emptied, others stay."""

    card: Card
    clear: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PutReceipt:
    """What became of one: created, updated or unchanged."""

    status: str
    id: uuid.UUID
    code: str = ""
    field: str = ""


def by_external(external_id: str, *, organisation: int, lock: bool = False) -> Customer | None:
    """The customer the CRM knows by this id, also when it was merged with another since."""
    known = Identity.objects.filter(organisation_id=organisation, kind="external", value=external_id).values("customer_id")
    rows = Customer.objects.filter(organisation_id=organisation, id__in=known)
    return (rows.select_for_update() if lock else rows).first()


def version_of(row: Customer) -> str:
    """What changes whenever the customer does."""
    return f"{row.updated_at.timestamp():.6f}"


def put(
    item: Put, *, organisation: int, now: datetime, actor: str, version: str | None = None
) -> tuple[Customer, str]:
    """Upserts the customer with this external id; (row, status). Raises CustomerStale when another version is there."""
    if version is not None:
        there = by_external(item.card.external_id, organisation=organisation, lock=True)
        if there is None or version_of(there) != version:
            raise CustomerStale("the customer has changed since it was read")
    (receipt,) = put_many([item], organisation=organisation, now=now, actor=actor)
    return Customer.objects.get(organisation_id=organisation, id=receipt.id), receipt.status


def put_many(items: Sequence[Put], *, organisation: int, now: datetime, actor: str) -> list[PutReceipt]:
    """Upserts a batch in a handful of statements, in its order; records `customer.created` and `customer.updated`."""
    found = resolve([item.card for item in items], organisation=organisation, now=now)
    keys = [key for key in found if key is not None]
    rows = Customer.objects.select_for_update().filter(organisation_id=organisation, id__in=set(keys)).order_by("id")
    by_id = {row.id: row for row in rows}
    created = {row.id for row in by_id.values() if row.created_at == now}
    changed = {row.id for row in by_id.values() if row.updated_at == now} - created
    for key, item in zip(keys, items, strict=True):
        if _replace(by_id[key], item):
            by_id[key].updated_at = now
            changed.add(key)
    Customer.objects.bulk_update(
        [by_id[key] for key in changed], ["name", "name_keys", "tier", "phone", "phone_tail", "email", "updated_at"], batch_size=500
    )
    _tell("customer.created", created, organisation, now, actor)
    _tell("customer.updated", changed - created, organisation, now, actor)
    status = {key: "created" if key in created else "updated" if key in changed else "unchanged" for key in keys}
    return [PutReceipt(status[key], key) for key in keys]


def _replace(row: Customer, item: Put) -> bool:
    """Writes the given fields into the row; True when anything changed."""
    card, before = item.card, (row.name, row.tier, row.phone, row.email)
    row.name = "" if "name" in item.clear else card.name[:120] or row.name
    row.name_keys = name_sounds.keys(row.name)[:800]
    row.tier = "" if "tier" in item.clear else card.tier[:24] or row.tier
    row.phone = "" if "phone" in item.clear else normal_phone(card.phone)[:MOST_PHONE] if card.phone else row.phone
    row.phone_tail = phone_tail(row.phone)
    row.email = "" if "email" in item.clear else normal_email(card.email) if card.email else row.email
    return before != (row.name, row.tier, row.phone, row.email)


def _tell(kind: str, keys: set[uuid.UUID], organisation: int, now: datetime, actor: str) -> None:
    ids = sorted(str(key) for key in keys)
    parts = [ids[i : i + TOLD_AT_ONCE] for i in range(0, len(ids), TOLD_AT_ONCE)]
    if parts:
        record_many([(kind, part[0], {"ids": part}) for part in parts], organisation=organisation, now=now, actor=actor)
