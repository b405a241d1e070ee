"""Two customers who are one: joined by a person, every row noted that changed hands, and taken apart again as they were.

What belongs to this app changes hands here, in the person's transaction. Voices, tickets and invitations belong to other
apps: the fact `customer.merged` goes up to them, and each gives over its own (`settle`). One fact serves both ways: what is
done is what the merge says at that moment, so order and repetition do not matter.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from customers.customers import RESOLVING, CustomerStale, version_of
from customers.identities import phone_tail
from customers.likeness import Likeness
from customers.models import Apart, Customer, CustomerEvent, Handed, Identity, Merge
from cxms.lib import name_sounds, staging
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_ids
from ledger.facts import record
from tenancy import audit

# nothing may be half resolved while customers are joined; whoever resolves holds this shared
ALONE = "select pg_advisory_xact_lock(730184523, %s)"
WAIT = "set local lock_timeout = '2s'"
AS_BEFORE = "set local lock_timeout to default"
FIELDS = ("name", "tier", "phone", "email", "external_id")
# (ids to give, to whom) → the ids that were given
Give = Callable[[Sequence[uuid.UUID] | None, uuid.UUID, uuid.UUID], list[uuid.UUID]]


class MergeError(DomainError):
    """These two cannot be merged, or this merge cannot be undone now."""


def merge(
    kept: uuid.UUID, gone: uuid.UUID, likeness: Likeness, *, versions: tuple[str, str] | None = None, organisation: int, now: datetime, actor: str
) -> Merge:
    """Joins `gone` into `kept`: its identities and events change hands, empty fields are filled, its own row stays behind.

    versions: of both as they were looked at. Doing it again gives the merge that stands. Raises MergeError, CustomerStale.
    """
    _alone(organisation)
    rows = {row.id: row for row in Customer.objects.select_for_update().filter(organisation_id=organisation, id__in=[kept, gone]).order_by("id")}
    stands = Merge.objects.filter(organisation_id=organisation, kept=kept, gone=gone, undone_at__isnull=True).first()
    if stands is not None:
        return stands
    _check(rows, kept, gone, versions)
    before = {side: {name: getattr(rows[key], name) for name in FIELDS} for side, key in (("kept", kept), ("gone", gone))}
    row = Merge.objects.create(
        organisation_id=organisation, kept_id=kept, gone_id=gone, score=likeness.score, signs=[list(sign) for sign in likeness.signs],
        before=before, merged_at=now, merged_by=actor[:80],
    )  # fmt: skip
    Customer.objects.filter(organisation_id=organisation, id=gone).update(external_id=None, merged_into_id=kept, updated_at=now)
    _fill(rows[kept], rows[gone], now)
    for noun, give in OWN.items():
        hand(row, noun, give(None, gone, kept))
    Apart.objects.filter(organisation_id=organisation, **_pair(kept, gone)).delete()
    _tell(row, "customer.joined", now, actor)
    return row


def undo(key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> Merge:
    """Takes a merge back: every row that changed hands returns; what came since stays with the kept one.

    A field of the kept one that was edited since stays as edited. The last merge goes first. Raises MergeError.
    """
    _alone(organisation)
    row = Merge.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None:
        raise MergeError(_("没有这次合并"), code="not_found", field="id")
    if row.undone_at is not None:
        return row
    if Merge.objects.filter(organisation_id=organisation, undone_at__isnull=True, gone_id=row.kept_id).exists():
        raise MergeError(_("留下的这位后来又并入了别人，请先撤销那一次"), code="merged_since", field="id")
    later = Merge.objects.filter(organisation_id=organisation, undone_at__isnull=True, kept_id=row.kept_id)
    if later.filter(merged_at__gt=row.merged_at).exists() or later.filter(merged_at=row.merged_at, id__gt=row.id).exists():
        raise MergeError(_("之后还有别的人并进来，请先撤销后面的"), code="merged_since", field="id")
    row.undone_at, row.undone_by = now, actor[:80]
    row.save(update_fields=["undone_at", "undone_by"])
    for noun, give in OWN.items():
        _back(row, noun, give)
    _unfill(row, now)
    _tell(row, "customer.parted", now, actor)
    return row


def settle(key: uuid.UUID, noun: str, give: Give, *, organisation: int) -> int:
    """Gives rows of another app over, or back when the merge was undone; returns how many. Called by the followers.

    `give(ids, from, to)` changes the owner of those rows (None: of all) that still belong to `from`; returns their ids.
    """
    with connection.cursor() as cursor:
        # nobody merges the kept one on while its rows arrive
        cursor.execute(RESOLVING, [organisation])
    row = Merge.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None:
        return 0
    if row.undone_at is not None:
        moved, owner = _back(row, noun, give), row.gone_id
    else:
        moved, owner = give(None, row.gone_id, row.kept_id), row.kept_id
        hand(row, noun, moved)
    _onward(moved, owner, noun, give, organisation)
    return len(moved)


def _onward(ids: Sequence[uuid.UUID], owner: uuid.UUID, noun: str, give: Give, organisation: int) -> None:
    """Their owner may have been merged into another meanwhile: these rows follow him."""
    merges = Merge.objects.filter(organisation_id=organisation, undone_at__isnull=True)
    while ids and (step := merges.filter(gone_id=owner).first()) is not None:
        ids, owner = give(ids, step.gone_id, step.kept_id), step.kept_id
        hand(step, noun, ids)


def standing(kept: uuid.UUID, gone_external: str, *, organisation: int) -> Merge | None:
    """The merge into `kept` of whom the CRM knew by this id, when it stands."""
    rows = Merge.objects.filter(organisation_id=organisation, kept_id=kept, undone_at__isnull=True)
    return rows.filter(before__gone__external_id=gone_external).first()


def differ(one: uuid.UUID, other: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> None:
    """Somebody knows these to be two persons: they are not suggested again. Raises MergeError."""
    pair = _pair(one, other)
    if one == other or Customer.objects.filter(organisation_id=organisation, id__in=[one, other]).count() != 2:
        raise MergeError(_("要两位不同的客户"), code="not_two", field="other")
    _row, made = Apart.objects.get_or_create(organisation_id=organisation, **pair, defaults={"said_at": now, "said_by": actor[:80]})
    if made:
        audit.note("customer.parted_for_good", pair["one_id"], organisation=organisation, actor=actor, now=now, detail={"other": str(pair["other_id"])})


def hand(row: Merge, noun: str, ids: Iterable[uuid.UUID]) -> None:
    """Notes which rows changed hands."""
    keys = list(ids)
    rows = [(key, row.organisation_id, row.id, noun, one) for key, one in zip(new_ids(len(keys)) if keys else [], keys, strict=True)]
    staging.insert("customers_handed", ("id", "organisation_id", "merge_id", "noun", "row_id"), rows, on_conflict="on conflict do nothing")


def _back(row: Merge, noun: str, give: Give) -> list[uuid.UUID]:
    noted = Handed.objects.filter(organisation_id=row.organisation_id, merge=row, noun=noun)
    moved = give(list(noted.values_list("row_id", flat=True)), row.kept_id, row.gone_id)
    noted.filter(row_id__in=moved).delete()
    return moved


def _alone(organisation: int) -> None:
    """Waits until nobody is between recognising a customer and storing what he sent. Raises MergeError when that takes long."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(WAIT)
            cursor.execute(ALONE, [organisation])
            cursor.execute(AS_BEFORE)
    except OperationalError as error:
        raise MergeError(_("正有大批资料进来，请过一会儿再试"), code="busy") from error


def _check(rows: dict[uuid.UUID, Customer], kept: uuid.UUID, gone: uuid.UUID, versions: tuple[str, str] | None) -> None:
    if kept == gone or len(rows) != 2:
        raise MergeError(_("要两位不同的客户"), code="not_two", field="other")
    if any(row.merged_into_id for row in rows.values()):
        raise MergeError(_("其中一位已经并入了别人"), code="merged_already", field="other")
    if versions is not None and versions != (version_of(rows[kept]), version_of(rows[gone])):
        raise CustomerStale("the customer has changed since it was read")


def _fill(kept: Customer, gone: Customer, now: datetime) -> None:
    for name in FIELDS:
        setattr(kept, name, getattr(kept, name) or getattr(gone, name))
    _save(kept, now)


def _unfill(row: Merge, now: datetime) -> None:
    """What the merge filled in is emptied again, unless it was edited since; the other gets its CRM id back."""
    kept = Customer.objects.select_for_update().get(organisation_id=row.organisation_id, id=row.kept_id)
    gone = Customer.objects.select_for_update().get(organisation_id=row.organisation_id, id=row.gone_id)
    for name in FIELDS:
        was, given = row.before["kept"][name], row.before["gone"][name]
        if not was and getattr(kept, name) == given:
            setattr(kept, name, was)
    _save(kept, now)
    gone.external_id, gone.merged_into_id = row.before["gone"]["external_id"], None
    _save(gone, now)


def _save(row: Customer, now: datetime) -> None:
    row.phone_tail, row.name_keys, row.updated_at = phone_tail(row.phone), name_sounds.keys(row.name)[:800], now
    row.save(update_fields=[*FIELDS, "phone_tail", "name_keys", "updated_at", "merged_into"])


def _tell(row: Merge, action: str, now: datetime, actor: str) -> None:
    audit.note(action, row.kept_id, organisation=row.organisation_id, actor=actor, now=now, detail={"other": str(row.gone_id)})
    record("customer.merged", row.id, {}, organisation=row.organisation_id, now=now, actor=actor)


def _pair(one: uuid.UUID, other: uuid.UUID) -> dict[str, Any]:
    first, second = sorted((one, other))
    return {"one_id": first, "other_id": second}


def give_in(model: Any) -> Give:
    """A `Give` for a table whose rows have `customer_id`."""

    def give(ids: Sequence[uuid.UUID] | None, giver: uuid.UUID, taker: uuid.UUID) -> list[uuid.UUID]:
        rows = model.objects.filter(customer_id=giver)
        keys = list((rows if ids is None else rows.filter(id__in=ids)).select_for_update(of=("self",)).values_list("id", flat=True))
        model.objects.filter(id__in=keys).update(customer_id=taker)
        return keys

    return give


OWN: dict[str, Give] = {"identity": give_in(Identity), "event": give_in(CustomerEvent)}
