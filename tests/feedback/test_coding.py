"""Samples are drawn alike from the same seed; two code blind; what they agree on, or a third settles, teaches the set."""

import csv
import importlib
import io
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from feedback import coding, corrections, learning, sampling, topics, voices
from feedback.coding import Answer, CodingError
from feedback.models import Analysis, Coding, Correction
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


def code_both(shop, row, key, answer, now):
    for role in ("analyst", "cx_manager"):
        say(shop, row, key, role, answer, now)


def test_of_topics_only_whether_the_main_one_was_heard_is_measured(shop, now, drawn):
    """Coders name one topic. That the engine heard others is neither its merit nor its fault, and no model learns from it."""
    wait, refund = ({"code": code, "sentiment": -0.4, "start": 0, "end": 2} for code in ("waiting_time", "refund"))
    with shop.scope():
        rows = Analysis.objects.filter(is_current=True, feedback_id__in=drawn.voices[:3])
        rows.update(topics=[wait, refund], topic_codes=["waiting_time", "refund"])
    one, two, three = drawn.voices[:3]
    code_both(shop, drawn, one, Answer("pain", "complaint", "refund"), now)
    code_both(shop, drawn, two, Answer("pain", "complaint", "price"), now)
    code_both(shop, drawn, three, Answer("pain", "complaint", "waiting_time"), now)
    with shop.scope():
        held = {row.feedback_id: row for row in Correction.objects.filter(field="topics")}
        assert {key: [m["code"] for m in row.after] for key, row in held.items()} == {one: ["refund"], two: ["price"], three: ["waiting_time"]}
        assert [m["code"] for m in held[two].before] == [] and held[one].before == held[one].after
        assert set(Analysis.objects.get(feedback_id=two, is_current=True).topic_codes) == {"waiting_time", "refund", "price"}
        assert "topics" not in Analysis.objects.get(feedback_id=one, is_current=True).corrected
        table = next(t for t in accuracy.tables(organisation=shop.id, source="coding") if t.field == "topics")
        assert (table.n, table.exact, table.heard.value, table.heard.n) == (3, None, 2 / 3, 3)
        assert {(line.name, line.precision, line.f1, line.recall.value) for line in table.lines} == {
            ("refund", None, None, 1.0), ("price", None, None, 0.0), ("waiting_time", None, None, 1.0)}  # fmt: skip
        assert set(accuracy.ids("topics", "", "both", organisation=shop.id, source="coding")) == {one, three}
        assert [t.n for t in accuracy.tables(organisation=shop.id) if t.field == "topics"] == [0]
        assert learning.counts(organisation=shop.id) == {"kind": 3, "sentiment": 0, "topics": 0}
        corrections.correct(one, "topics", [refund], organisation=shop.id, version=None, now=now, actor="x")  # a person, the whole list
        assert learning.counts(organisation=shop.id)["topics"] == 1
        (whole,) = [t for t in accuracy.tables(organisation=shop.id, source="passing") if t.field == "topics"]
        assert (whole.n, whole.exact.value, whole.heard) == (1, 0.0, None)
    api = shop.api().get("/api/v1/feedback/accuracy?source=coding").json()["results"]
    told = next(table for table in api if table["label"] == "topics")
    assert (told["exact"], told["heard"]["n"], told["classes"][0]["precision"]) == (None, 3, None)
    page = unescape(shop.page().get("/feedback/accuracy/?source=coding").content.decode())
    assert "主要主题听到了 66.7%" in page and "只编主要主题" in page
    shown = page[page.index("主要主题听到了") : page.index('id="definition"')]
    assert "精确率" not in shown[: shown.index("</table>")] and "F1" not in shown[: shown.index("</table>")]
    rows = list(csv.DictReader(io.StringIO(shop.page().get("/feedback/accuracy/?source=coding&as=csv").content.decode("utf-8-sig"))))
    (row,) = [row for row in rows if (row["label"], row["class"]) == ("topics", "refund")]
    assert (row["precision"], row["n_said"], row["f1"], float(row["recall"]), row["n_truth"]) == ("", "", "", 1.0, "1")
    voice_page = unescape(shop.page().get(f"/feedback/{two}/").content.decode())
    assert "主要说的是“价格”" in voice_page


def test_many_topics_hold_no_coder_up_and_a_deleted_voice_is_told(shop, now, drawn):
    many = [{"code": code, "sentiment": -0.4, "start": 0, "end": 0} for code in sorted(topics.LABELS) if code not in {"other", "price"}]
    one, two = drawn.voices[:2]
    with shop.scope():
        Analysis.objects.filter(feedback_id=one, is_current=True).update(topics=many, topic_codes=[m["code"] for m in many])
    code_both(shop, drawn, one, Answer("pain", "complaint", "price"), now)
    with shop.scope():
        assert len(Analysis.objects.get(feedback_id=one, is_current=True).topics) == len(many) + 1
        voices.delete(two, organisation=shop.id, now=now, actor="x")
    with pytest.raises(CodingError) as raised:
        say(shop, drawn, two, "analyst", Answer("pain", "complaint", "price"), now)
    assert raised.value.code == "gone"


@pytest.mark.parametrize(
    ("pairs", "told"),
    [((0, 0), ""), ((2, 0), "few"), ((29, 0), "few"), ((60, 0), "good"), ((5, 25), "bad"), ((24, 6), "unclear")],
)
def test_the_target_is_spoken_of_from_thirty_on(pairs, told):
    alike, unlike = pairs
    first = [Coding(kind="complaint" if i % 2 else "praise", stance="pain", topic="price") for i in range(alike + unlike)]
    second = [Coding(kind=a.kind if i < alike else {"praise": "complaint", "complaint": "praise"}[a.kind], stance="pain", topic="price") for i, a in enumerate(first)]
    found = agreement.questions([coding.Pair(uuid.uuid4(), a, b, None) for a, b in zip(first, second, strict=True)])
    assert next(question for question in found if question.field == "kind").verdict == told


def test_what_was_kept_of_a_coding_before_is_what_was_named(shop, now, drawn):
    """Rows of before held the engine's whole list; the migration leaves the topic that was coded at that instant."""
    key, other = drawn.voices[:2]
    code_both(shop, drawn, key, Answer("pain", "complaint", "refund"), now)
    code_both(shop, drawn, other, Answer("pain", "complaint", "stock"), now)
    wait, refund, stock = ({"code": code, "sentiment": -0.4, "start": 0, "end": 0} for code in ("waiting_time", "refund", "stock"))
    main = importlib.import_module("feedback.migrations.0024_whole_runs_and_main_topics").MAIN
    with shop.scope(), connection.cursor() as cursor:
        rows = Correction.objects.filter(field="topics", source="coding")
        rows.filter(feedback_id=key).update(before=[wait, refund], after=[wait, {**refund, "nodes": ["refund/x"]}])
        rows.filter(feedback_id=other).update(before=[wait], after=[wait, stock])
        for _ in range(2):  # again changes nothing
            cursor.execute(main)
            assert {row.feedback_id: (row.before, row.after) for row in rows} == {key: ([refund], [refund]), other: ([], [stock])}
