"""`/taxonomy`: the topics and the organisation's nodes below them, with the version in force and how far history is read; a
node new or changed, as the editor does it."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api import shapes
from api.contract import INSTANT, WHOLE, YES, Operation, listed, maybe, obj, text
from api.door import Endpoint
from feedback import relabelling, taxonomies, topics, tree
from feedback.shapes import ShapeError
from feedback.taxonomies import Held
from feedback.tree import Node

MOST_LINES = 200
NODE = obj({
    "code": text(), "parent": maybe(text()), "name": text(), "words": listed(text()), "examples": listed(text()), "touchpoint": maybe(text()),
    "retired": YES, "merged_into": maybe(text()), "was": listed(text(), description="codes it had before; they lead on in filters"),
})  # fmt: skip
READING = obj({"version": WHOLE, "n": WHOLE, "n_seen": WHOLE, "n_changed": WHOLE, "started_at": INSTANT, "finished_at": maybe(INSTANT)})
TAXONOMY = obj({"version": WHOLE, "nodes": listed(NODE), "reading": maybe(READING)})
NODE_IN = obj(
    {"version": WHOLE, "code": maybe(text()), "parent": text(), "name": text(40), "words": listed(text(40)), "examples": listed(text(200)), "touchpoint": maybe(text()),
     "retired": YES, "merged_into": maybe(text())},
    required=("version",),
)  # fmt: skip
COUNTS = {"type": "object", "additionalProperties": WHOLE, "description": "voices by code"}
TRIED = obj({"version": WHOLE, "code": text(), "n": WHOLE, "n_changed": WHOLE, "gained": COUNTS, "lost": COUNTS})
EXAMPLE = {"version": 0, "parent": "waiting_time", "name": "配件到货", "words": ["缺配件", "等配件"]}


class Taxonomy(Endpoint):
    """`GET /taxonomy`."""

    needs: ClassVar[dict[str, str]] = {"GET": "feedback:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Feedback",
            "Read the taxonomy",
            TAXONOMY,
            description="Topics of the house first, then nodes below them. Any code is a `topic` in filters of feedback and metrics.",
        )
    }

    def get(self, request: Request) -> Response:
        """The version in force."""
        return Response(_document(self.organisation))


class _Writing(Endpoint):
    def _wanted(self) -> tuple[Node, str, Held]:
        """The node asked for, the code it stands in place of (new: ""), and the version in force. What is not given stays."""
        given, held = self.document(), taxonomies.current(organisation=self.organisation)
        _typed(given)
        was = tree.resolve(given.get("code") or "", held.nodes)
        here = next((node for node in held.nodes if node.code == was), Node("", ""))
        wanted = taxonomies.drawn(
            held, was, parent=given.get("parent", here.parent), name=given.get("name", here.name), words=given.get("words", here.words),
            examples=given.get("examples", here.examples), touchpoint=given.get("touchpoint", here.touchpoint) or "",
            into=given.get("merged_into", here.into) or "", is_retired=given.get("retired", here.is_retired),
        )  # fmt: skip
        return wanted, was, held


class TaxonomyNodes(_Writing):
    """`POST /taxonomy/nodes` {version, code?, parent?, name?, words?, examples?, touchpoint?, retired?, merged_into?}."""

    needs: ClassVar[dict[str, str]] = {"POST": "taxonomy:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Feedback",
            "Add a node, or change, move, retire or merge one",
            TAXONOMY,
            201,
            description="Keeps a new version of the taxonomy and begins to read history with it. `version`: the one you looked at; stale is 412. "
            "`code`: the node to change; without it a new one is made below `parent`, a topic or a node. What is not given stays as it is. "
            "`merged_into` gives its words to another node and retires it.",
            body=NODE_IN,
            example=EXAMPLE,
        )
    }

    def post(self, request: Request) -> Response:
        """Keeps one node; the answer is the taxonomy as it is then."""
        wanted, was, _held = self._wanted()
        version = self.document()["version"]
        relabelling.change(wanted, was=was, organisation=self.organisation, version=version, now=self.now, actor=self.actor)
        return Response(_document(self.organisation), status=201)


class TaxonomyTry(_Writing):
    """`POST /taxonomy/try`, with the same body."""

    needs: ClassVar[dict[str, str]] = {"POST": "taxonomy:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Feedback",
            "What a node would re-label among the newest 500 voices",
            TRIED,
            description="The same body and the same checks; nothing is written. n: voices looked at; labels that persons corrected stay.",
            body=NODE_IN,
            example=EXAMPLE,
        )
    }

    def post(self, request: Request) -> Response:
        """Looks, and writes nothing."""
        wanted, was, held = self._wanted()
        found = taxonomies.effect(tree.put(held.nodes, wanted, was=was, topics=topics.LABELS), organisation=self.organisation)
        return Response({"version": held.version, "code": wanted.code, "n": found.n_all, "n_changed": found.n_changed, "gained": found.gained, "lost": found.lost})


def _typed(given: dict[str, Any]) -> None:
    """Raises ShapeError for a value of another type than the contract's."""
    if type(given.get("version")) is not int:
        raise ShapeError("a whole number is expected", code="wrong_type", field="version")
    for name in ("code", "parent", "name", "touchpoint", "merged_into"):
        is_null = name in {"code", "touchpoint", "merged_into"} and given.get(name, "") is None
        if not (is_null or isinstance(given.get(name, ""), str)):
            raise ShapeError("a text is expected", code="wrong_type", field=name)
    for name in ("words", "examples"):
        value = given.get(name, [])
        if not isinstance(value, list) or len(value) > MOST_LINES or not all(isinstance(line, str) for line in value):
            raise ShapeError("a list of texts is expected", code="wrong_type", field=name)
    if not isinstance(given.get("retired", False), bool):
        raise ShapeError("true or false is expected", code="wrong_type", field="retired")


def _document(organisation: int) -> dict[str, Any]:
    """The taxonomy as it is now."""
    held, job = taxonomies.current(organisation=organisation), relabelling.newest(organisation=organisation)
    tops = [_node(code, None, name) for code, name in topics.names(organisation=organisation).items()]
    below = [
        _node(node.code, node.parent, node.name) | {
            "words": list(node.words), "examples": list(node.examples), "touchpoint": node.touchpoint or None,
            "retired": node.is_retired, "merged_into": node.into or None, "was": list(node.was),
        }
        for node in held.nodes
    ]  # fmt: skip
    reading = None
    if job is not None:
        reading = {
            "version": job.taxonomy_version, "n": job.n_all, "n_seen": job.n_seen, "n_changed": job.n_changed,
            "started_at": shapes.instant(job.started_at), "finished_at": shapes.instant(job.finished_at),
        }  # fmt: skip
    return {"version": held.version, "nodes": tops + below, "reading": reading}


def _node(code: str, parent: str | None, name: str) -> dict[str, Any]:
    return {"code": code, "parent": parent, "name": name, "words": [], "examples": [], "touchpoint": None, "retired": False, "merged_into": None, "was": []}
