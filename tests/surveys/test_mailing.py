"""An event by the API becomes a mail at a real SMTP server, once, and the mail leads to the answer."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from django.test import Client

from cxms.lib import clock
from ledger import facts, runner
from ledger.models import Delivery
from surveys.models import Invitation
from tests.smtp import posting


class Post:
    """An SMTP server that keeps whole letters, and refuses when it is told to."""

    def __init__(self):
        self.letters, self.refuse, self.never = [], "", ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.never:
            return self.never
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        self.letters.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 taken"


@pytest.fixture
def post(settings):
    with posting(settings, Post()) as box:
        yield box



def tell(shop, key="O-1", **fields):
    body = {
        "external_id": key, "kind": "order", "occurred_at": clock.now().isoformat(), "unit": "S001",
        "customer": {"external_id": "c1", "name": "陈建国", "email": "Chen@Mail.example"}, **fields,
    }  # fmt: skip
    return shop.api("events:write").post("/api/v1/events", data=body, content_type="application/json")


def rows(shop):
    with shop.scope():
        return list(Invitation.objects.filter(organisation_id=shop.id))


def test_an_order_becomes_one_mail_that_leads_to_one_answer(shop, publish, post, work):
    publish()
    assert tell(shop).status_code == 201
    assert tell(shop).status_code == 200
    work()
    ((recipients, letter),) = post.letters
    assert recipients == ["chen@mail.example"]
    assert letter["Subject"] == "试店：一个问题，点一下就答完"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, rich = letter.get_body(("plain",)).get_content(), letter.get_body(("html",)).get_content()
    assert "您今天在杭州西溪店下了单" in plain
    links = re.findall(r"(http\S+/s/\S+?/)\?score=(\d+)", plain)
    assert [int(score) for _, score in links] == list(range(11))
    assert [int(score) for score in re.findall(r'\?score=(\d+)"', rich)] == list(range(11))
    for secret in ("陈建国", "13812346629", "Chen@"):
        assert secret not in plain + rich
    (invitation,) = rows(shop)
    assert invitation.mailed_at is not None
    assert letter["Message-ID"].startswith(f"<invitation-{invitation.id}@")
    path = links[9][0].split("/s/")[1]
    customer = Client()
    assert "就是 9 分，送出" in customer.get(f"/s/{path}?score=9").content.decode()
    assert rows(shop)[0].answered_at is None
    customer.post(f"/s/{path}", {"score": "9", "done": "1", "text": "快"})
    work()
    with shop.scope():
        invitation.refresh_from_db()
    assert invitation.answered_at is not None
    figures = shop.api("metrics:read", "metrics:raw").get("/api/v1/metrics/nps?raw=1").json()
    assert figures["points"][-1]["n"] == 1
    assert len(post.letters) == 1


def test_one_click_unsubscribes_and_one_more_brings_back(shop, publish, post, work):
    publish(quiet_days=0)
    tell(shop)
    work()
    leave = post.letters[0][1]["List-Unsubscribe"].strip("<>").split("/s/")[1]
    client = Client()
    assert client.get(f"/s/{leave}").status_code == 200
    assert rows(shop)[0].reason == ""
    assert client.post(f"/s/{leave}", "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded").status_code == 200
    with shop.scope():
        from surveys import invitations, surveys

        surveys.set_quiet_days(0, organisation=shop.id, now=clock.now(), actor="t")
        assert invitations.unsubscribed(["chen@mail.example"], organisation=shop.id) == {"chen@mail.example"}
    tell(shop, "O-2")
    work()
    assert len(post.letters) == 1
    assert sorted(row.reason for row in rows(shop)) == ["", "unsubscribed"]
    client.post(f"/s/{leave}", {"back": "1"})
    tell(shop, "O-3")
    work()
    assert len(post.letters) == 2


def test_the_mail_waits_for_its_time(shop, publish, post, work):
    publish(delay_minutes=90)
    tell(shop)
    work()
    (row,) = rows(shop)
    assert post.letters == []
    assert timedelta(minutes=89) < row.release_at - clock.now() <= timedelta(minutes=90)
    with shop.scope():
        Invitation.objects.filter(id=row.id).update(release_at=clock.now())
    work()
    assert len(post.letters) == 1


def test_an_address_that_is_refused_for_good_is_noted_and_left_alone(shop, publish, post, work):
    publish()
    post.never = "550 no such user"
    tell(shop)
    work()
    (row,) = rows(shop)
    assert (row.mailed_at, row.mail_error) == (None, "[550]")
    with shop.scope():
        assert Delivery.objects.get(follower="surveys.tasks.mail").done_at is not None
    post.never = ""
    work()
    assert post.letters == []


def test_passing_trouble_is_tried_again(shop, publish, post, work):
    publish()
    post.refuse = "451 later"
    tell(shop)
    work()
    with shop.scope():
        delivery = Delivery.objects.get(follower="surveys.tasks.mail")
        assert (delivery.failure, delivery.done_at, delivery.dead_at) == ("passing", None, None)
        post.refuse = ""
        Delivery.objects.filter(id=delivery.id).update(run_at=clock.now())
    work()
    assert len(post.letters) == 1
    assert rows(shop)[0].mailed_at is not None


def test_a_replayed_delivery_mails_nobody_twice(shop, publish, post, work):
    publish()
    tell(shop)
    work()
    with shop.scope():
        row = Delivery.objects.get(follower="surveys.tasks.mail")
        Delivery.objects.filter(id=row.id).update(done_at=None, dead_at=clock.now())
        facts.replay(row.id, organisation=shop.id, now=clock.now(), actor="t")
    runner.run_batch(shop.id, "survey_mail")
    assert len(post.letters) == 1


@pytest.mark.parametrize(("language", "said"), [("zh-hant", "點一下就答完"), ("en", "one question, one tap")])
def test_the_mail_speaks_the_organisations_language(shop, publish, post, work, language, said):
    shop.organisation.language = language
    shop.organisation.save()
    publish()
    tell(shop)
    work()
    assert said in post.letters[0][1]["Subject"]


def test_bulk_events_record_one_fact_and_a_refused_one_none(shop, publish, work):
    from ledger.models import Fact

    publish()
    at = clock.now().isoformat()
    items = [{"external_id": f"b{i}", "kind": "order", "occurred_at": at} for i in range(5)]
    shop.api().post("/api/v1/events", data=items, content_type="application/json")
    tell(shop, "x", unit="NOPE")
    with shop.scope():
        assert [fact.data["n"] for fact in Fact.objects.filter(kind="customer.event_received")] == [5]
    work()
    assert [row.reason for row in rows(shop)] == ["no_customer"] * 5


def test_another_tenants_event_asks_nobody_here(shop, stranger, publish, post, work):
    publish()
    tell(stranger)
    work(shop, stranger)
    assert post.letters == []
    assert rows(shop) == []
