"""An invitation is mailed by a real SMTP server, once, and its link opens the page."""

import re
import uuid

import pytest

from tenancy import invitations
from tenancy.models import Invitation
from tests.smtp import Box, posting


@pytest.fixture
def mailbox(settings):
    with posting(settings, Box()) as box:
        yield box


def ask(shop, now):
    with shop.scope():
        return invitations.invite(
            organisation=shop.id, email=f"{uuid.uuid4().hex}@x.example", name="林晚", roles=[("analyst", "HQ")], now=now, actor="t", by="周维",
        )  # fmt: skip


def test_the_mail_carries_the_link_once(shop, now, work, mailbox, client):
    row = ask(shop, now)
    work()
    work()
    (mail,) = mailbox.to(row.email)
    assert mail["Subject"] == "周维 邀请你加入 试店"
    assert str(row.id) in mail["Message-ID"]
    path = re.search(r"(/invited/\S+/)", mail.get_content()).group(1)
    assert client.get(path).status_code == 200
    with shop.scope():
        assert Invitation.objects.get(id=row.id).mailed_at is not None
        invitations.send_again(row.id, organisation=shop.id, now=now, actor="t")
    work()
    mails = mailbox.to(row.email)
    assert len(mails) == 2
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]
    assert client.get(path).status_code == 404


def test_a_revoked_invitation_is_not_mailed(shop, now, work, mailbox):
    with shop.scope():
        row = invitations.invite(organisation=shop.id, email="r@x.example", name="", roles=[("analyst", "HQ")], now=now, actor="t")
        invitations.revoke(row.id, organisation=shop.id, now=now, actor="t")
    work()
    assert mailbox.to("r@x.example") == []
