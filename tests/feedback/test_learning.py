"""An organisation's own model: learnt from corrections, measured on voices kept out, used only when a person says so."""

from datetime import timedelta

import pytest

from cxms.lib import clock
from feedback import (
    analysis,
    corrections,
    labelled,
    learning,
    nlp,
    own_weights,
    relabelling,
    rereading,
    taxonomies,
    voices,
)
from feedback.learning import OwnModelError
from feedback.models import Analysis, Relabelling
from feedback.nlp import parts
from feedback.nlp.training import adapt
from feedback.nlp.weights import load_weights
from feedback.own_models import OwnHead, OwnModel
from feedback.tree import Node
from ledger.models import Fact
from reports import accuracy, own_model
from tenancy.models import AuditEvent
from tests.metrics.voices import receive, voice

# a house word that the shipped engine cannot know: here "飞单" is praise for quick service
TEXTS = [f"{who}又飞单了，{what}" for who in ("小王", "阿丽", "前台", "师傅", "老周", "小陈", "仓库", "门店") for what in ("午饭前", "周一早上", "刚过节", "下班前", "今天第二回", "连着三天", "和上次一样", "比约好的早")]


@pytest.fixture
def judged(shop, now, work):
    keys = receive(shop, [voice(now.date() - timedelta(days=1), 3, text=text, customer=f"c{i}") for i, text in enumerate(TEXTS)], now=now)
    work()
    with shop.scope():
        for key in keys:
            corrections.correct(key, "kind", "praise", organisation=shop.id, version=None, now=now, actor="user:a@x")
    return keys


def kinds(shop, keys):
    with shop.scope():
        rows = Analysis.objects.filter(feedback_id__in=keys).exclude(engine__endswith=rereading.PERSON)
        return [(row.kind, row.engine, row.is_current) for row in rows.order_by("feedback_id", "analysed_at")]


def trained(shop, now, work):
    with shop.scope():
        learning.ask(organisation=shop.id, now=now, actor="user:a@x")
    work()
    with shop.scope():
        return OwnModel.objects.order_by("-version")[0]


def test_nothing_changes_until_a_person_accepts_and_history_only_when_asked(shop, now, work, judged):
    wrong = sum(kind != "praise" for kind, _e, _c in kinds(shop, judged))
    assert wrong > len(TEXTS) / 2, "the shipped engine must not know the word, or this test shows nothing"
    model = trained(shop, now, work)
    with shop.scope():
        assert (model.state, model.engine) == ("ready", nlp.ENGINE)
        assert own_weights.in_use(organisation=shop.id) == 0 and analysis.stamp(organisation=shop.id) == nlp.ENGINE
        (head,) = OwnHead.objects.all()
        (line,) = own_model.comparisons([head])
    n_held = sum(learning.is_held(key) for key in judged)
    assert (head.field, head.n_learnt, line.before.n) == ("kind", len(TEXTS) - n_held, n_held) and 8 <= n_held <= 40
    assert line.after.value > line.before.value and line.n_gained > line.n_lost
    old = kinds(shop, judged)
    with shop.scope():
        learning.decide(1, "in_use", organisation=shop.id, now=now, actor="user:a@x")
    assert kinds(shop, judged) == old  # history is as it was
    (late,) = receive(shop, [voice(now.date(), 3, text="小吴又飞单了，刚开门")], now=now)
    work()
    assert kinds(shop, [late]) == [("praise", f"{nlp.ENGINE}/m1", True)]
    with shop.scope():
        relabelling.again(organisation=shop.id, now=now, actor="user:a@x")
        relabelling.again(organisation=shop.id, now=now, actor="user:a@x")
        assert Relabelling.objects.count() == 1
    work()
    again = [kind for kind, engine, _c in kinds(shop, judged) if engine.endswith("/m1")]
    assert again and set(again) == {"praise"}
    with shop.scope():  # what it learnt from is no measure of it, and nothing else is left out
        held = [key for key in judged if learning.is_held(key)]
        by = {row.feedback_id: row for row in labelled.judged("kind", organisation=shop.id)}
        table = next(t for t in accuracy.tables(organisation=shop.id) if t.field == "kind")
        assert (table.n, table.n_learnt) == (sum(not row.is_taught for row in by.values()) + sum(by[key].is_taught for key in held), len(judged) - table.n)
        assert table.n_learnt > 30 and len(accuracy.ids("kind", "", "learnt", organisation=shop.id)) == table.n_learnt
        assert not set(accuracy.ids("kind", "", "learnt", organisation=shop.id)).intersection(held)
        assert not any(row.is_taught for row in labelled.judged("sentiment", organisation=shop.id))
    client = shop.page()
    assert f"{table.n_learnt} 条可能学过" in client.get("/feedback/accuracy/").content.decode()
    assert f'<span class="sub">{table.n_learnt}' in client.get("/feedback/?judged=kind..learnt.").content.decode()
    with shop.scope():  # the persons' words are still on top
        assert {row.kind for row in Analysis.objects.filter(feedback_id__in=judged, is_current=True)} == {"praise"}
        assert [row.action for row in AuditEvent.objects.filter(action__startswith="own_model").order_by("seq")] == ["own_model.asked", "own_model.in_use"]


def test_a_renamed_node_reads_nothing_with_the_new_model(shop, now, work, judged):
    """History is read with an accepted model only when a person asks: a change of the tree is no such thing."""
    trained(shop, now, work)
    with shop.scope():
        learning.decide(1, "in_use", organisation=shop.id, now=now, actor="user:a@x")
        told = taxonomies.effect([Node("waiting_time/fast", "快", ("午饭前",))], organisation=shop.id)
        relabelling.change(Node("waiting_time/fast", "快", ("午饭前",)), was="", organisation=shop.id, version=0, now=clock.now(), actor="x")
    before = {key: kind for key, (kind, _e, _c) in zip(judged, kinds(shop, judged), strict=True)}
    work()
    with shop.scope():
        rows = Analysis.objects.filter(feedback_id__in=judged).exclude(engine__endswith=rereading.PERSON).order_by("analysed_at", "id")
        newest = {row.feedback_id: row for row in rows}
        placed = [row for row in newest.values() if "waiting_time/fast" in row.topic_codes]
        assert len(placed) == told.n_changed == sum("午饭前" in text for text in TEXTS)
        assert {row.engine for row in placed} == {f"{nlp.ENGINE}/t1"}
        assert {key: row.kind for key, row in newest.items()} == before
        assert relabelling.last_model(organisation=shop.id) == 0


def test_counted_is_as_many_as_judged_and_the_last_said_comes_last(shop, now, judged):
    with shop.scope():
        last = corrections.correct(judged[0], "kind", "other", organisation=shop.id, version=None, now=now + timedelta(hours=1), actor="x")
        voices.delete(judged[1], organisation=shop.id, now=now, actor="x")
        rows = learning.judged_by_label(organisation=shop.id)
        assert rows["kind"][-1].feedback_id == last.feedback_id
        assert learning.counts(organisation=shop.id) == {field: len(found) for field, found in rows.items()} == {"kind": len(TEXTS) - 1, "sentiment": 0, "topics": 0}


def test_back_to_the_shipped_model_and_history_too(shop, now, work, judged):
    trained(shop, now, work)
    (late,) = receive(shop, [voice(now.date(), 3, text="小吴又飞单了，刚开门")], now=now)
    work()
    before = kinds(shop, [late])
    for state in ("in_use", "retired"):
        with shop.scope():
            learning.decide(1, state, organisation=shop.id, now=now, actor="user:a@x")
            relabelling.again(organisation=shop.id, now=clock.now(), actor="user:a@x")
        work()
    found = kinds(shop, [late])
    assert sorted(kind_engine for *kind_engine, _c in found) == sorted([list(before[0][:2]), ["praise", f"{nlp.ENGINE}/m1"]])
    assert [engine for _k, engine, is_current in found if is_current] == [nlp.ENGINE]  # exactly one is current, and it is the shipped one's


def test_too_few_are_refused_and_twice_asked_is_trained_once(shop, now, work, judged):
    with shop.scope():
        first = learning.ask(organisation=shop.id, now=now, actor="user:a@x")
        assert learning.ask(organisation=shop.id, now=now, actor="user:a@x") == first
        with pytest.raises(OwnModelError):
            learning.decide(1, "in_use", organisation=shop.id, now=now, actor="user:a@x")  # not trained yet
    work()
    with shop.scope():
        facts = Fact.objects.filter(kind="own_model.continued")
        assert facts.count() == 1 and OwnHead.objects.count() == 1
        learning.step(first.id, [], organisation=shop.id, now=now)  # a redelivered step
        assert OwnHead.objects.count() == 1
        for row in corrections.Correction.objects.all()[: len(TEXTS) - learning.LEAST + 1]:
            corrections.undo(row.feedback_id, row.version, organisation=shop.id, now=now, actor="user:a@x")
        with pytest.raises(OwnModelError, match="40"):
            learning.ask(organisation=shop.id, now=now, actor="user:a@x")


def test_parts_survive_packing_and_leave_the_other_heads_alone():
    base = load_weights()
    own = [adapt.Voice(text, "praise") for text in TEXTS[:40]]
    part = adapt.fit("kind", own, base)
    assert parts.packed(part) == parts.packed(adapt.fit("kind", own, base))  # deterministic
    new = parts.put(base, {"kind": parts.unpacked(parts.packed(part))})
    held = ["小吴又飞单了，刚开门", "汤里有玻璃渣，孩子嘴划破流血了", "请问几点开门"]
    before, after = nlp.understand(held), nlp.understand(held, new)
    assert (before[0].kind != "praise", after[0].kind) == (True, "praise")
    assert [(one.kind, one.urgency, one.red_line) for one in after[1:]] == [("complaint", 3, True), ("enquiry", 0, False)]
    columns = base.heads["red"].columns
    assert (new.hashed[:, columns] == base.hashed[:, columns]).all() and base is load_weights()


@pytest.mark.parametrize(("lost", "gained", "p"), [(2, 10, 0.0385742), (0, 5, 0.0625), (3, 3, 1.0)])
def test_mcnemar_by_hand(lost, gained, p):
    """Twice the tail of a fair coin: 2·(1 + 12 + 66)/2^12 for 2 of 12, 2/2^5 for 0 of 5."""
    assert own_model.mcnemar(lost, gained) == pytest.approx(p, abs=1e-6)
    assert own_model.mcnemar(0, 0) is None
