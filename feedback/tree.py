"""The taxonomy below the topics of the house: nodes of an organisation's own, two levels deep, found by their words. Pure.

A node's code is its parent's with one part more, `waiting_time/parts/stock`; what stands before the first stroke is a
topic of the house and never changes. A node that was moved or merged leaves its old code behind as another name (`was`).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import keywords
from feedback.nlp import Understanding
from feedback.nlp.folding import fold_with_map, lowered
from feedback.nlp.understanding import Mention

LEVELS = 3
MOST_NODES = 300
MOST_WORDS = 60
MOST_CODE = 40
_PART = re.compile(r"[a-z0-9_]{1,16}")


class TreeError(DomainError):
    """The taxonomy cannot be changed as asked."""


@dataclass(frozen=True)
class Node:
    """One node. words: folded, any of them names it; examples: sentences for who codes; was: codes it had before.

    into: where it was merged to; a retired node is not heard any more, what was labelled before stays countable.
    """

    code: str
    name: str
    words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    touchpoint: str = ""
    is_retired: bool = False
    into: str = ""
    was: tuple[str, ...] = ()

    @property
    def parent(self) -> str:
        """The code above."""
        return self.code.rpartition("/")[0]

    @property
    def level(self) -> int:
        """2 below a topic, 3 below that."""
        return self.code.count("/") + 1

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Placed(Mention):
    """A mention with the nodes below its topic that the text speaks of, each with the nodes above it."""

    nodes: tuple[str, ...] = ()


def read(kept: Iterable[Mapping[str, Any]]) -> list[Node]:
    """Nodes from JSON."""
    return [Node(**{**row, "words": tuple(row["words"]), "examples": tuple(row["examples"]), "was": tuple(row["was"])}) for row in kept]


def chain(code: str, gone: Collection[str] = ()) -> tuple[str, ...]:
    """A node's code with those of the nodes above it, top first; empty for a topic of the house.

    gone: codes of retired nodes, which a node below them no longer stands for.
    """
    parts = code.split("/")
    above = ("/".join(parts[: i + 1]) for i in range(1, len(parts)))
    return tuple(one for one in above if one == code or one not in gone)


def retired(nodes: Iterable[Node]) -> frozenset[str]:
    """The codes that are not heard any more."""
    return frozenset(node.code for node in nodes if node.is_retired)


def resolve(code: str, nodes: Iterable[Node]) -> str:
    """The code that a code has now, however often its node was moved or merged; a living node keeps its own."""
    rows, seen = list(nodes), {""}
    living = {node.code for node in rows if not node.is_retired}
    while code not in seen and code not in living:
        seen.add(code)
        code = next((node.code for node in rows if code in node.was and node.code not in seen), code)
    return code


def carried(mentions: Iterable[Mapping[str, Any]], nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """Stored mentions by the tree of now; what it leaves alone stays as it is.

    Nodes that were moved or merged are named as they are called now. Below another topic than before, they take the
    mention there: who moves a node moves its voices. A topic is mentioned once; a node that no tree knows is left out.
    """
    found: dict[str, dict[str, Any]] = {}
    for mention in mentions:
        for code, below in _tops(mention, nodes).items():
            row = {**mention, "code": code, "nodes": list(below)}
            if code in found:
                row = {**found[code], "nodes": list(_once(*found[code].get("nodes", ()), *below))}
            found[code] = row if row["nodes"] else {name: value for name, value in row.items() if name != "nodes"}
    return list(found.values())


def _tops(mention: Mapping[str, Any], nodes: Sequence[Node]) -> dict[str, tuple[str, ...]]:
    """The topics a mention speaks of now, each with its nodes."""
    given, known, gone = list(mention.get("nodes", ())), {node.code for node in nodes}, retired(nodes)
    lowest = [code for code in given if not any(other.startswith(f"{code}/") for other in given)]
    here = [code for code in (resolve(code, nodes) for code in lowest) if code in known]
    tops: dict[str, tuple[str, ...]] = {}
    for code in here:
        top = code.partition("/")[0]
        tops[top] = _once(*tops.get(top, ()), *chain(code, gone))
    return tops or {str(mention["code"]): ()}


# ---- changing it --------------------------------------------------------------------------------------------------


def put(nodes: Sequence[Node], wanted: Node, *, was: str, topics: Iterable[str]) -> list[Node]:
    """The tree with a node new (`was` empty) or in place of that of the code `was`; its subtree moves with it.

    A node with `into` is merged: its words and old codes go to the other, and it is retired. Raises TreeError.
    """
    held = {node.code: node for node in nodes}
    before = held.get(was)
    if was and before is None:
        raise TreeError(_("没有这个分类"), code="unknown_node")
    _check(wanted, held, was, set(topics))
    is_merged_now = bool(wanted.into) and wanted.into != (resolve(before.into, nodes) if before and before.into else "")
    if is_merged_now:
        _check_merge(wanted, held, was)
    found = [node for node in nodes if node.code != was]
    if before is not None and wanted.code != was:
        old = f"{was}/"
        found = [_moved(node, wanted.code + node.code[len(was) :]) if node.code.startswith(old) else node for node in found]
        wanted = replace(wanted, was=_once(*before.was, was))
    if is_merged_now:
        found = [_merged(node, wanted) if node.code == wanted.into else node for node in found]
    made = sorted([*found, replace(wanted, is_retired=wanted.is_retired or bool(wanted.into))], key=lambda node: node.code)
    made = [replace(node, into=resolve(node.into, made)) if node.into else node for node in made]
    if len(made) > MOST_NODES or any(len(node.code) > MOST_CODE or node.level > LEVELS for node in made):
        raise TreeError(_("最多三层、%(most)d 个分类") % {"most": MOST_NODES}, code="too_deep", field="parent")
    return made


def _check(wanted: Node, held: Mapping[str, Node], was: str, topics: set[str]) -> None:
    top, _stroke, _rest = wanted.code.partition("/")
    if top not in topics or (wanted.level > 2 and wanted.parent not in held) or not all(map(_PART.fullmatch, wanted.code.split("/")[1:])):
        raise TreeError(_("没有这个上级"), code="unknown_parent", field="parent")
    if was and wanted.code.startswith(f"{was}/"):
        raise TreeError(_("不能搬到自己下面"), code="below_itself", field="parent")
    if wanted.code != was and wanted.code in held:
        raise TreeError(_("这里已经有同一个分类"), code="taken", field="name")
    if not 1 <= len(wanted.name) <= 40:
        raise TreeError(_("名称应为 1 至 40 字"), code="bad_name", field="name")
    if any(node.name == wanted.name and node.parent == wanted.parent and node.code != was and not node.is_retired for node in held.values()):
        raise TreeError(_("同一层已有叫这个名字的分类"), code="name_taken", field="name")


def _check_merge(wanted: Node, held: Mapping[str, Node], was: str) -> None:
    if wanted.into not in held or wanted.into == was or wanted.into.startswith(f"{was}/") or held[wanted.into].is_retired:
        raise TreeError(_("不能并到这里"), code="bad_merge", field="into")


def _moved(node: Node, code: str) -> Node:
    return replace(node, code=code, was=_once(*node.was, node.code))


def _merged(node: Node, gone: Node) -> Node:
    return replace(node, words=_once(*node.words, *gone.words)[:MOST_WORDS], was=_once(*node.was, *gone.was, gone.code))


def _once(*values: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def overlaps(nodes: Sequence[Node]) -> list[tuple[str, str, str]]:
    """Words that two nodes would both claim, (word, code, code): the same word, or one inside the other's. A node and
    those above it do not compete."""
    said = [(word, node.code) for node in nodes if not node.is_retired for word in node.words]
    found = []
    for i, (word, code) in enumerate(said):
        for other, there in said[i + 1 :]:
            if code != there and not f"{code}/".startswith(f"{there}/") and not f"{there}/".startswith(f"{code}/") and (word in other or other in word):
                found.append((min(word, other, key=len), code, there))
    return found


# ---- hearing it ---------------------------------------------------------------------------------------------------


def words_of(nodes: Iterable[Node], own: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The words that name each topic: the organisation's own, and those of the nodes below it."""
    found = dict(own)
    for node in nodes:
        if node.words and not node.is_retired:
            top = node.code.partition("/")[0]
            found[top] = _once(*found.get(top, ()), *node.words)
    return found


def place(text: str, found: Understanding, nodes: Sequence[Node]) -> Understanding:
    """The understanding with each mention placed on the nodes whose words the text says; the others stay as they are."""
    heard = {mention.code for mention in found.topics}
    living = [node for node in nodes if node.words and not node.is_retired and node.code.partition("/")[0] in heard]
    if not living:
        return found
    gone = retired(nodes)
    low = lowered(fold_with_map(text).text)
    said = [node.code for node in living if any(word in low for word in node.words)]
    if not said:
        return found
    mentions = []
    for mention in found.topics:
        below = _once(*(code for node in said if node.startswith(f"{mention.code}/") for code in chain(node, gone)))
        mentions.append(Placed(mention.code, mention.sentiment, mention.start, mention.end, below) if below else mention)
    return replace(found, topics=tuple(mentions))


def understood(texts: Sequence[str], found: Sequence[Understanding], own: Mapping[str, tuple[str, ...]], nodes: Sequence[Node]) -> list[Understanding]:
    """What the engine found, with the organisation's own words and nodes laid over it."""
    words = words_of(nodes, own)
    if not words and not nodes:
        return list(found)
    return [place(text, keywords.add(text, said, words), nodes) for text, said in zip(texts, found, strict=True)]


def codes_of(found: Understanding) -> list[str]:
    """Every code a voice is counted under: its topics, then its nodes."""
    nodes = (code for mention in found.topics for code in getattr(mention, "nodes", ()))
    return list(_once(*(mention.code for mention in found.topics), *nodes))
