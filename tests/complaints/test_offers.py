"""方案: options and what they may cost, a word from above before the customer sees it, and one option accepted."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from alerts.models import Notice
from complaints import approvals, authority, moves, offers
from complaints.enums import ApprovalState
from complaints.models import Approval, Clock, Move, Ticket
from cxms.lib.errors import DomainError
from tenancy import keys
from tests.web.conftest import complain as complain


def refund(amount="300", **more):
    return {"text": "全额退款\n今天到账", "kind": "refund", "amount": amount, **more}


BAD = [
    ({"options": [refund()] * 4}, "too_many_options", "options"),
    ({"options": ["x"]}, "too_many_options", "options"),
    ({"options": [refund(), {"text": " "}]}, "missing", "options[1].text"),
    ({"options": [refund("")]}, "missing", "options[0].amount"),
    ({"options": [refund("12.345")]}, "bad_amount", "options[0].amount"),
    ({"options": [refund("-1")]}, "bad_amount", "options[0].amount"),
    ({"options": [refund("1e9")]}, "bad_amount", "options[0].amount"),
    ({"options": [refund("NaN")]}, "bad_amount", "options[0].amount"),
    ({"options": [refund(True)]}, "bad_amount", "options[0].amount"),
    ({"options": [refund(currency="yuan")]}, "bad_currency", "options[0].currency"),
    ({"options": [refund(by="下周")]}, "bad_date", "options[0].by"),
    ({"options": [{"text": "x", "kind": "bribe"}]}, "unknown_value", "options[0].kind"),
    ({"options": [{"text": "x", "amount": "5"}]}, "missing", "options[0].kind"),
]


@pytest.mark.parametrize(("fields", "code", "field"), BAD)
def test_a_wrong_option_is_named(fields, code, field):
    with pytest.raises(DomainError) as refused:
        offers.clean("propose", fields)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_options_are_kept_as_they_are_read():
    kept = offers.clean("propose", {"options": [refund("¥1,200.5", by="2026-11-30"), {"text": "换新机"}], "wait": True})
    assert kept["text"] == "1. 全额退款\n今天到账\n2. 换新机"
    first, second = offers.options_of(kept)
    assert (first.amount, first.by, first.lines) == (Decimal("1200.50"), "2026-11-30", ["全额退款", "今天到账"])
    assert (second.number, second.amount, second.kind) == (2, None, "")
    assert offers.clean("propose", kept) == kept


@pytest.fixture
def desk(shop, complain):
    """A ticket and a way to move it as somebody of a role."""
    ticket = complain()

    class Desk:
        id = ticket.id

        def now(self):
            return Ticket.objects.get(id=ticket.id)

        def move(self, move, role="frontline", **fields):
            member = shop.members[role]
            return moves.apply(
                ticket.id, move, fields, organisation=shop.id, actor=f"user:{member.user.email}", actor_name=member.name
            )

    return Desk()


def test_within_authority_it_goes_out_and_exactly_at_the_limit_too(shop, desk):
    with shop.scope():
        assert desk.move("propose", options=[refund("800")]).state == "proposed"
        assert not Approval.objects.exists()
        assert desk.move("propose", options=[refund("800.01")]).state == "proposed"
        assert desk.now().proposal["options"][0]["amount"] == "800.00"
        assert Approval.objects.get().amount == Decimal("800.01")


def test_above_it_nobody_sees_it_until_somebody_says_yes(shop, desk, work, now):
    with shop.scope():
        asked = desk.move("propose", options=[refund("1500"), {"text": "换新机"}])
        assert (asked.state, asked.proposal, asked.first_reply_at) == ("handling", {}, None)
        row = approvals.waiting(asked)
        assert (row.due_at - row.asked_at, row.asked_name) == (timedelta(minutes=10), "frontline")
    work()
    with shop.scope():
        told = Notice.objects.filter(purpose="approval").values_list("recipient__name", flat=True)
        assert list(told) == ["store_manager"]
        for role in ("frontline", "analyst"):
            with pytest.raises(DomainError) as refused:
                approvals.decide(row, shop.members[role], approve=True, now=now)
            assert refused.value.code == "needs_authority"
        done = approvals.decide(row, shop.members["store_manager"], approve=True, now=now)
        again = approvals.decide(row, shop.members["executive"], approve=False, reason="x", now=now)
        assert done.state == again.state == ApprovalState.APPROVED
        assert done.sent_at is not None
        ticket = desk.now()
        assert (ticket.state, ticket.proposal["approved_by"]) == ("proposed", "store_manager")
        assert [m.kind for m in Move.objects.filter(ticket=desk.id).order_by("seq")] == ["opened", "ask", "approve", "propose"]
        sent = Move.objects.get(kind="propose")
        assert (sent.actor_name, ticket.first_reply_at) == ("frontline", sent.at)
    work()
    with shop.scope():
        assert Notice.objects.get(purpose="approval_decided").recipient == shop.members["frontline"]


def test_a_no_needs_a_reason_and_sends_nothing(shop, desk, now):
    with shop.scope():
        row = approvals.waiting(desk.move("propose", options=[refund("1500")]))
        with pytest.raises(DomainError, match="请填写"):
            approvals.decide(row, shop.members["store_manager"], approve=False, now=now)
        assert approvals.waiting(desk.now()) is not None
        assert approvals.decide(row, shop.members["store_manager"], approve=False, reason="先换货", now=now).state == "refused"
        assert desk.now().proposal == {}


def test_a_second_offer_takes_the_first_ones_place_and_an_end_too(shop, desk, now):
    with shop.scope():
        first = approvals.waiting(desk.move("propose", options=[refund("1500")]))
        second = approvals.waiting(desk.move("propose", options=[refund("1600")]))
        assert approvals.decide(first, shop.members["store_manager"], approve=True, now=now).state == "withdrawn"
        desk.move("propose", options=[refund("10")])
        assert approvals.by_id(second.id, organisation=shop.id).state == "withdrawn"
        third = approvals.waiting(desk.move("propose", options=[refund("1700")]))
        desk.move("accept", consent="customer")
        assert approvals.decide(third, shop.members["store_manager"], approve=True, now=now).state == "withdrawn"
        assert desk.now().proposal["options"][0]["amount"] == "10.00"


def test_who_asks_is_never_the_one_who_approves_and_other_stores_have_no_word(shop, desk, now):
    with shop.scope():
        row = approvals.waiting(desk.move("propose", role="store_manager", options=[refund("2500")]))
        assert [m.name for m in approvals.asked(row)] == ["region_manager"]
        assert not approvals.may_decide(row, shop.members["store_manager"])
        assert authority.may_approve(shop.members["region_manager"], shop.units["S001"].path, Decimal(2500), "CNY", organisation=shop.id)
        assert not authority.may_approve(shop.members["region_manager"], shop.units["S003"].path, Decimal(1), "CNY", organisation=shop.id)
        big = approvals.waiting(desk.move("propose", role="cx_manager", options=[refund("50000")]))
        assert [m.name for m in approvals.asked(big)] == ["executive"]


def test_what_was_given_before_counts(shop, desk):
    with shop.scope():
        desk.move("propose", options=[refund("500")])
        desk.move("accept", consent="customer")
        desk.move("reopen", role="store_manager", reason="又坏了")
        assert desk.move("propose", options=[refund("400")]).state == "handling"
        assert Approval.objects.get().amount == Decimal(900)


LIMITS = [
    # what the key may give → what it offers → goes out at once
    ("", {"text": "换新机"}, True),
    ("", {"text": "退款", "compensation": 1}, False),
    ("", {"text": "退款", "compensation": "1"}, False),
    ("", {"text": "延保", "compensation": "延保 6 个月"}, True),
    ("", {"text": "送券", "compensation": "代金券 50 元"}, False),
    ("500", {"text": "退款", "compensation": "退款 ¥400，外加 200元券"}, True),
    ("500", {"text": "退款", "compensation": "赔 1,200.00 元"}, False),
    ("500", {"text": "退款", "compensation": "1 万元"}, False),
    ("500", {"text": "退款", "compensation": 500}, True),
    ("500", {"text": "退款", "compensation": 500.01}, False),
    ("500", {"text": "退款", "compensation": {"amount": 400, "currency": "USD"}}, False),
    ("500", {"options": [{"text": "换", "kind": "repair"}, {"text": "退", "kind": "refund", "amount": "500.01"}]}, False),
    ("500", {"options": [{"text": "退", "kind": "refund", "amount": "1"}], "compensation": 9000}, False),
    ("500", {"options": [{"text": "退", "kind": "refund", "amount": "500"}]}, True),
    ("*", {"text": "退款", "compensation": 90000}, True),
]


@pytest.mark.parametrize(("limit", "offer", "goes_out"), LIMITS)
def test_a_key_gives_what_it_may_and_asks_for_the_rest(shop, desk, now, limit, offer, goes_out):
    with shop.scope():
        keys.issue(
            organisation=shop.id, scopes=["complaints:write"], name="crm", now=now, actor="t", offer_limit=keys.typed_limit(limit),
            offer_currency="CNY",
        )  # fmt: skip
        made = moves.apply(desk.id, "propose", offer, organisation=shop.id, actor="key:crm", actor_name="crm")
        assert (made.state, approvals.waiting(made) is None) == (("proposed", True) if goes_out else ("handling", False))


def test_what_a_key_asks_for_is_approved_like_a_persons(shop, desk, now, work):
    with shop.scope():
        keys.issue(organisation=shop.id, scopes=["complaints:write"], name="crm", now=now, actor="t", offer_limit=None)
        # of two keys with one name the lower holds, and a revoked one has no word
        second = uuid.uuid4()
        keys.issue(organisation=shop.id, scopes=["complaints:write"], name="crm", now=now, actor="t", key_id=second)
        offer = {"text": "退款", "compensation": 900}
        row = approvals.waiting(moves.apply(desk.id, "propose", offer, organisation=shop.id, actor="key:crm", actor_name="crm"))
        assert (row.amount, row.asked_by, row.asked_name) == (Decimal(900), "key:crm", "crm")
    work()
    with shop.scope():
        approvals.decide(row, shop.members["store_manager"], approve=True, now=now)
        assert desk.now().state == "proposed"
        desk.move("decline", reason="不够")
        keys.revoke(second, organisation=shop.id, now=now, actor="t")
        assert moves.apply(desk.id, "propose", offer, organisation=shop.id, actor="key:crm").state == "proposed"
        assert moves.apply(desk.id, "decline", {"reason": "不够"}, organisation=shop.id, actor="customer").state == "handling"
        assert moves.apply(desk.id, "propose", offer, organisation=shop.id, actor="key:nobody").state == "handling"
    work()


def test_one_of_several_is_accepted_and_only_that_stops_the_clause(shop, desk):
    with shop.scope():
        desk.move("propose", options=[refund("100"), {"text": "换新机"}])
        clock = Clock.objects.get(ticket=desk.id, kind="solution")
        assert clock.stopped_at is None
        for option, code in (("", "missing"), (3, "unknown_option"), ("x", "unknown_option"), (0, "unknown_option")):
            with pytest.raises(DomainError) as refused:
                desk.move("accept", consent="customer", option=option)
            assert refused.value.code == code
        said = {"who": "陈先生", "when": "10:20", "how": "电话", "words": "换新机吧"}
        with pytest.raises(DomainError, match="请填写"):
            desk.move("accept", consent="verbal", option=2, who="陈先生")
        ticket = desk.move("accept", consent="verbal", option=2, **said)
        assert offers.chosen(ticket.proposal).text == "换新机"
        kept = Move.objects.get(kind="accept").data
        assert kept == {"consent": "verbal", "option": 2, **said}
        assert Clock.objects.get(id=clock.id).state == "met"
        for score in (0, 6, "x", None):
            with pytest.raises(DomainError, match="1 到 5"):
                desk.move("rate", score=score)
        desk.move("rate", score=2)
        desk.move("rate", score="5", text="谢谢")
        assert offers.rating(list(Move.objects.order_by("seq")), 1) == 5


def test_a_promised_day_lies_ahead(shop, desk):
    with shop.scope(), pytest.raises(DomainError, match="已经过去"):
        desk.move("propose", options=[refund(by="2020-01-01")])


def test_authority_in_versions(shop, now):
    with shop.scope():
        assert authority.limit_of(shop.members["frontline"].user.email, "CNY", organisation=shop.id) == Decimal(800)
        assert authority.limit_of(shop.members["executive"].user.email, "CNY", organisation=shop.id) is None
        assert authority.limit_of(shop.members["frontline"].user.email, "EUR", organisation=shop.id) == 0

        def save(version, **rows):
            return authority.save("CNY", {"CNY": {"executive": "*", **rows}}, version=version, organisation=shop.id, now=now, actor="t")

        save(0, frontline="50")
        assert authority.limit_of(shop.members["frontline"].user.email, "CNY", organisation=shop.id) == Decimal(50)
        for version, rows, code in ((0, {}, "stale"), (1, {"frontline": "-5"}, "bad_amount"), (1, {"executive": "9"}, "nobody")):
            with pytest.raises(DomainError) as refused:
                save(version, **rows)
            assert refused.value.code == code
