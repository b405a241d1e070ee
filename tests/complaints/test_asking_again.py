"""An offer that nobody answers: the next who may say yes, every ten minutes, three times, each told once."""

from datetime import timedelta

import pytest

from alerts import notices
from alerts.models import Notice
from complaints import approvals, asking_again, moves
from complaints.models import Approval
from ledger.models import Fact
from tests.eight import by_eight
from tests.web.conftest import complain as complain


@pytest.fixture
def asked(shop, complain, work):
    """An offer of an amount by the frontline, waiting."""

    def make(amount="1500"):
        ticket = complain()
        member = shop.members["frontline"]
        fields = {"options": [{"text": "退款", "kind": "refund", "amount": amount}]}
        with shop.scope():
            moves.apply(ticket.id, "propose", fields, organisation=shop.id, actor=f"user:{member.user.email}", actor_name=member.name)
        work()
        return ticket

    return make


def ten_minutes_on(shop):
    with shop.scope():
        for row in Approval.objects.filter(next_fire_at__isnull=False):
            row.next_fire_at -= timedelta(minutes=10)
            row.save()


def told(shop):
    with shop.scope():
        rows = Notice.objects.filter(purpose="approval").order_by("created_at", "recipient__name")
        return [(row.data.get("again", 0), row.recipient.name) for row in rows]


LINES = [
    ("1500", [(0, "store_manager"), (1, "region_manager"), (2, "cx_manager"), (3, "executive")]),
    ("15000", [(0, "cx_manager"), (1, "executive"), (2, "admin"), (3, "admin")]),
]


@pytest.mark.parametrize(("amount", "line"), LINES)
def test_the_next_rung_whose_authority_reaches_then_the_last_again_three_times(shop, asked, work, amount, line):
    asked(amount)
    for _ in range(5):
        ten_minutes_on(shop)
        work()
    assert told(shop) == line
    with shop.scope():
        row = Approval.objects.get()
        assert (row.n_again, row.next_fire_at) == (3, None)


def test_alone_with_the_authority_he_is_asked_again(shop, asked, work):
    from tenancy.models import Member

    with shop.scope():
        Member.objects.filter(name__in=["region_manager", "cx_manager", "executive", "admin"]).update(absent=True)
    asked()
    ten_minutes_on(shop)
    work()
    assert told(shop) == [(0, "store_manager"), (1, "store_manager")]


def test_before_ten_minutes_after_an_answer_and_after_an_end_nobody_is(shop, asked, work, now):
    asked()
    work()
    with shop.scope():
        row = Approval.objects.get()
        assert row.next_fire_at == row.asked_at + timedelta(minutes=10)
        approvals.decide(approvals.by_id(row.id, organisation=shop.id), shop.members["store_manager"], approve=False, reason="先换货", now=now)
        row.refresh_from_db()
        assert row.next_fire_at is None
    ended = asked()
    with shop.scope():
        moves.apply(ended.id, "resolve", {"text": "当面退了"}, organisation=shop.id, actor="t")
        assert set(Approval.objects.values_list("next_fire_at", flat=True)) == {None}
    work()
    assert [step for step, _ in told(shop)] == [0, 0]


def test_a_fact_that_comes_after_the_answer_tells_nobody_and_one_that_comes_twice_once(shop, asked, now):
    asked()
    with shop.scope():
        row = Approval.objects.get()
        where = {"step": 1, "organisation": shop.id, "now": now}
        assert len(notices.tell_approvers(row.id, **where)) == 1
        assert notices.tell_approvers(row.id, **where) == []
        approvals.decide(approvals.by_id(row.id, organisation=shop.id), shop.members["store_manager"], approve=True, now=now)
        assert notices.tell_approvers(row.id, step=2, organisation=shop.id, now=now) == []


def swept_by_eight(shop):
    def run():
        with shop.scope():
            asking_again.ask_again(organisation=shop.id)

    by_eight(run)
    with shop.scope():
        return Fact.objects.filter(kind="approval.waited").count()


def test_eight_workers_write_a_step_once(shop, asked):
    asked()
    ten_minutes_on(shop)
    assert swept_by_eight(shop) == 1


def test_the_control_a_timer_that_does_not_write_its_step_down_says_it_again(shop, asked, monkeypatch):
    asked()
    ten_minutes_on(shop)
    monkeypatch.setattr(Approval, "save", lambda self, **kwargs: None)
    with shop.scope():
        asking_again.ask_again(organisation=shop.id)
        asking_again.ask_again(organisation=shop.id)
        assert Fact.objects.filter(kind="approval.waited").count() == 2, "the test must be able to see a repeat"


def test_the_timeline_says_so(shop, asked, work):
    ticket = asked()
    ten_minutes_on(shop)
    work()
    page = shop.page("frontline").get(f"/promises/{ticket.number}/").content.decode()
    solution = shop.page("frontline").get(f"/promises/{ticket.number}/?tab=solution").content.decode()
    assert "已问：store_manager、region_manager" in solution
    assert "请 store_manager（未读） 批" in page
    assert "分钟没有人批，再请 region_manager（未读） 批" in page
