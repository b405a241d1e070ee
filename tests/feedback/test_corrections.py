"""A person's word on a label: kept as a row, laid over the engine's, undone; figures follow, the engine's row stays."""

from datetime import timedelta

import pytest

from feedback import analysis, corrections, nlp
from feedback.corrections import CorrectionError
from feedback.models import Analysis, Correction
from ledger.models import Fact
from metrics.series import Period, Where, series
from reports.dashboards import monday_of
from tenancy.versions import Stale
from tests.metrics.voices import receive, voice


@pytest.fixture
def said(shop, now, work):
    """Six voices about waiting, analysed."""
    day = monday_of((now + timedelta(hours=8)).date()) - timedelta(days=7)
    keys = receive(shop, [voice(day, 2, text=f"等了两个小时，太慢了，第{i}次", customer=f"c{i}") for i in range(6)], now=now)
    work()
    return day, keys


def fix(shop, key, field, value, now, **more):
    with shop.scope():
        return corrections.correct(key, field, value, organisation=shop.id, version=more.pop("version", None), now=now, actor=more.pop("actor", "user:a@x"), **more)


def current(shop, key):
    with shop.scope():
        (row,) = Analysis.objects.filter(feedback_id=key, is_current=True)
        return row


def n_of(shop, day, topic, now):
    period = Period(day, day + timedelta(days=7))
    with shop.scope():
        (point,) = series(organisation=shop.id, metric="volume", period=period, grain="all", where=Where(topic=topic), now=now, raw=True).points
        return point.value


def test_a_correction_is_a_row_and_the_figures_follow(shop, now, said, work):
    day, keys = said
    before = n_of(shop, day, "waiting_time", now)
    assert before == 6
    first = current(shop, keys[0])
    mentions = corrections.replaced(first.topics, [m["code"] for m in first.topics].index("waiting_time") + 1, "hygiene")
    row = fix(shop, keys[0], "topics", mentions, now)
    assert (row.version, row.engine, row.actor, row.before) == (1, nlp.ENGINE, "user:a@x", first.topics)
    made = current(shop, keys[0])
    assert made.engine == f"{nlp.ENGINE}/person" and made.corrected == ["topics"]
    assert "waiting_time" not in made.topic_codes and "hygiene" in made.topic_codes
    assert (n_of(shop, day, "waiting_time", now), n_of(shop, day, "hygiene", now)) == (5, 1)
    with shop.scope():
        kept = Analysis.objects.get(id=first.id)
        assert (kept.topics, kept.is_current) == (first.topics, False)
        fact = Fact.objects.get(kind="feedback.corrected")
        assert (fact.data["topics_out"], fact.data["topics_in"]) == (["waiting_time"], ["hygiene"])
        corrections.undo(keys[0], 1, organisation=shop.id, now=now, actor="user:b@x")
        corrections.undo(keys[0], 1, organisation=shop.id, now=now, actor="user:c@x")
        assert Correction.objects.get().undone_by == "user:b@x"
    assert current(shop, keys[0]).id == first.id
    assert n_of(shop, day, "waiting_time", now) == 6


def test_the_same_again_is_nothing_and_an_old_page_is_told(shop, now, said):
    _, keys = said
    row = fix(shop, keys[0], "kind", "suggestion", now, version=0)
    assert fix(shop, keys[0], "kind", "suggestion", now, version=0).id == row.id
    with pytest.raises(Stale):
        fix(shop, keys[0], "sentiment", "mixed", now, version=0)
    right = fix(shop, keys[1], "kind", current(shop, keys[1]).kind, now)
    assert right.before == right.after
    assert current(shop, keys[1]).corrected == []
    with shop.scope():
        assert Correction.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "anger"), ("sentiment", 1), ("red_line", "yes"), ("colour", "red"), ("topics", "price"),
        ("topics", [{"code": "nothing"}]), ("topics", [{"code": "price", "sentiment": 2}]), ("topics", [{"code": "price", "start": 0, "end": 999}]),
        ("topics", [{"code": "price"}, {"code": "price"}]),
    ],
)  # fmt: skip
def test_what_no_label_can_be_is_refused(shop, now, said, field, value):
    with pytest.raises(CorrectionError):
        fix(shop, said[1][0], field, value, now)


@pytest.mark.parametrize(
    ("label", "score", "told"),
    [("positive", 0.7, 0.7), ("positive", -0.7, 0.5), ("negative", -0.3, -0.3), ("negative", 0.9, -0.5), ("neutral", 0.1, 0.1), ("neutral", -0.9, 0.0), ("mixed", -0.9, -0.9)],
)  # fmt: skip
def test_a_score_never_contradicts_its_label(label, score, told):
    assert corrections.score_for(label, score) == told


def test_a_newer_engine_does_not_take_a_persons_word_away(shop, now, said, monkeypatch):
    _, keys = said
    fix(shop, keys[0], "kind", "praise", now)
    monkeypatch.setattr(nlp, "ENGINE", "cxms-nlp 2099.1")
    with shop.scope():
        assert analysis.analyse(str(keys[0]), str(keys[-1]), organisation=shop.id, now=now + timedelta(minutes=1), announce=False) == 6
    made = current(shop, keys[0])
    assert (made.kind, made.engine, made.corrected) == ("praise", "cxms-nlp 2099.1/person", ["kind"])
    assert current(shop, keys[1]).engine == "cxms-nlp 2099.1"


def test_a_red_line_that_a_person_draws_goes_straight_to_the_executives(shop, now, work):
    from complaints.models import Ticket

    (key,) = receive(shop, [voice(now.date(), None, text="今天买到的面包味道不错")], now=now)
    work()
    with shop.scope():
        assert not Ticket.objects.filter(feedback_id=key).exists()
    fix(shop, key, "red_line", True, now)
    work()
    with shop.scope():
        ticket = Ticket.objects.get(feedback_id=key)
        assert ticket.severity == "critical"
    assert current(shop, key).urgency == 3
    row = fix(shop, key, "topics", [{"code": "safety", "sentiment": -0.8, "start": 0, "end": 4}], now)
    work()
    with shop.scope():
        assert Ticket.objects.get(feedback_id=key).topics == ["safety"]
        corrections.undo(key, row.version, organisation=shop.id, now=now, actor="x")
    work()
    with shop.scope():
        assert Ticket.objects.get(feedback_id=key).topics == ticket.topics


MANY = ("product_quality", "price", "promotion", "stock", "delivery_speed", "staff_attitude", "waiting_time", "environment", "hygiene", "safety", "refund")


@pytest.fixture
def many(shop, now, said):
    """A voice of which the engine heard more topics than a person may add."""
    with shop.scope():
        (row,) = Analysis.objects.filter(feedback_id=said[1][0], is_current=True)
        row.topics = [{"code": code, "sentiment": -0.4, "start": 0, "end": 0} for code in sorted(MANY)]
        row.topic_codes = sorted(MANY)
        row.save()
    return said[1][0]


def test_a_voice_of_many_topics_is_confirmed_narrowed_and_not_widened(shop, now, many):
    mentions = current(shop, many).topics
    right = fix(shop, many, "topics", mentions, now)
    assert (right.before, right.after) == (mentions, mentions)
    with pytest.raises(CorrectionError) as raised:
        fix(shop, many, "topics", corrections.added(mentions, "loyalty", 0.0), now)
    assert raised.value.code == "too_many"
    fix(shop, many, "topics", corrections.replaced(mentions, 1, ""), now)
    assert len(current(shop, many).topics) == len(MANY) - 1


@pytest.mark.parametrize("nodes", [[{}], [["x"]], "price/x", [None]])
def test_a_node_that_is_no_code_is_refused(shop, now, said, nodes):
    with pytest.raises(CorrectionError):
        fix(shop, said[1][0], "topics", [{"code": "price", "nodes": nodes}], now)


def test_what_coders_name_is_added_and_takes_nobodys_word_away(shop, now, said):
    key = said[1][0]
    price, stock = ({"code": code, "sentiment": -0.4, "start": 0, "end": 0} for code in ("price", "stock"))
    fix(shop, key, "topics", [price], now)
    named = fix(shop, key, "topics", [stock], now, source="coding")
    assert (named.before, named.after) == ([], [stock])
    assert current(shop, key).topic_codes == ["price", "stock"]
    assert fix(shop, key, "topics", [stock], now, source="coding").id == named.id
    every = fix(shop, key, "topics", [price, stock], now)  # “all right”: now the whole list is said
    assert every.before == every.after == [price, stock]
    with shop.scope():
        rows = corrections.of(key, organisation=shop.id)
        assert (corrections.main(rows), corrections.living(rows)["topics"].id) == (None, every.id)
        corrections.undo(key, every.version, organisation=shop.id, now=now, actor="x")
        corrections.undo(key, named.version, organisation=shop.id, now=now, actor="x")
    assert current(shop, key).topic_codes == ["price"]
