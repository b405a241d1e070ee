"""`/published-indices`: what others published, marked as such; no figure of the organisation's own is in it."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import NUMBER, WHOLE, YES, Operation, choice, listed, obj, page, text
from api.door import Endpoint
from metrics import published
from metrics.published import Index

VALUE = obj({"year": WHOLE, "value": NUMBER, "source": text()})
INDEX = obj({
    "code": text(), "name": text(), "publisher": text(), "metric": text(), "kind": choice("published"), "own_data": YES, "shipped": YES,
    "values": listed(VALUE),
})  # fmt: skip


class IndexList(Endpoint):
    """`GET /published-indices`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "Published indices, with year, publisher and source",
            page(INDEX),
            description="Public figures of others: `own_data` is false throughout, and none of them is in any series. `metric`: the one on "
            "the same scale, beside which it may be drawn. `shipped` ones are read-only, the others were added by the organisation.",
        )
    }

    def get(self, request: Request) -> Response:
        """All of them."""
        return Response({"results": [_shape(one) for one in published.indices(organisation=self.organisation)], "next": None})


def _shape(one: Index) -> dict[str, Any]:
    values = [{"year": value.year, "value": value.value, "source": value.source} for value in one.values]
    return {
        "code": one.code, "name": one.label, "publisher": one.publisher, "metric": one.metric, "kind": "published", "own_data": False,
        "shipped": one.is_shipped, "values": values,
    }  # fmt: skip
