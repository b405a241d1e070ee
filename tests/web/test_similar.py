"""Similar solved cases: those one may read, the likest first, and their offer in the form by one press."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import moves, similar
from complaints.models import Ticket


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_symmetric_and_one_for_the_same_words(one, two):
    a, b = similar.pairs(one), similar.pairs(two)
    assert similar.dice(a, b) == similar.dice(b, a)
    assert 0 <= similar.dice(a, b) <= 1
    assert similar.dice(a, a) == (1 if a else 0)


@pytest.fixture
def solved(shop, complain):
    """A solved complaint with an accepted offer."""

    def make(text, offer, unit="S001", **more):
        ticket = complain(text, unit=unit, **more)
        with shop.scope():
            for move, fields in (("propose", {"text": offer}), ("accept", {"consent": "verbal"})):
                moves.apply(ticket.id, move, fields, organisation=shop.id, actor="key:t")
        return ticket

    return make


@pytest.mark.usefixtures("stranger")
def test_the_likest_first_inside_what_one_may_see(shop, complain, solved, django_assert_num_queries):
    solved("退款一直没有到账，等了九天", "加急退款")
    like = solved("耳机右侧无声，换过一次还是坏的，要求退货", "换新机，延保六个月")
    far = solved("耳机左侧无声，换过一次还是坏的，要求退货", "别的店的方案", unit="S003")
    ticket = complain()
    with shop.scope():
        fresh = Ticket.objects.select_related("feedback", "unit").get(id=ticket.id)
        with django_assert_num_queries(2):
            everywhere = similar.of(fresh, paths=("/HQ/",))
        here = similar.of(fresh, paths=(shop.units["EAST"].path,))
    assert everywhere[0].ticket == far
    assert [one.ticket for one in here][0] == like
    assert far not in [one.ticket for one in here]
    assert here[0].outcome == "accepted"
    page = shop.page("store_manager").get(f"/promises/{ticket.number}/?tab=solution&adopt={like.number}").content.decode()
    assert ">换新机，延保六个月</textarea>" in page
    hidden = shop.page("store_manager").get(f"/promises/{ticket.number}/?tab=solution&adopt={far.number}").content.decode()
    assert "别的店的方案" not in hidden


def test_only_the_way_out_that_was_taken_is_taken_over(shop, complain, solved):
    """Of three options the chosen one's words, kind and amount; what is in another money is left open."""
    like = solved("耳机右侧无声，换过一次还是坏的，要求退货", "换新机")
    options = [
        {"text": "换新机", "kind": "replacement", "amount": "", "currency": "", "by": ""},
        {"text": "退一半", "kind": "refund", "amount": "299.50", "currency": "", "by": "2026-11-30"},
        {"text": "送耳塞", "kind": "gift", "amount": "", "currency": "", "by": ""},
    ]
    ticket = complain()

    def adopted(**changed):
        offer = {"text": "1. 换新机\n2. 退一半\n3. 送耳塞", "options": options, "answer": "accepted", "chosen": 2} | changed
        with shop.scope():
            Ticket.objects.filter(id=like.id).update(proposal=offer)
        page = shop.page("store_manager").get(f"/promises/{ticket.number}/?tab=solution&adopt={like.number}").content.decode()
        form = page.split('id="p-text"', 1)[1].split("</fieldset>", 1)[0]
        kind = re.search(r'<option value="(\w+)" selected>', form)
        return re.search(r">([^<]*)</textarea>", form).group(1), kind and kind.group(1), re.search(r'data-amount value="([^"]*)"', form).group(1)

    assert adopted() == ("退一半", "refund", "299.50")
    assert adopted(answer="declined") == ("换新机", "replacement", "")
    assert adopted(options=[{**one, "currency": "USD"} for one in options])[::2] == ("退一半", "")
    assert adopted(options=None, text="换新机，延保六个月") == ("换新机，延保六个月", None, "")
