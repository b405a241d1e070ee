"""体验模型树: a weighted tree of what the experience is made of, from a vision down to leaves with one metric each. Pure.

A leaf's score is its metric put on 0–100, higher is better. A node's score is the weighted mean of its children that have
one, its interval as if they were independent; the share of weight that has no score is told beside it, never filled in.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cxms.lib.errors import DomainError
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.series import Point

LEVELS = 6
MOST_NODES = 300
MOST_WEIGHT = 100.0
FLAGS = {"": gettext_lazy("未定"), "compete": gettext_lazy("争胜"), "parity": gettext_lazy("持平"), "give_up": gettext_lazy("放弃")}
# what a metric's unit spans; a rate or a time has no best value and cannot be rolled up
SPANS: dict[str, tuple[float, float]] = {"points": (-100, 100), "%": (0, 100), "mean 1–7": (1, 7), "0–100": (0, 100), "−1..1": (-1, 1)}


class ModelTreeError(DomainError):
    """The tree cannot be kept as asked; `field` is "<node id>.<field>"."""


@dataclass(frozen=True)
class Node:
    """One node. parent: "" at the top; flag: where to compete; a leaf has a metric, narrowed by a topic or touchpoint."""

    id: str
    parent: str
    name: str
    weight: float = 1.0
    flag: str = ""
    metric: str = ""
    topic: str = ""
    touchpoint: str = ""

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Score:
    """0–100. n: answers below; covered: the share of weight below that has a score, 0..1."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    covered: float


NO_SCORE = Score(None, None, None, 0, 0.0)


@dataclass(frozen=True)
class Branch:
    """A node in its place: how deep it hangs (1 at the top), its share of the whole by weights, its leaf's point and score."""

    node: Node
    level: int
    share: float
    is_leaf: bool
    point: Point | None
    score: Score


@dataclass(frozen=True)
class Change:
    """What became of a node between two versions. kind: added, removed or changed; fields: name → (before, after)."""

    kind: str
    name: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def read(rows: Iterable[Mapping[str, Any]]) -> list[Node]:
    """Nodes as they were kept."""
    return [Node(**row) for row in rows]


def scored(definition: Definition) -> bool:
    """Whether a metric can be put on 0–100."""
    return definition.unit in SPANS


def scale(definition: Definition, value: float) -> float:
    """A value on 0–100, higher is better."""
    low, high = SPANS[definition.unit]
    share = 100 * (value - low) / (high - low)
    return share if definition.direction > 0 else 100 - share


# ---- what a tree must be -------------------------------------------------------------------------------------------


def checked(nodes: Sequence[Node], *, topics: Iterable[str], touchpoints: Iterable[str]) -> list[Node]:
    """The nodes in reading order, trimmed, if they are a tree. Raises ModelTreeError naming node and field."""
    if len(nodes) > MOST_NODES:
        raise ModelTreeError(_("最多 %(n)d 个节点") % {"n": MOST_NODES}, code="too_many")
    ids = [node.id for node in nodes]
    if len(set(ids)) != len(ids) or not all(ids):
        raise ModelTreeError(_("节点的编号重复了"), code="duplicate")
    known = (set(topics), set(touchpoints))
    parents = {node.parent for node in nodes}
    trimmed = [_node(replace(node, name=" ".join(node.name.split())), node.id not in parents, known) for node in nodes]
    ordered = in_order(trimmed)
    if len(ordered) != len(nodes):
        raise ModelTreeError(_("有节点挂在了自己下面，或挂在不存在的节点下面"), code="not_a_tree")
    for node, level in ordered:
        if level > LEVELS:
            raise ModelTreeError(_("最多 %(n)d 层") % {"n": LEVELS}, code="too_deep", field=f"{node.id}.name")
    return [node for node, _level in ordered]


def _node(node: Node, is_leaf: bool, known: tuple[set[str], set[str]]) -> Node:
    def refuse(name: str, message: str, code: str) -> None:
        raise ModelTreeError(message, code=code, field=f"{node.id}.{name}")

    if not node.name:
        refuse("name", _("给节点起个名字"), "missing")
    if len(node.name) > 40:
        refuse("name", _("最多 %(most)d 字") % {"most": 40}, "too_long")
    if not (math.isfinite(node.weight) and 0 < node.weight <= MOST_WEIGHT):
        refuse("weight", _("权重写 0 到 100 之间的数，不含 0"), "bad_weight")
    if node.flag not in FLAGS:
        refuse("flag", _("没有这种打法"), "unknown_flag")
    if not is_leaf:
        # what hung on a leaf goes when it gets children
        return replace(node, metric="", topic="", touchpoint="")
    definition = BY_CODE.get(node.metric)
    if node.metric and (definition is None or not scored(definition)):
        refuse("metric", _("这个指标没有满分，不能折成 0–100"), "not_scored")
    for name, code, there in (("topic", node.topic, known[0]), ("touchpoint", node.touchpoint, known[1])):
        if code and code not in there:
            refuse(name, _("没有这一项"), "unknown")
        if code and definition is not None and name not in definition.dimensions:
            refuse(name, _("这个指标不能这样切开"), "unknown_cut")
    return node


def in_order(nodes: Sequence[Node]) -> list[tuple[Node, int]]:
    """Nodes with their level, each below its parent, siblings as they were given; what hangs nowhere is left out."""
    below: dict[str, list[Node]] = {}
    for node in nodes:
        below.setdefault(node.parent, []).append(node)
    found: list[tuple[Node, int]] = []
    waiting = [(node, 1) for node in reversed(below.get("", []))]
    while waiting:
        node, level = waiting.pop()
        found.append((node, level))
        waiting += [(child, level + 1) for child in reversed(below.get(node.id, []))]
    return found


# ---- roll-up -------------------------------------------------------------------------------------------------------


def branches(nodes: Sequence[Node], points: Mapping[str, Point]) -> list[Branch]:
    """The tree with scores. points: by leaf id; a leaf without one, or with a hidden one, has no score."""
    below: dict[str, list[Node]] = {}
    for node in nodes:
        below.setdefault(node.parent, []).append(node)
    scores: dict[str, Score] = {}
    for node, _level in reversed(in_order(nodes)):
        scores[node.id] = roll_up([(child.weight, scores[child.id]) for child in below[node.id]]) if node.id in below else _leaf(node, points)
    shares: dict[str, float] = {}
    made = []
    for node, level in in_order(nodes):
        siblings = sum(one.weight for one in below[node.parent])
        shares[node.id] = shares.get(node.parent, 1.0) * node.weight / siblings
        made.append(Branch(node, level, shares[node.id], node.id not in below, points.get(node.id), scores[node.id]))
    return made


def _leaf(node: Node, points: Mapping[str, Point]) -> Score:
    point = points.get(node.id)
    if point is None or point.suppressed or point.value is None or node.metric not in BY_CODE:
        return NO_SCORE
    definition = BY_CODE[node.metric]
    bounds = [None if bound is None else scale(definition, bound) for bound in (point.low, point.high)]
    ends = sorted(bound for bound in bounds if bound is not None)
    low, high = (ends[0], ends[1]) if len(ends) == 2 else (None, None)
    return Score(scale(definition, point.value), low, high, point.n or 0, 1.0)


def roll_up(children: Sequence[tuple[float, Score]]) -> Score:
    """The weighted mean of the children that have a score; (weight, score) each.

    The interval adds the halves of theirs in squares, as for independent parts; without it for one child it has none.
    """
    total = sum(weight for weight, _score in children)
    with_score = [(weight, score) for weight, score in children if score.value is not None]
    covered = sum(weight * score.covered for weight, score in children) / total if total else 0.0
    mass = sum(weight for weight, _score in with_score)
    if not mass:
        return replace(NO_SCORE, covered=covered)
    value = math.fsum(weight * (score.value or 0.0) for weight, score in with_score) / mass
    halves = [(weight, (score.high - score.low) / 2) for weight, score in with_score if score.low is not None and score.high is not None]
    half = math.sqrt(math.fsum((weight / mass * size) ** 2 for weight, size in halves)) if len(halves) == len(with_score) else None
    low, high = (None, None) if half is None else (max(0.0, value - half), min(100.0, value + half))
    return Score(value, low, high, sum(score.n for _weight, score in with_score), covered)


# ---- gaps and versions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gaps:
    """What the tree does not see: leaves without a metric, leaves without a figure, topics and touchpoints on no node."""

    no_metric: list[Node]
    no_figure: list[Node]
    topics: list[str]
    touchpoints: list[str]


def gaps(tree: Sequence[Branch], *, topics: Iterable[str], touchpoints: Iterable[str]) -> Gaps:
    """The gaps of a tree with scores."""
    leaves = [branch for branch in tree if branch.is_leaf]
    on = {branch.node.topic for branch in leaves} | {f"@{branch.node.touchpoint}" for branch in leaves}
    return Gaps(
        no_metric=[branch.node for branch in leaves if not branch.node.metric],
        no_figure=[branch.node for branch in leaves if branch.node.metric and branch.score.value is None],
        topics=[code for code in topics if code not in on],
        touchpoints=[code for code in touchpoints if f"@{code}" not in on],
    )


def compared(before: Sequence[Node], after: Sequence[Node]) -> list[Change]:
    """What changed between two versions, node by node, in the order of the later one; removed ones last."""
    old, new = {node.id: node for node in before}, {node.id: node for node in after}
    names = {node.id: node.name for node in [*before, *after]}
    found = []
    for key, node in new.items():
        if key not in old:
            found.append(Change("added", node.name))
            continue
        fields = {
            name: (getattr(old[key], name), getattr(node, name))
            for name in ("name", "parent", "weight", "flag", "metric", "topic", "touchpoint")
            if getattr(old[key], name) != getattr(node, name)
        }
        if "parent" in fields:
            was, is_now = fields["parent"]
            fields["parent"] = (names.get(was, ""), names.get(is_now, ""))
        if fields:
            found.append(Change("changed", node.name, fields))
    return found + [Change("removed", node.name) for key, node in old.items() if key not in new]
