"""A customer who wrote by mail is told that his clock rests, and reminded, once, when the wait has lasted too long."""

from datetime import timedelta

import pytest

from complaints import moves
from complaints.models import Clock, Pause
from customers.cards import Card
from tests.smtp import Box, posting
from tests.web.conftest import complain as complain

HIS = "chen@customer.example"


@pytest.fixture
def post(settings):
    with posting(settings, Box()) as box:
        yield box


@pytest.fixture
def written(shop, complain):
    """A complaint that came by mail."""
    return complain(channel="email", customer=Card(external_id="K-9", name="陈建国", email=HIS))


def hold(shop, ticket, reason):
    with shop.scope():
        moves.apply(ticket.id, "hold", {"reason": reason, "proof": "单据 12"}, organisation=shop.id, actor="t")


def words(post):
    return [letter.get_content() for letter in post.to(HIS)]


def test_he_is_told_of_the_wait_and_reminded_when_it_ends_by_itself(shop, post, written, work, now):
    hold(shop, written, "waiting_customer")
    work()
    (said,) = words(post)
    assert "正在等您答复，计时暂停" in said
    assert "/p/" in said
    with shop.scope():
        begun = now - timedelta(hours=73)
        Pause.objects.update(from_at=begun, expires_at=begun + timedelta(hours=72))
        Clock.objects.filter(ticket=written, stopped_at=None, state="paused").update(next_fire_at=now - timedelta(minutes=1))
    work()
    work()
    (_, reminder) = words(post)
    assert "我们还没有等到您的答复，计时接着走" in reminder


def test_going_on_by_hand_writes_no_letter(shop, post, written, work):
    hold(shop, written, "waiting_customer")
    with shop.scope():
        moves.apply(written.id, "resume", {}, organisation=shop.id, actor="t")
    work()
    assert len(words(post)) == 1


def test_a_wait_for_others_is_called_so(shop, post, written, work):
    hold(shop, written, "waiting_third_party")
    work()
    (said,) = words(post)
    assert "正在等厂家或合作方答复" in said


def test_who_did_not_write_by_mail_gets_none(shop, post, complain, work):
    ticket = complain(channel="phone", customer=Card(external_id="K-8", name="何静", email=HIS))
    hold(shop, ticket, "waiting_customer")
    work()
    assert words(post) == []
