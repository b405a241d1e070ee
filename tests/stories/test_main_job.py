"""The main job, told without a browser: a voice comes in, a promise clock ticks, an NPS comes out."""

from datetime import timedelta
from decimal import Decimal

from alerts.models import Notice
from complaints import moves
from complaints.models import Clock, Ticket
from feedback import intake
from feedback.intake import Source
from feedback.models import Analysis
from feedback.shapes import RawScore, RawVoice
from metrics import rollup
from metrics.models import UnitDay


def test_a_voice_becomes_a_ticket_and_is_counted(shop, now, work):
    voice = RawVoice(
        channel="phone",
        text="昨天换的电池，今天两个小时就掉到40%，我要投诉，要求退款",
        unit="S001",
        staff="E001",
        external_id="A-1",
        scores=(RawScore("nps", Decimal(2), 0, 10),),
    )
    with shop.scope():
        (receipt,) = intake.receive([voice], organisation=shop.id, source=Source(b"{}", "application/json", "t"), now=now)
        (again,) = intake.receive([voice], organisation=shop.id, source=Source(b"{}", "application/json", "t"), now=now)
    assert receipt.status == "accepted"
    assert (again.status, again.id) == ("duplicate", receipt.id)

    work()
    with shop.scope():
        analysis = Analysis.objects.get(feedback_id=receipt.id)
        assert analysis.kind == "complaint"
        ticket = Ticket.objects.get(feedback_id=receipt.id)
        clocks = {clock.clause: clock for clock in Clock.objects.filter(ticket=ticket)}
        assert clocks["solution"].due_at - ticket.received_at == timedelta(hours=2)
        assert clocks["reconstruction"].due_at - ticket.received_at == timedelta(hours=1)
        assert clocks["reflection"].state == "waiting"
        told = Notice.objects.get(ticket=ticket, purpose="executives")
        assert told.recipient_id == shop.members["executive"].id
        bucket = UnitDay.objects.get(kind="nps")
        assert (bucket.n, bucket.h2, bucket.total) == (1, 1, Decimal(2))
        assert rollup.audit(organisation=shop.id) == []


def test_moves_run_to_acceptance(shop, now, work):
    voice = RawVoice(channel="store", text="耳机左侧无声，换过一次还是坏的，要求退货", unit="S001")
    with shop.scope():
        from complaints.intake import Complaint, file

        ticket, fresh = file(
            Complaint(voice), organisation=shop.id, source=Source(b"x", "text/plain", "user:x"), now=now
        )
    assert fresh
    five = dict.fromkeys(("who", "when", "where", "what", "evidence"), "已查明") | {"signed": True}
    for move, fields in (
        ("assign", {"assignee": "E001"} if False else {"assignee": shop.members["frontline"].user.email}),
        ("reply", {"text": "您好，我们正在核实"}),
        ("reconstruct", five),
        ("propose", {"text": "换新机", "wait": True}),
        ("accept", {"consent": "verbal"}),
    ):
        with shop.scope():
            ticket = moves.apply(ticket.id, move, fields, organisation=shop.id, actor="user:x")
    with shop.scope():
        states = {clock.clause: clock.state for clock in Clock.objects.filter(ticket=ticket)}
    assert ticket.state == "resolved"
    assert states["reconstruction"] == "met"
    assert states["solution"] == "met"
    assert states["reflection"] == "running"
