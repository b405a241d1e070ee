"""A complaint on the desk, as the log page would file it."""

from collections.abc import Callable
from typing import Any

import pytest

from complaints.intake import Complaint, file
from customers.cards import Card
from feedback.intake import Source
from feedback.shapes import RawVoice


@pytest.fixture
def complain(shop, now) -> Callable[..., Any]:
    """Files one complaint and returns its ticket."""

    def make(text: str = "耳机左侧无声，换过一次还是坏的，要求退货", **fields: Any) -> Any:
        extra = {name: fields.pop(name) for name in ("severity", "received_at") if name in fields}
        fields.setdefault("channel", "store")
        fields.setdefault("unit", "S001")
        fields.setdefault("customer", Card(external_id="K-1", name="陈建国", phone="13812346629"))
        home = fields.pop("shop", shop)
        with home.scope():
            ticket, _ = file(
                Complaint(RawVoice(text=text, **fields), **extra),
                organisation=home.id,
                source=Source(b"x", "text/plain", "user:x"),
                now=now,
            )
        return ticket

    return make
