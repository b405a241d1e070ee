"""`/customers/duplicates`, merging two customers and taking it back."""

import uuid
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import ID, INSTANT, WHOLE, Operation, listed, maybe, obj, ref, text
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.problems import not_found
from api.shapes import instant
from customers import customers, merging, suggesting
from customers.models import Customer, Merge
from customers.suggesting import Pair
from cxms.lib.text import mask_email, mask_name, mask_phone

FIELDS = ("name", "phone", "email", "tier")
MASKS = {"name": mask_name, "phone": mask_phone, "email": mask_email}
SIGNS = listed(obj({"sign": text(), "bits": {"type": "number"}}), description="what agrees, or with “-” before it differs, the heaviest first")
MERGE = obj(
    {"id": ID, "kept": ID, "gone": ID, "score": {"type": "number"}, "merged_at": INSTANT, "merged_by": text(), "undone_at": maybe(INSTANT)}
)
PAIR = obj({"one": ref("Customer"), "other": ref("Customer"), "score": {"type": "number"}, "signs": SIGNS})


def shown(row: Customer, *, is_whole: bool) -> dict[str, Any]:
    """A customer as the API says it: whole for who keeps the register, else with name, phone and e-mail reduced."""
    said = {name: getattr(row, name) for name in FIELDS}
    if not is_whole:
        said |= {name: mask(said[name]) for name, mask in MASKS.items() if said[name]}
    return {"id": str(row.id), "external_id": row.external_id, **said}


def _merge(row: Merge) -> dict[str, Any]:
    return {
        "id": str(row.id), "kept": str(row.kept_id), "gone": str(row.gone_id), "score": row.score, "merged_at": instant(row.merged_at),
        "merged_by": row.merged_by, "undone_at": instant(row.undone_at),
    }  # fmt: skip


def _pair(pair: Pair, *, is_whole: bool) -> dict[str, Any]:
    signs = [{"sign": name, "bits": bits} for name, bits in pair.likeness.signs]
    return {"one": shown(pair.one, is_whole=is_whole), "other": shown(pair.other, is_whole=is_whole), "score": pair.likeness.score, "signs": signs}


class DuplicateList(Endpoint):
    """`GET /customers/duplicates`."""

    needs: ClassVar[dict[str, str]] = {"GET": "customers:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Customers",
            "Pairs of customers who may be one person",
            obj({"results": listed(PAIR), "next": maybe(text()), "n": WHOLE}),
            description="They share a phone, an address or a rare name; score is how likely they are one, the likeliest first. `next` goes on "
            "behind the last pair, also when pairs of this page were merged since; `n` is how many there are now, on all pages. "
            "Nobody with an id of yours is ever merged without being told to.",
        )
    }

    def get(self, request: Request) -> Response:
        """One page."""
        position, limit = read_cursor(request, lambda at: (float(at[0]), uuid.UUID(at[1]), uuid.UUID(at[2]))), limit_of(request)
        pairs = suggesting.pairs(organisation=self.organisation)
        left = suggesting.after(pairs, position) if position else pairs
        results = [_pair(pair, is_whole=self.may("customers:write")) for pair in left[:limit]]
        return Response({"results": results, "next": cursor_of(*left[limit - 1].position) if len(left) > limit else None, "n": len(pairs)})


class CustomerMerge(Endpoint):
    """`POST /customers/{external_id}/merge`."""

    needs: ClassVar[dict[str, str]] = {"POST": "customers:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Customers",
            "Merge another customer into this one",
            MERGE,
            description="Events, voices, complaints, invitations and ways to be recognised go over; empty fields are filled. Sent again "
            "it gives the merge that stands. Can be undone.",
            body=obj({"other": text(120, description="your id of who is merged into this one")}, required=("other",)),
            example={"other": "K-1002"},
        )
    }

    def post(self, request: Request, external_id: str) -> Response:
        """The merge."""
        payload = self.document()
        named = str(payload.get("other", "")) if isinstance(payload, dict) else ""
        kept = customers.by_external(external_id, organisation=self.organisation)
        other = customers.by_external(named, organisation=self.organisation)
        if kept is None or other is None:
            return not_found()
        if kept.id == other.id and (stands := merging.standing(kept.id, named, organisation=self.organisation)):
            return Response(_merge(stands))
        pair = suggesting.pair(kept.id, other.id, organisation=self.organisation)
        if pair is None:
            raise merging.MergeError("two different customers are needed", code="not_two", field="other")
        row = merging.merge(kept.id, other.id, pair.likeness, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response(_merge(row))


class MergeUndo(Endpoint):
    """`POST /customers/merges/{id}/undo`."""

    needs: ClassVar[dict[str, str]] = {"POST": "customers:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Customers",
            "Take a merge back",
            MERGE,
            description="Every row that went over returns; what came since stays. The last merge goes first. Sent again it changes nothing.",
        )
    }

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """The merge as it stands then."""
        return Response(_merge(merging.undo(key, organisation=self.organisation, now=self.now, actor=self.actor)))
