"""体验模型树: what a tree must be, its roll-up by hand and by properties, its gaps and its versions."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import model_tree, model_versions
from metrics.definitions.table import BY_CODE, METRICS
from metrics.model_tree import (
    ModelTreeError,
    Node,
    Score,
    branches,
    checked,
    compared,
    gaps,
    in_order,
    read,
    roll_up,
    scale,
)
from metrics.models import ModelVersion
from metrics.series import Point

DAY = date(2026, 11, 16)
TOPICS, PLACES = {"price", "stock"}, {"payment"}
TREE = [
    Node("v", "", "愿景"),
    Node("a", "v", "产品", 3),
    Node("b", "v", "人", 1),
    Node("a1", "a", "价格", 1, metric="csat", topic="price"),
    Node("a2", "a", "缺货", 1, metric="nps", topic="stock"),
]


def point(value, half=None, n=100, *, suppressed=False):
    low, high = (None, None) if half is None else (value - half, value + half)
    return Point(DAY, DAY, {}, None if suppressed else value, None if suppressed else n, low, high, suppressed, None)


def test_a_metric_is_put_on_a_hundred_higher_is_better():
    assert scale(BY_CODE["nps"], -100) == 0 and scale(BY_CODE["nps"], 50) == 75
    assert scale(BY_CODE["csat"], 83.5) == 83.5
    assert scale(BY_CODE["sentiment"], 0) == 50
    ces = scale(BY_CODE["ces"], 7)
    assert ces == (100 if BY_CODE["ces"].direction > 0 else 0)
    assert {one.code for one in METRICS if not model_tree.scored(one)} >= {"complaint_rate", "volume"}


def test_the_roll_up_by_hand():
    tree = {branch.node.id: branch for branch in branches(TREE, {"a1": point(80, 4, 50), "a2": point(20, 10, 30)})}
    assert (tree["a1"].score.value, tree["a2"].score.value) == (80, 60)
    assert tree["a"].score.value == 70 and tree["a"].score.n == 80 and tree["a"].score.covered == 1
    assert (tree["a"].score.high - tree["a"].score.low) / 2 == pytest.approx(math.sqrt((0.5 * 4) ** 2 + (0.5 * 5) ** 2))
    assert tree["v"].score.value == 70, "a branch without a figure is left out, not counted as zero"
    assert tree["v"].score.covered == pytest.approx(0.75)
    assert [round(tree[key].share, 6) for key in ("v", "a", "b", "a1")] == [1, 0.75, 0.25, 0.375]
    assert [tree[key].level for key in ("v", "a", "a1")] == [1, 2, 3]


def test_what_is_hidden_or_missing_has_no_score():
    tree = {branch.node.id: branch.score for branch in branches(TREE, {"a1": point(80, suppressed=True)})}
    assert tree["a1"].value is None and tree["v"] == Score(None, None, None, 0, 0.0)


@given(st.lists(st.tuples(st.floats(0.1, 100), st.one_of(st.none(), st.floats(0, 100))), min_size=1, max_size=9))
def test_a_mean_lies_between_its_parts(children):
    scores = [(weight, Score(value, None, None, 1, 1.0) if value is not None else model_tree.NO_SCORE) for weight, value in children]
    found = roll_up(scores)
    known = [value for _weight, value in children if value is not None]
    if not known:
        assert found.value is None and found.covered == 0
        return
    assert min(known) - 1e-9 <= found.value <= max(known) + 1e-9
    assert 0 < found.covered <= 1 + 1e-9 and found.n == len(known)
    doubled = roll_up([(2 * weight, score) for weight, score in scores])
    assert doubled.value == pytest.approx(found.value), "weights are relative"


@pytest.mark.parametrize(
    ("nodes", "field", "code"),
    [
        ([Node("a", "", " ")], "a.name", "missing"),
        ([Node("a", "", "长" * 41)], "a.name", "too_long"),
        ([Node("a", "", "x", 0)], "a.weight", "bad_weight"),
        ([Node("a", "", "x", float("nan"))], "a.weight", "bad_weight"),
        ([Node("a", "", "x", 101)], "a.weight", "bad_weight"),
        ([Node("a", "", "x", flag="win")], "a.flag", "unknown_flag"),
        ([Node("a", "", "x", metric="complaint_rate")], "a.metric", "not_scored"),
        ([Node("a", "", "x", metric="happiness")], "a.metric", "not_scored"),
        ([Node("a", "", "x", metric="nps", topic="moon")], "a.topic", "unknown"),
        ([Node("a", "", "x", metric="nps", touchpoint="moon")], "a.touchpoint", "unknown"),
        ([Node("a", "b", "x"), Node("b", "a", "y")], "", "not_a_tree"),
        ([Node("a", "nowhere", "x")], "", "not_a_tree"),
        ([Node("a", "", "x"), Node("a", "", "y")], "", "duplicate"),
        ([Node(str(n), str(n - 1) if n else "", "x") for n in range(7)], "6.name", "too_deep"),
        ([Node(str(n), "", "x") for n in range(301)], "", "too_many"),
    ],
)
def test_what_is_no_tree_is_refused_by_its_place(nodes, field, code):
    with pytest.raises(ModelTreeError) as caught:
        checked(nodes, topics=TOPICS, touchpoints=PLACES)
    assert (caught.value.field, caught.value.code) == (field, code)


def test_checked_puts_parents_first_and_takes_the_metric_off_what_got_children():
    nodes = [Node("a1", "a", " 价格 ", metric="csat"), Node("a", "", "产品", metric="nps", topic="price")]
    assert checked(nodes, topics=TOPICS, touchpoints=PLACES) == [Node("a", "", "产品"), Node("a1", "a", "价格", metric="csat")]
    assert read([node.kept() for node in TREE]) == TREE
    assert [node.id for node, _level in in_order(TREE)] == ["v", "a", "a1", "a2", "b"]


def test_gaps_and_differences():
    tree = branches(TREE, {"a1": point(80)})
    found = gaps(tree, topics=["price", "stock", "refund"], touchpoints=["payment"])
    assert ([n.id for n in found.no_metric], [n.id for n in found.no_figure], found.topics, found.touchpoints) == (["b"], ["a2"], ["refund"], ["payment"])
    later = [Node("v", "", "愿景"), Node("a", "v", "产品", 5), Node("a1", "v", "价格", 1, metric="csat", topic="price"), Node("c", "v", "新")]
    said = [(one.kind, one.name, dict(one.fields)) for one in compared(TREE, later)]
    assert said == [
        ("changed", "产品", {"weight": (3, 5)}), ("changed", "价格", {"parent": ("产品", "愿景")}), ("added", "新", {}),
        ("removed", "人", {}), ("removed", "缺货", {}),
    ]  # fmt: skip


def test_the_universal_tree_is_a_tree_and_sees_every_topic(shop, now):
    with shop.scope():
        nodes = model_versions.universal(organisation=shop.id)
        row = model_versions.save(nodes, on=0, organisation=shop.id, now=now, actor="t")
        again = model_versions.save(nodes, on=1, organisation=shop.id, now=now, actor="t")
        assert row.version == again.version == ModelVersion.objects.count() == 1
        tree = branches(nodes, {})
        places = model_versions.touchpoints(organisation=shop.id)
        found = gaps(tree, topics=[code for code in model_versions.LABELS if code != "other"], touchpoints=places)
        assert (found.topics, found.touchpoints, found.no_metric) == ([], [], [])
        with pytest.raises(ModelTreeError) as caught:
            model_versions.save(nodes[:2], on=0, organisation=shop.id, now=now, actor="t")
        assert caught.value.code == "stale"
