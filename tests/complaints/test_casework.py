"""A flood of complaints is worked in slices, and every one of them gets its ticket once."""

from complaints import casework
from complaints.models import Ticket
from feedback import intake
from feedback.intake import Source
from feedback.shapes import RawVoice
from ledger.models import Fact


def test_a_flood_is_worked_in_slices(shop, now, work, monkeypatch):
    monkeypatch.setattr(casework, "SLICE", 4)
    rows = [
        RawVoice(channel="app", text="手机坏了，没人管，我要投诉，要求退款", external_id=f"f{i}", unit="S001", row=i)
        for i in range(11)
    ]
    with shop.scope():
        intake.receive(rows, organisation=shop.id, source=Source(b"[]", "x", "t"), now=now)
    work()
    with shop.scope():
        assert Ticket.objects.count() == 11
        assert Fact.objects.filter(kind="triage.continued").count() == 2
        numbers = sorted(Ticket.objects.values_list("number", flat=True))
        assert [number[-3:] for number in numbers] == [f"{i:03d}" for i in range(1, 12)]
