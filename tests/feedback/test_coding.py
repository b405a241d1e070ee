"""Samples are drawn alike from the same seed; two code blind; what they agree on, or a third settles, teaches the set."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback import coding, sampling
from feedback.coding import Answer, CodingError
from feedback.models import Analysis, Correction
from reports import accuracy, agreement
from tests.metrics.voices import receive, voice

TEXTS = ("等了两个小时，太慢了", "店员态度特别好，谢谢", "价格太贵了，不划算", "请问几点关门", "希望增加夜间配送", "包装破了，里面的东西压坏了")


@given(st.lists(st.sampled_from("abcd"), max_size=60), st.integers(0, 50), st.integers(0, 99), st.booleans())
def test_a_draw_is_exact_repeatable_and_near_in_proportion(strata, n, seed, is_stratified):
    rows = [(uuid.UUID(int=i), stratum) for i, stratum in enumerate(strata)]
    found = sampling.draw(rows, n, seed, is_stratified=is_stratified)
    assert found == sampling.draw(list(reversed(rows)), n, seed, is_stratified=is_stratified)
    assert len(found) == len(set(found)) == min(n, len(rows))
    if is_stratified and 4 <= n < len(rows):
        names = dict(rows)
        for stratum in set(strata):
            share = n * strata.count(stratum) / len(rows)
            assert abs(sum(names[key] == stratum for key in found) - share) < 3
            assert any(names[key] == stratum for key in found)


@pytest.fixture
def drawn(shop, now, work):
    receive(shop, [voice(now.date() - timedelta(days=1), None, text=text, customer=f"c{i}") for i, text in enumerate(TEXTS)], now=now)
    work()
    with shop.scope():
        return coding.draw(
            uuid.uuid4(), "第一批", [shop.members[role].id for role in ("analyst", "cx_manager")], n=6, seed=7, is_stratified=True,
            organisation=shop.id, now=now, actor="t",
        )  # fmt: skip


def say(shop, row, key, role, answer, now):
    with shop.scope():
        return coding.code(row, key, answer, coder=shop.members[role].id, now=now, actor=f"user:{role}")


def test_agreement_teaches_and_difference_waits_for_a_third(shop, now, drawn):
    one, two, three = drawn.voices[:3]
    with shop.scope():
        engine = {row.feedback_id: row for row in Analysis.objects.filter(is_current=True)}
    same = Answer("pain", "enquiry", "price", ("夜间", "夜间"))
    say(shop, drawn, one, "analyst", same, now)
    with shop.scope():
        assert Correction.objects.count() == 0
        assert coding.next_for(drawn, shop.members["analyst"].id) == two
        assert coding.next_for(drawn, shop.members["cx_manager"].id) == one
    again = say(shop, drawn, one, "analyst", Answer("noise", "other", "other"), now)
    assert (again.stance, again.tags) == ("pain", ["夜间"])  # once said it stands
    say(shop, drawn, one, "cx_manager", Answer("need", "enquiry", "price"), now)
    with shop.scope():
        assert set(Correction.objects.filter(feedback_id=one).values_list("field", "source")) == {("kind", "coding"), ("topics", "coding")}
        assert "price" in Analysis.objects.get(feedback_id=one, is_current=True).topic_codes
        table = next(t for t in accuracy.tables(organisation=shop.id, source="coding") if t.field == "kind")
        assert (table.n, table.exact.value) == (1, float(engine[one].kind == "enquiry"))
    say(shop, drawn, two, "analyst", Answer("pain", "complaint", "price"), now)
    say(shop, drawn, two, "cx_manager", Answer("pain", "suggestion", "stock"), now)
    with shop.scope():
        assert Correction.objects.filter(feedback_id=two).count() == 0
        third = {"coder": shop.members["admin"].id, "now": now, "actor": "user:admin"}
        final = Answer("need", "suggestion", "stock")
        coding.settle(drawn, two, final, **third)
        assert coding.settle(drawn, two, Answer("noise", "other", "other"), **third).kind == "suggestion"
        assert Correction.objects.get(feedback_id=two, field="kind").after == "suggestion"
        for key, coder in ((two, "analyst"), (three, "admin")):
            with pytest.raises(CodingError):
                coding.settle(drawn, key, final, **{**third, "coder": shop.members[coder].id})
        kinds = next(q for q in agreement.questions(coding.pairs(drawn)) if q.field == "kind")
        assert (kinds.agreement.n, kinds.n_differ) == (2, 1)


@pytest.mark.parametrize("answer", [Answer("", "other", "other"), Answer("pain", "anger", "other"), Answer("pain", "other", "weather"), Answer("pain", "other", "other", tuple("abcdef")), Answer("pain", "other", "other", ("x" * 21,))])  # fmt: skip
def test_what_is_no_answer_is_refused(shop, now, drawn, answer):
    with pytest.raises(CodingError):
        say(shop, drawn, drawn.voices[0], "analyst", answer, now)


def test_who_is_no_coder_and_samples_that_cannot_be(shop, now, drawn):
    with pytest.raises(CodingError):
        say(shop, drawn, drawn.voices[0], "admin", Answer("pain", "other", "other"), now)
    a, b = (shop.members[role].id for role in ("analyst", "cx_manager"))
    with shop.scope():
        asked = {"seed": 7, "is_stratified": True, "organisation": shop.id, "now": now, "actor": "t"}
        assert coding.draw(drawn.id, "又来", [a, b], n=6, **asked).name == "第一批"
        assert coding.draw(uuid.uuid4(), "同样", [a, b], n=6, **asked).voices == drawn.voices
        for name, coders, n in (("", [a, b], 6), ("x", [a, a], 6), ("x", [a, b], 4), ("x", [a, b], 501)):
            with pytest.raises(CodingError):
                coding.draw(uuid.uuid4(), name, coders, n=n, **asked)
