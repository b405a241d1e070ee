"""Mail in over a real IMAP server: every mail once, machines open nothing, an answer finds its ticket, guessers do not."""

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.test import Client

from complaints import links, moves
from complaints.models import Move, Ticket
from cxms.lib import clock
from cxms.lib.ids import new_id
from feedback import mailboxes
from feedback.channels import email
from feedback.mailboxes import Account, MailboxError
from feedback.models import Feedback, Mailbox, MailMessage

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
CONF = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{home}/mail/%u
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password=geheim-7
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/mail/%u
}}
"""

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(not Path(DOVECOT).exists() or os.getuid() != 0, reason="dovecot is not installed (apt-get install dovecot-imapd)"),
]


@pytest.fixture(scope="module")
def server():
    """A dovecot of our own on a free port."""
    # not pytest's own folder: that is closed to the account that keeps the mail
    home = Path(tempfile.mkdtemp(prefix="cxms-imap-"))
    home.chmod(0o755)
    (home / "mail").mkdir()
    shutil.chown(home / "mail", "mail", "mail")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    conf = home / "dovecot.conf"
    conf.write_text(CONF.format(home=home, port=port))
    process = subprocess.Popen([DOVECOT, "-F", "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            imaplib.IMAP4("127.0.0.1", port).logout()
            break
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.1)
    yield port
    process.terminate()
    process.wait(20)
    shutil.rmtree(home, ignore_errors=True)


def deliver(port, user, body):
    with imaplib.IMAP4("127.0.0.1", port) as box:
        box.login(user, "geheim-7")
        assert box.append("INBOX", "", None, body)[0] == "OK"


def letter(text="屏幕换了三天又坏了，我要投诉，要求退款", subject="投诉", sender="陈建国 <chen@example.com>", **headers):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "care@shop.example", subject
    mail["Message-ID"] = headers.pop("message_id", f"<{new_id()}@example.com>")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


@pytest.fixture
def box(shop, server, settings, now):
    settings.IMAP_PLAIN_HOSTS = ["127.0.0.1"]
    account = Account(new_id(), "127.0.0.1", server, "plain", f"care-{shop.id}", "geheim-7", "INBOX")
    with shop.scope():
        return mailboxes.put(account, "客服", unit=shop.units["S001"], version=0, organisation=shop.id, now=now)


def poll(shop, work):
    with shop.scope():
        Mailbox.objects.update(next_poll_at=clock.now())
    work()


def test_mails_become_voices_and_tickets_once(shop, server, box, work):
    for body in (letter(), letter("店员很热情，谢谢", "表扬", "李女士 <li@example.com>")):
        deliver(server, box.username, body)
    for _ in range(3):
        poll(shop, work)
    with shop.scope():
        rows = {row.subject: row for row in MailMessage.objects.all()}
        assert {name: row.outcome for name, row in rows.items()} == {"投诉": "voice", "表扬": "voice"}
        voice = Feedback.objects.select_related("customer", "unit").get(id=rows["投诉"].feedback_id)
        assert (voice.channel, voice.unit.code, voice.customer.email) == ("email", "S001", "chen@example.com")
        assert voice.text == "投诉\n屏幕换了三天又坏了，我要投诉，要求退款"
        assert Ticket.objects.get().feedback_id == voice.id
        found = Mailbox.objects.get()
        assert (found.error, found.last_uid) == ("", 2)
    with imaplib.IMAP4("127.0.0.1", server) as imap:
        imap.login(box.username, "geheim-7")
        imap.select("INBOX", readonly=True)
        assert imap.search(None, "UNSEEN")[1] == [b"1 2"]  # nothing of the owner's was marked or removed


def test_an_answer_goes_to_its_ticket_and_a_guess_does_not(shop, server, box, work):
    deliver(server, box.username, letter(message_id="<first@example.com>"))
    poll(shop, work)
    with shop.scope():
        ticket = Ticket.objects.get()
    ours = f"<ticket-{ticket.id}-2@cxms.localhost>"
    history = "好的，请退款\n\n在 2026年11月22日，客服 <care@shop.example> 写道：\n> 您好，我们正在核实"
    deliver(server, box.username, letter(history, f"Re: 投诉 [{ticket.number}]", In_Reply_To=ours))
    deliver(server, box.username, letter("还有发票", "Re: 投诉", References="<first@example.com>"))
    deliver(server, box.username, letter("把钱打给我", f"[{ticket.number}]", "Mallory <m@evil.example>", In_Reply_To=ours))
    poll(shop, work)
    with shop.scope():
        said = [move.data["text"] for move in Move.objects.filter(ticket=ticket, kind="message").order_by("seq")]
        assert said == ["好的，请退款", "还有发票"]
        assert MailMessage.objects.get(from_email="m@evil.example").outcome == "voice"


@pytest.mark.parametrize("whose", ("his own", "nobody's"))
def test_an_answer_on_a_duplicate_goes_to_the_one_that_was_kept(shop, stranger, server, box, work, whose):
    """Both timelines say it. While it is not certain that the kept one is his too, his words stay on his own."""
    deliver(server, box.username, letter(message_id="<one@example.com>"))
    poll(shop, work)
    deliver(server, box.username, letter("屏幕又坏了，我要投诉第二次，要求退款", message_id="<two@example.com>"))
    poll(shop, work)
    with shop.scope():
        kept, copy = Ticket.objects.order_by("received_at")
        moves.apply(copy.id, "duplicate", {"of": kept.number}, organisation=shop.id, actor="t")
        if whose == "nobody's":
            Ticket.objects.filter(id=kept.id).update(customer=None)
    deliver(server, box.username, letter("附上发票", "Re: 投诉", In_Reply_To=f"<ticket-{copy.id}-2@cxms.localhost>"))
    poll(shop, work)
    with shop.scope():
        said = {move.ticket_id: move for move in Move.objects.filter(kind="message")}
        told = [(m.ticket_id, m.data["kind"], m.data["number"]) for m in Move.objects.filter(kind="linked").exclude(data__kind="duplicate")]
        if whose == "his own":
            assert (list(said), said[kept.id].data["text"], told) == ([kept.id], "附上发票", [(copy.id, "passed", kept.number)])
        else:
            assert (list(said), told) == ([copy.id], [(kept.id, "heard", copy.number)])
        assert MailMessage.objects.get(text__contains="附上发票").outcome == "reply"
    page = shop.page()
    for number, words in ((kept.number, "附上发票" if whose == "his own" else f"重复的 {copy.number} 收到了客户的来信"), (copy.number, "已转到留下的" if whose == "his own" else "附上发票")):
        assert words in page.get(f"/promises/{number}/").content.decode()
    shown = {t.id: Client().get(f"/p/{links.token_for(t.id, organisation=shop.id)}/").content.decode() for t in (kept, copy)}
    assert "附上发票" in shown[copy.id]
    assert ("附上发票" in shown[kept.id]) == (whose == "his own")
    with stranger.scope():
        assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-replied"}, "auto_submitted"),
        ({"Precedence": "bulk"}, "bulk"),
        ({"X_Autoreply": "yes"}, "auto_reply"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"List_Id": "<news.example>"}, "bulk"),
    ],
)
def test_machines_open_nothing(shop, server, box, work, headers, reason):
    deliver(server, box.username, letter("我要投诉，要求退款", **headers))
    deliver(server, box.username, letter("我要投诉", sender="MAILER-DAEMON@example.com"))
    deliver(server, box.username, letter("我要投诉", subject="自动回复：我在休假"))
    poll(shop, work)
    with shop.scope():
        rows = list(MailMessage.objects.order_by("id"))
        assert [row.outcome for row in rows] == ["ignored"] * 3
        assert rows[0].reason == reason
        assert (Ticket.objects.count(), Feedback.objects.count()) == (0, 0)


def test_a_mail_in_gb18030_and_one_in_html_are_read(shop, server, box, work):
    old = b"From: a@example.com\r\nSubject: =?gb18030?B?zbbL3w==?=\r\nContent-Type: text/plain; charset=gb18030\r\n\r\n"
    deliver(server, box.username, old + "快递三天没到".encode("gb18030"))
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "b@example.com", "HTML", "<html@example.com>"
    mail.set_content("<p>空调<b>不冷</b></p><script>alert(1)</script><blockquote>旧的话</blockquote>", subtype="html")
    deliver(server, box.username, mail.as_bytes())
    poll(shop, work)
    with shop.scope():
        texts = {row.from_email: (row.subject, row.text) for row in MailMessage.objects.all()}
    assert texts == {"a@example.com": ("投诉", "快递三天没到"), "b@example.com": ("HTML", "空调不冷")}


IMPOSSIBLE = ("Fri, 31 Dec 9999 23:59:59 -1200", "Fri, 01 Jan 0999 00:00:00 +1400", "Mon, 99 Foo 2026 99:99:99", "\x01")


def test_no_message_holds_up_those_behind_it(shop, server, box, work, monkeypatch):
    """Dates past the end of time, and a mail that breaks the reader: all are kept once, the cursor goes on, those behind come in."""
    parse = email.parse

    def breaks(body):
        if b"breaks the reader" in body:
            raise RecursionError("a hostile structure")
        found = parse(body)
        # what the reader lets through and the database does not
        return replace(found, subject=found.subject + "\x00") if b"breaks the store" in body else found

    monkeypatch.setattr(email, "parse", breaks)
    for date in IMPOSSIBLE:
        deliver(server, box.username, letter(Date=date) if date != "\x01" else letter().replace(b"Subject", b"Date: \xff\r\nSubject", 1))
    for words in ("breaks the reader", "breaks the store"):
        deliver(server, box.username, letter(words))
    deliver(server, box.username, letter("店员很热情，谢谢", "表扬", "李女士 <li@example.com>"))
    for _ in range(2):
        poll(shop, work)
    with shop.scope():
        rows = list(MailMessage.objects.order_by("id"))
        assert [(row.outcome, row.reason) for row in rows] == [("voice", "")] * 4 + [("ignored", "unreadable")] * 2 + [("voice", "")]
        assert b"breaks the reader" in bytes(rows[4].raw.body)
        found = Mailbox.objects.get()
        assert (found.error, found.last_uid) == ("", 7)
        assert all(abs((row.occurred_at - clock.now()).days) < 2 for row in Feedback.objects.all())


def test_mails_that_cannot_be_kept_are_told_on_the_page_and_asked_for_again(shop, server, box, work, monkeypatch):
    deliver(server, box.username, letter())

    def fails(*_, **__):
        raise ValueError(f"{letter()!r}")

    with monkeypatch.context() as broken:
        broken.setattr(mailboxes, "record_many", fails)
        poll(shop, work)
    with shop.scope():
        found = Mailbox.objects.get()
        assert (found.error, found.last_uid) == ("the mails came but could not be kept: ValueError", 0)
        assert not MailMessage.objects.exists()
    assert "读不到" in shop.page().get("/imports/mailboxes/").content.decode()
    poll(shop, work)
    with shop.scope():
        found = Mailbox.objects.get()
        assert (found.error, found.last_uid, MailMessage.objects.count()) == ("", 1, 1)


def test_a_wrong_password_is_said_on_the_page_and_loses_nothing(shop, server, box, work, now):
    with shop.scope():
        account = Account(box.id, "127.0.0.1", server, "plain", box.username, "falsch", "INBOX")
        mailboxes.put(account, "客服", unit=None, version=1, organisation=shop.id, now=now)
    deliver(server, box.username, letter())
    poll(shop, work)
    assert "读不到" in shop.page().get("/imports/mailboxes/").content.decode()
    with shop.scope():
        account = Account(box.id, "127.0.0.1", server, "plain", box.username, "geheim-7", "INBOX")
        mailboxes.put(account, "客服", unit=None, version=2, organisation=shop.id, now=now)
    poll(shop, work)
    with shop.scope():
        assert MailMessage.objects.count() == 1
        assert b"geheim" not in bytes(Mailbox.objects.get().password)


def test_without_encryption_only_hosts_of_this_machine(shop, now):
    account = Account(new_id(), "mail.example", 143, "plain", "u", "p", "INBOX")
    with shop.scope(), pytest.raises(MailboxError, match="泄露密码"):
        mailboxes.put(account, "x", unit=None, version=0, organisation=shop.id, now=now)


def test_hostile_bytes_never_raise():
    import random

    rng = random.Random(3)
    good = letter()
    for _ in range(300):
        body = bytearray(good)
        for _ in range(rng.randrange(1, 40)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        found = email.parse(bytes(body))
        assert "\x00" not in found.text + found.subject
    assert email.parse(b"").machine == "no_sender"
