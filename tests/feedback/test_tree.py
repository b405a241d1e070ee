"""The tree below the topics, pure: adding, moving, merging, what competes, how a text is placed."""

from dataclasses import replace

import pytest

from feedback import tree
from feedback.nlp.understanding import Mention, Understanding
from feedback.tree import Node, TreeError

TOPICS = ("waiting_time", "price")
NODES = [
    Node("waiting_time/parts", "配件", ("等配件", "没配件")),
    Node("waiting_time/parts/stock", "缺货", ("调货",)),
    Node("waiting_time/queue", "排队", ("排队",)),
]


def put(node, was="", nodes=NODES):
    return {n.code: n for n in tree.put(nodes, node, was=was, topics=TOPICS)}


def said(*codes):
    return Understanding("zh-Hans", "complaint", "negative", -0.5, tuple(Mention(code, -0.5, 0, 4) for code in codes), 1, False, (), False, ())


def test_a_node_moves_with_what_is_below_it_and_old_codes_lead_on():
    found = put(Node("price/parts", "配件", ("等配件",)), was="waiting_time/parts")
    assert set(found) == {"price/parts", "price/parts/stock", "waiting_time/queue"}
    assert found["price/parts"].was == ("waiting_time/parts",)
    assert tree.resolve("waiting_time/parts/stock", found.values()) == "price/parts/stock"
    assert tree.resolve("waiting_time/queue", found.values()) == "waiting_time/queue"


def test_a_merged_node_leaves_its_words_and_its_code():
    found = put(Node("waiting_time/queue", "排队", ("排队",), into="waiting_time/parts"), was="waiting_time/queue")
    assert found["waiting_time/parts"].words == ("等配件", "没配件", "排队")
    assert found["waiting_time/queue"].is_retired
    assert tree.resolve("waiting_time/queue", found.values()) == "waiting_time/parts"


@pytest.mark.parametrize(
    ("node", "was"),
    [
        (Node("weather/rain", "雨"), ""), (Node("waiting_time/none/x", "甲"), ""), (Node("waiting_time/parts", "甲"), ""), (Node("waiting_time/x", ""), ""),
        (Node("waiting_time/x", "排队"), ""), (Node("waiting_time/parts/stock/deep", "深"), ""), (Node("waiting_time/X!", "甲"), ""),
        (Node("waiting_time/parts/a", "甲"), "waiting_time/parts"), (Node("price/x", "甲"), "price/none"), (Node("waiting_time/x", "甲", into="price/none"), ""),
        (Node("waiting_time/queue/parts", "配件"), "waiting_time/parts"),
    ],
)  # fmt: skip
def test_what_no_tree_can_be_is_refused(node, was):
    with pytest.raises(TreeError):
        put(node, was)


def test_words_that_two_nodes_claim_are_seen():
    nodes = [*NODES, Node("price/queue", "加价排队", ("黄牛排队", "加价")), Node("price/gone", "旧", ("加价",), is_retired=True)]
    assert tree.overlaps(nodes) == [("排队", "waiting_time/queue", "price/queue")]
    assert tree.overlaps([Node("price/a", "甲", ("贵",)), Node("price/a/b", "乙", ("太贵",))]) == []


def test_a_text_is_placed_on_the_nodes_whose_words_it_says():
    (found,) = tree.understood(["说沒配件，還要調貨"], [said("waiting_time", "price")], {}, NODES)
    wait, price = found.topics
    assert wait.nodes == ("waiting_time/parts", "waiting_time/parts/stock")
    assert not hasattr(price, "nodes")
    assert tree.codes_of(found) == ["waiting_time", "price", "waiting_time/parts", "waiting_time/parts/stock"]
    # words of a node are evidence for its topic where the engine heard none
    (found,) = tree.understood(["要排队"], [said("price")], {}, NODES)
    assert tree.codes_of(found) == ["price", "waiting_time", "waiting_time/queue"]
    (found,) = tree.understood(["要排队"], [said("price")], {}, [Node("waiting_time/queue", "排队", ("排队",), is_retired=True)])
    assert tree.codes_of(found) == ["price"]


def test_a_retired_node_is_not_what_is_below_it():
    nodes = [Node("waiting_time/parts", "配件", ("等配件",), is_retired=True), *NODES[1:]]
    (found,) = tree.understood(["说没配件，还要调货"], [said("waiting_time")], {}, nodes)
    assert tree.codes_of(found) == ["waiting_time", "waiting_time/parts/stock"]
    assert tree.chain("waiting_time/parts/stock") == ("waiting_time/parts", "waiting_time/parts/stock")  # while it is heard


def test_an_old_code_leads_on_however_often_its_node_went():
    first = tree.put(NODES, Node("waiting_time/queue", "排队", ("排队",), into="waiting_time/parts"), was="waiting_time/queue", topics=TOPICS)
    parts = next(node for node in first if node.code == "waiting_time/parts")
    moved = tree.put(first, replace(parts, code="price/parts"), was="waiting_time/parts", topics=TOPICS)
    assert tree.resolve("waiting_time/queue", moved) == "price/parts"
    assert next(node for node in moved if node.name == "排队").into == "price/parts"  # not the code it had
    back = tree.put(moved, Node("waiting_time/parts", "配件"), was="price/parts", topics=TOPICS)
    assert {tree.resolve(code, back) for code in ("waiting_time/parts", "price/parts", "waiting_time/queue")} == {"waiting_time/parts"}


def test_what_was_merged_stays_so_and_does_not_give_its_words_twice():
    merged = tree.put(NODES, Node("waiting_time/queue", "排队", ("排队",), into="waiting_time/parts"), was="waiting_time/queue", topics=TOPICS)
    here = {node.code: node for node in merged}
    fewer = tree.put(merged, replace(here["waiting_time/parts"], words=("等配件",), is_retired=True), was="waiting_time/parts", topics=TOPICS)
    again = tree.put(fewer, replace(here["waiting_time/queue"], name="排长队"), was="waiting_time/queue", topics=TOPICS)
    found = {node.code: node for node in again}
    assert (found["waiting_time/queue"].into, found["waiting_time/queue"].is_retired) == ("waiting_time/parts", True)
    assert found["waiting_time/parts"].words == ("等配件",)


MENTION = {"code": "waiting_time", "sentiment": -0.5, "start": 0, "end": 4}
MOVED = [Node("price/parts", "配件", was=("waiting_time/parts",)), Node("price/parts/stock", "缺货", was=("waiting_time/parts/stock",)), NODES[2]]
GONE = [Node("waiting_time/parts", "配件", is_retired=True), *NODES[1:]]


@pytest.mark.parametrize(
    ("nodes", "below", "others", "told"),
    [
        (NODES, ["waiting_time/parts"], [], {"waiting_time": ["waiting_time/parts"]}),
        (MOVED, ["waiting_time/parts", "waiting_time/parts/stock"], [], {"price": ["price/parts", "price/parts/stock"]}),
        (MOVED, ["waiting_time/parts", "waiting_time/queue"], [], {"price": ["price/parts"], "waiting_time": ["waiting_time/queue"]}),
        (MOVED, ["waiting_time/parts"], ["price"], {"price": ["price/parts"]}),
        (MOVED, [], ["price"], {"waiting_time": [], "price": []}),
        (GONE, ["waiting_time/parts", "waiting_time/parts/stock"], [], {"waiting_time": ["waiting_time/parts/stock"]}),
        (GONE, ["waiting_time/parts"], [], {"waiting_time": ["waiting_time/parts"]}),  # a person's word stays countable
        ([], ["waiting_time/nobody"], [], {"waiting_time": []}),
    ],
)
def test_what_was_said_follows_the_tree(nodes, below, others, told):
    given = [{**MENTION, "nodes": below} if below else MENTION, *({**MENTION, "code": code} for code in others)]
    found = tree.carried(given, nodes)
    assert {row["code"]: row.get("nodes", []) for row in found} == told
    assert tree.carried(found, nodes) == found
    assert all(row["sentiment"] == -0.5 and row.get("nodes") != [] for row in found)
