"""Who may be one person: pairs that share a phone, an address or a rare name, the likeliest first. Nothing here writes."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from django.db.models import Count, Q, QuerySet

from customers.likeness import POSSIBLE, Known, Likeness, likeness
from customers.models import Apart, Customer, Identity

# more than this many under one phone or name is a shop's own number or 王伟, not a person
CROWD = 6
GROUPS = 1000
Position = tuple[float, uuid.UUID, uuid.UUID]


@dataclass(frozen=True)
class Pair:
    """Two customers who may be one; `one` came first."""

    one: Customer
    other: Customer
    likeness: Likeness

    @property
    def position(self) -> Position:
        """Where it stands in the list, whoever else is there."""
        return -self.likeness.score, self.one.id, self.other.id


def pairs(*, organisation: int) -> list[Pair]:
    """The likeliest pairs, of at most GROUPS groups for each thing that may be shared; without those known to be two."""
    rows = _rows(organisation)
    groups = {_key(one, other) for name in ("phone", "email", "name") for group in _groups(rows, name) for one, other in combinations(group, 2)}
    apart = set(Apart.objects.filter(organisation_id=organisation).values_list("one_id", "other_id"))
    return _weighed(sorted(groups - apart), organisation)


def after(found: Sequence[Pair], position: Position) -> list[Pair]:
    """The pairs behind a position, where those in front of it may have been merged since. Pure."""
    return [pair for pair in found if pair.position > position]


def pair(one: uuid.UUID, other: uuid.UUID, *, organisation: int) -> Pair | None:
    """These two, however unlike; None unless both stand on their own."""
    found = _weighed([_key(one, other)], organisation, least=0.0) if one != other else []
    return found[0] if found else None


def like(customer: Customer, *, organisation: int) -> list[Pair]:
    """Who may be the same person as this one: those who share his phone or address first, and his name where few bear it."""
    rows = _rows(organisation).exclude(id=customer.id).order_by("created_at", "id")
    reached = Q(phone=customer.phone) & ~Q(phone="") | Q(email=customer.email) & ~Q(email="")
    others = list(rows.filter(reached).values_list("id", flat=True)[: CROWD * 3])
    # one more than a crowd has besides him tells that it is one
    named = list(rows.filter(name=customer.name).exclude(name="").values_list("id", flat=True)[:CROWD])
    others += [key for key in named if key not in others] if len(named) < CROWD else []
    apart = set(Apart.objects.filter(Q(one=customer) | Q(other=customer), organisation_id=organisation).values_list("one_id", "other_id"))
    return _weighed([key for key in (_key(customer.id, other) for other in others) if key not in apart], organisation)


def _rows(organisation: int) -> QuerySet[Customer]:
    return Customer.objects.filter(organisation_id=organisation, merged_into__isnull=True)


def _groups(rows: QuerySet[Customer], name: str) -> Iterable[Sequence[uuid.UUID]]:
    counted = rows.exclude(**{name: ""}).values(name).annotate(n=Count("id")).filter(n__gte=2, n__lte=CROWD)
    shared = list(counted.order_by("n", name).values_list(name, flat=True)[:GROUPS])
    found: dict[str, list[uuid.UUID]] = defaultdict(list)
    for value, key in rows.filter(**{f"{name}__in": shared}).values_list(name, "id"):
        found[value].append(key)
    return found.values()


def _weighed(keys: Sequence[tuple[uuid.UUID, uuid.UUID]], organisation: int, least: float = POSSIBLE) -> list[Pair]:
    found = {row.id: row for row in _rows(organisation).filter(id__in={key for both in keys for key in both})}
    unions = dict(Identity.objects.filter(organisation_id=organisation, kind="union", customer__in=list(found)).values_list("customer_id", "value"))
    bearers = _bearers({row.name for row in found.values() if row.name}, organisation)
    n = _rows(organisation).count() if keys else 0
    made = []
    for first, second in keys:
        if first in found and second in found:
            one, other = sorted((found[first], found[second]), key=lambda row: (row.created_at, row.id))
            said = likeness(_known(one, unions), _known(other, unions), n_same_name=bearers[one.name], n_customers=n)
            if said.score >= least:
                made.append(Pair(one, other, said))
    return sorted(made, key=lambda pair: pair.position)


def _bearers(names: set[str], organisation: int) -> Counter[str]:
    rows = _rows(organisation).filter(name__in=names).values("name").annotate(n=Count("id"))
    return Counter(dict(rows.values_list("name", "n")))


def _known(row: Customer, unions: dict[uuid.UUID, str]) -> Known:
    return Known(row.name, row.phone, row.email, unions.get(row.id, ""), row.external_id or "")


def _key(one: uuid.UUID, other: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    first, second = sorted((one, other))
    return first, second
