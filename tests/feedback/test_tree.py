"""The tree below the topics, pure: adding, moving, merging, what competes, how a text is placed."""

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
