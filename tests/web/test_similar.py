"""Similar solved cases: those one may read, the likest first, and their offer in the form by one press."""

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
