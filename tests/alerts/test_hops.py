"""How a notice reaches its reader: channel after channel, deputy, next rung; every attempt a row, nothing sent twice."""

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts import accounts, hops, notices, passing, reaches, rings, rota
from alerts.models import Hop, Notice, Reach
from alerts.reaches import Wish
from complaints import moves, queries
from complaints.models import Clock
from cxms.lib import clock
from ledger import runner
from ledger.models import Delivery, Fact
from tenancy.models import Member
from tests.alerts.conftest import SECRET
from tests.alerts.test_rings import MINUTE, filed, fire, ring

LATER = timedelta(seconds=1)


def drain(shop):
    """Works what waits, also what was recorded at an instant still to come."""
    with shop.scope():
        Delivery.objects.filter(done_at__isnull=True, dead_at__isnull=True).update(run_at=clock.now() - LATER)
    runner.drain(seconds=10)


def of(shop, ticket, purpose="escalation"):
    with shop.scope():
        rows = Hop.objects.filter(notice__ticket=ticket, notice__purpose=purpose).select_related("recipient").order_by("recipient__name", "position")
        return [(row.recipient.name, row.kind, row.state) for row in rows]


def late(shop, at):
    with shop.scope():
        return passing.run(organisation=shop.id, now=at)


def account(shop, receiver, kind, path, unit="HQ", **fields):
    with shop.scope():
        return accounts.save(
            None, {"url": f"{receiver.url}{path}", **fields}, kind=kind, label=kind, unit=shop.units[unit], organisation=shop.id,
            now=clock.now(), actor="t",
        )  # fmt: skip


def wish(shop, role, **fields):
    with shop.scope():
        member = shop.members[role]
        return reaches.save(member, Wish(**fields), organisation=shop.id, version=None, now=clock.now(), actor="t")


@pytest.fixture
def ticket(shop):
    return filed(shop)


def test_without_any_channel_the_bell_is_all_there_is(shop, ticket, now):
    fire(shop, ticket, "1", at=now)
    drain(shop)
    assert of(shop, ticket) == []
    with shop.scope():
        assert Notice.objects.filter(purpose="escalation").count() == 3


def test_a_mail_that_is_taken_meets_the_clause_and_carries_the_tap(shop, post, ticket):
    drain(shop)
    drain(shop)
    assert of(shop, ticket, "executives") == [("executive", "email", "accepted")]
    (_, mail), *more = post.mails
    assert more == []
    body = mail.get_content()
    assert "/a/" in body
    with shop.scope():
        hop = Hop.objects.get()
        assert mail["Message-ID"].startswith(f"<notice-{hop.id.hex}@")
        assert Clock.objects.get(ticket=ticket, kind="notify").state == "met"
        assert Notice.objects.get(purpose="executives").mailed_at == hop.finished_at


def test_a_refusal_passes_to_the_deputy_else_the_next_rung_else_the_operator(shop, post, ticket, now):
    everybody = {member.user.email for member in shop.members.values()}
    post.refused = everybody
    wish(shop, "store_manager", deputy=shop.members["analyst"].id)
    fire(shop, ticket, "0.75", at=now)
    for _ in range(6):
        drain(shop)
    assert of(shop, ticket) == [
        (name, "email", "refused") for name in ("admin", "analyst", "cx_manager", "executive", "frontline", "region_manager", "store_manager")
    ]  # fmt: skip
    with shop.scope():
        stand_in = Notice.objects.get(recipient=shop.members["analyst"], purpose="escalation")
        assert stand_in.data["stands_for"] == "store_manager"
        assert "550" in Hop.objects.filter(recipient=shop.members["analyst"]).get().error
        lost = Fact.objects.filter(kind="notice.lost", subject=str(ticket.id), data__key__startswith="escalation").count()
    assert lost == 1


def test_one_who_is_reached_is_enough_for_the_rung(shop, post, ticket, now):
    post.refused = {shop.members["store_manager"].user.email}
    fire(shop, ticket, "0.75", at=now)
    for _ in range(3):
        drain(shop)
    assert of(shop, ticket) == [("frontline", "email", "accepted"), ("store_manager", "email", "refused")]


def test_two_minutes_without_acceptance_and_the_next_channel_is_tried(shop, receiver, post, ticket):
    account(shop, receiver, "dingtalk", "/robot/send?access_token=t", secret=SECRET)
    wish(shop, "region_manager", mobile="13900000009")
    receiver.answers = [(503, {})] * 20
    at = clock.now()
    fire(shop, ticket, "1", at=at)
    drain(shop)
    assert ("region_manager", "dingtalk", "due") in of(shop, ticket)
    assert late(shop, at + 2 * MINUTE - LATER) == 0
    assert late(shop, at + 2 * MINUTE + LATER) >= 1
    drain(shop)
    rows = [row for row in of(shop, ticket) if row[0] == "region_manager"]
    assert rows == [("region_manager", "dingtalk", "passed"), ("region_manager", "email", "accepted")]
    with shop.scope():
        assert "HTTP 503" in Hop.objects.get(kind="dingtalk").error
        Delivery.objects.filter(fact__kind="notice.due", done_at__isnull=True).update(run_at=at)
    n = len(receiver.got)
    drain(shop)
    assert len(receiver.got) == n, "a hop that was passed on is not sent after all"


def test_a_room_hears_it_once_and_everybody_is_mentioned(shop, receiver, ticket, now):
    account(shop, receiver, "wecom", "/cgi-bin/webhook/send?key=k")
    for role in ("frontline", "store_manager", "region_manager"):
        wish(shop, role, handles={"wecom": role})
    fire(shop, ticket, "1", at=now)
    drain(shop)
    (got,) = receiver.got
    text = got["body"]["markdown"]["content"]
    assert {name for name in ("<@frontline>", "<@store_manager>", "<@region_manager>") if name in text} == {
        "<@frontline>", "<@store_manager>", "<@region_manager>",
    }  # fmt: skip
    assert "/a/" not in text, "nobody's own link is shown to a room"
    assert {state for _, _, state in of(shop, ticket)} == {"accepted"}


def test_the_account_nearest_to_the_store_is_used_and_one_that_is_off_is_not(shop, receiver, ticket, now):
    account(shop, receiver, "wecom", "/hq?key=1")
    near = account(shop, receiver, "wecom", "/east?key=1", unit="EAST")
    account(shop, receiver, "wecom", "/west?key=1", unit="WEST")
    wish(shop, "frontline", handles={"wecom": "f"})
    fire(shop, ticket, "0.5", at=now)
    drain(shop)
    assert [got["path"] for got in receiver.got] == ["/east"]
    with shop.scope():
        accounts.switch(near.id, True, organisation=shop.id, version=1, now=now, actor="t")
    other = filed(shop, "另一件")
    fire(shop, other, "1", at=now)
    drain(shop)
    assert receiver.got[-1]["path"] == "/hq"


def test_warnings_of_one_minute_go_together_and_a_breach_does_not_wait(shop, post, now):
    one, two, three = filed(shop, "一"), filed(shop, "二"), filed(shop, "三")
    at = clock.now()
    for ticket in (one, two, three):
        fire(shop, ticket, "0.5", at=at)
    drain(shop)
    email = shop.members["frontline"].user.email
    assert len(post.to(email)) == 1
    assert late(shop, at + MINUTE - LATER) == 0
    late(shop, at + MINUTE + LATER)
    drain(shop)
    assert len(post.to(email)) == 2
    assert post.to(email)[1].startswith("【2 条】")
    assert [state for who, _, state in of(shop, two) + of(shop, three) if who == "frontline"] == ["accepted", "accepted"]
    fire(shop, one, "1", at=at + MINUTE + 2 * LATER)
    drain(shop)
    assert len(post.to(email)) == 3


def test_a_breach_takes_along_what_waits(shop, post, now):
    one, two = filed(shop, "一"), filed(shop, "二")
    at = clock.now()
    fire(shop, one, "0.5", at=at)
    fire(shop, two, "0.5", at=at)
    fire(shop, one, "1", at=at + 10 * LATER)
    drain(shop)
    email = shop.members["frontline"].user.email
    assert [subject[:5] for subject in post.to(email)] == ["【时限已用", "【2 条】"]
    assert late(shop, at + 3 * MINUTE) == 0


def test_quiet_hours_keep_a_warning_to_the_bell_and_pass_it_up_a_breach_is_sent(shop, post, ticket):
    at = clock.now()
    local = at.astimezone(ZoneInfo("Asia/Shanghai"))
    minute = local.hour * 60 + local.minute
    hours = ((minute - 60) % 1440, (minute + 60) % 1440)
    wish(shop, "frontline", quiet=hours)
    wish(shop, "store_manager", quiet=hours)
    fire(shop, ticket, "0.75", at=at)
    drain(shop)
    assert of(shop, ticket) == [("region_manager", "email", "accepted")]
    with shop.scope():
        told = {n.recipient.name: (n.data.get("silent"), n.data.get("n_passed")) for n in Notice.objects.filter(purpose="escalation")}
    assert told == {"frontline": (True, 1), "store_manager": (True, 1), "region_manager": (None, 1)}
    fire(shop, ticket, "1", at=at + LATER)
    drain(shop)
    assert {name for name, _, _ in of(shop, ticket)} == {"frontline", "store_manager", "region_manager"}


def test_away_for_days_the_deputy_is_told(shop, post, ticket, now):
    wish(shop, "store_manager", away=(now - timedelta(days=1), now + timedelta(days=1)), deputy=shop.members["analyst"].id)
    fire(shop, ticket, "0.75", at=now)
    drain(shop)
    assert {name for name, _, _ in of(shop, ticket)} == {"frontline", "analyst"}


def test_the_rota_narrows_a_role_to_whose_turn_it_is_and_a_stand_in_replaces_it(shop, now):
    from tenancy import members
    from tenancy.models import User

    ticket = filed(shop)
    with shop.scope():
        user = User.objects.create_user(f"night-{shop.id}@x.example", name="night")
        night = members.add(organisation=shop.id, user=user, name="night", roles=[("store_manager", shop.units["S001"])], now=now, actor="t")
    local = now.astimezone(ZoneInfo("Asia/Shanghai"))

    def told():
        with shop.scope():
            row = queries.by_id(ticket.id, organisation=shop.id)
            known = {member.id: member.name for member in Member.objects.all()}
            return [known[key] for key in notices.people.ladder_rungs(row, now=now)[1]]

    assert told() == ["night", "store_manager"]
    with shop.scope():
        common = {"organisation": shop.id, "unit": shop.units["S001"], "role": "store_manager", "now": now, "actor": "t"}
        rota.add_shifts(member=night, weekdays=[local.weekday()], from_minute=0, to_minute=1440, **common)
        assert rota.add_shifts(member=night, weekdays=[local.weekday()], from_minute=0, to_minute=1440, **common) == 0
    assert told() == ["night"]
    with shop.scope():
        rota.add_cover(uuid.uuid4(), member=shop.members["store_manager"], from_at=now, to_at=now + MINUTE, **common)
    assert told() == ["store_manager"]


def test_the_duty_officer_hears_of_level_four(shop, post, ticket, now):
    with shop.scope():
        rota.add_shifts(
            organisation=shop.id, unit=shop.units["HQ"], role="duty", member=shop.members["analyst"], weekdays=list(range(7)),
            from_minute=0, to_minute=1440, now=now, actor="t",
        )  # fmt: skip
    fire(shop, ticket, "+1800", at=now)
    drain(shop)
    assert {name for name, _, _ in of(shop, ticket)} == {"frontline", "store_manager", "region_manager", "executive", "analyst"}


def test_a_repeat_is_sent_as_a_message_of_its_own(shop, post, ticket, now):
    fire(shop, ticket, "1", at=now)
    drain(shop)
    ring(shop, now + 10 * MINUTE)
    drain(shop)
    subjects = post.to(shop.members["region_manager"].user.email)
    assert len(subjects) == 2
    assert "第 2 次" in subjects[1]


def test_the_number_lies_sealed(shop):
    row = wish(shop, "frontline", mobile="138 1234-6629")
    assert (b"13812346629" in bytes(row.sealed_mobile), row.mobile_tail, hops.mobile(row)) == (False, "6629", "13812346629")
    with shop.scope():
        Reach.objects.filter(id=row.id).update(member=shop.members["analyst"])
        moved = Reach.objects.get(id=row.id)
        with pytest.raises(RuntimeError):
            hops.mobile(moved)


def test_a_direct_notice_with_every_executive_away_goes_to_the_next_rung_at_once(shop, ticket, now):
    with shop.scope():
        Member.objects.filter(name="executive").update(absent=True)
        rings.begin_direct(ticket.id, organisation=shop.id, now=now)
        assert [n.recipient.name for n in Notice.objects.filter(purpose="executives")] == ["cx_manager"]


def test_the_new_owner_is_told_by_mail_but_nobody_else_when_it_is_refused(shop, post, ticket):
    drain(shop)
    post.refused = {shop.members["frontline"].user.email}
    with shop.scope():
        moves.apply(ticket.id, "assign", {"assignee": shop.members["frontline"].user.email}, organisation=shop.id, actor="t")
    for _ in range(3):
        drain(shop)
    assert of(shop, ticket, "assigned") == [("frontline", "email", "refused")]
