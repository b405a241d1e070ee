"""The time to try a customer again has come: whose ticket it is hears of it, once per promised attempt."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts import again
from alerts.models import Notice
from alerts.wording import words
from complaints import contacts_due, moves
from complaints.models import Ticket
from cxms.lib import clock
from ledger.models import Fact
from tests.alerts.test_hops import wish
from tests.alerts.test_rings import filed
from tests.eight import by_eight


@pytest.fixture
def ticket(shop):
    """A complaint of the frontline's, whose customer was not reached and is to be tried again in two hours."""
    row = filed(shop)
    move(shop, row, "assign", assignee=shop.members["frontline"].user.email)
    missed(shop, row)
    return row


def move(shop, ticket, kind, **fields):
    with shop.scope():
        return moves.apply(ticket.id, kind, fields, organisation=shop.id, actor="t")


def missed(shop, ticket, hours=2):
    return move(shop, ticket, "contact", channel="phone", reached=False, next_hours=hours)


def time_comes(shop):
    with shop.scope():
        for row in Ticket.objects.filter(contact_fire_at__isnull=False):
            Ticket.objects.filter(id=row.id).update(contact_fire_at=clock.now() - timedelta(seconds=1))


def told(shop):
    with shop.scope():
        return [row.recipient.name for row in Notice.objects.filter(purpose="contact").select_related("recipient").order_by("created_at")]


def facts(shop):
    with shop.scope():
        return Fact.objects.filter(kind="contact.due").count()


def test_the_owner_is_reminded_once_and_again_for_the_next_attempt(shop, ticket, work):
    work()
    assert told(shop) == []
    for n in (1, 2):
        time_comes(shop)
        work()
        work()
        assert told(shop) == ["frontline"] * n
        missed(shop, ticket, hours=2 + n)
    with shop.scope():
        row = Notice.objects.filter(purpose="contact").select_related("ticket__unit", "recipient__user").first()
        for language, word in (("zh-hans", "再联系客户"), ("zh-hant", "再聯絡客戶"), ("en", "again")):
            assert word in words(row, language=language).subject
    page = shop.page("store_manager").get(f"/promises/{ticket.number}/").content.decode()
    assert "该再联系客户了，提醒 frontline（未读）" in page


def test_reached_tried_again_or_solved_meanwhile_nobody_is_reminded(shop, ticket, work, now):
    with shop.scope():
        due_at = Ticket.objects.get(id=ticket.id).contact_due_at
    move(shop, ticket, "contact", channel="phone", reached=True)
    with shop.scope():
        assert Ticket.objects.get(id=ticket.id).contact_fire_at is None
        assert again.tell(ticket.id, due_at, organisation=shop.id, now=now) == [], "a fact that comes after the attempt"
    missed(shop, ticket)
    move(shop, ticket, "resolve", text="当面退了")
    time_comes(shop)
    work()
    assert (told(shop), facts(shop)) == ([], 0)


def test_history_is_reminded_of_by_nobody(shop, work):
    from complaints.intake import Complaint, file
    from feedback.shapes import RawVoice
    from tests.alerts.test_rings import SOURCE

    received = clock.now() - timedelta(days=9)
    with shop.scope():
        voice = RawVoice(channel="phone", text="要求退款", unit="S001")
        row, _ = file(Complaint(voice, received_at=received), organisation=shop.id, source=SOURCE, now=clock.now())
        fields = {"channel": "phone", "reached": False, "next_hours": 2}
        moves.apply(row.id, "contact", fields, organisation=shop.id, actor="t", at=received + timedelta(hours=1))
        assert Ticket.objects.get(id=row.id).contact_fire_at is None


def test_nobody_owns_it_the_queue_an_absent_owner_his_deputy_a_quiet_one_passes_up(shop, ticket, now):
    def readers():
        with shop.scope():
            Notice.objects.filter(purpose="contact").delete()
            rows = again.tell(ticket.id, Ticket.objects.get(id=ticket.id).contact_due_at, organisation=shop.id, now=now)
            return sorted((row.recipient.name, bool(row.data.get("silent"))) for row in rows)

    wish(shop, "frontline", deputy=shop.members["analyst"].id, away=(now - timedelta(days=1), now + timedelta(days=1)))
    assert readers() == [("analyst", False)]
    local = now.astimezone(ZoneInfo("Asia/Shanghai"))
    minute = local.hour * 60 + local.minute
    wish(shop, "frontline", quiet=(minute, (minute + 60) % 1440))
    assert readers() == [("frontline", True), ("store_manager", False)]
    move(shop, ticket, "unassign")
    assert readers() == [("frontline", True), ("store_manager", False)]


def test_eight_workers_say_it_once(shop, ticket):
    time_comes(shop)
    def run():
        with shop.scope():
            contacts_due.remind(organisation=shop.id)

    by_eight(run)
    assert facts(shop) == 1


def test_the_control_a_reminder_that_is_not_written_down_is_said_again(shop, ticket, monkeypatch):
    time_comes(shop)
    monkeypatch.setattr(Ticket, "save", lambda self, **kwargs: None)
    with shop.scope():
        for _ in range(2):
            contacts_due.remind(organisation=shop.id)
    assert facts(shop) == 2
