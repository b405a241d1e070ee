"""A detractor's words become a ticket within a minute: over HTTP, by a real worker, told to the executives."""

import json

import pytest

from complaints.models import Ticket
from cxms.lib import clock
from ledger import runner
from tests.chaos.conftest import until

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("chaos")]


def test_a_detractor_is_a_ticket_within_a_minute(shop, stranger, processes):
    house = processes()
    house.worker()
    until(lambda: runner.silent_seconds("worker") < 2, 60, "the worker at work")
    voice = {"channel": "survey", "external_id": "d1", "unit": "S001", "text": "等了半小时没人理", "scores": [{"kind": "nps", "value": 2}]}
    began = clock.now()
    answer = shop.api().post("/api/v1/feedback", json.dumps(voice), content_type="application/json", headers={"idempotency-key": "d1"})
    assert answer.status_code == 201

    def ticket():
        with shop.scope():
            return Ticket.objects.filter(title="等了半小时没人理").first()

    until(lambda: ticket() is not None, 60, "the ticket of the detractor")
    assert (ticket().opened_at - began).total_seconds() <= 60
    with stranger.scope():
        assert not Ticket.objects.exists()
