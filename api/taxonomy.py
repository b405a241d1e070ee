"""`/taxonomy`: the topics and the organisation's nodes below them, with the version in force and how far history is read."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api import shapes
from api.contract import INSTANT, WHOLE, YES, Operation, listed, maybe, obj, text
from api.door import Endpoint
from feedback import relabelling, taxonomies, topics

NODE = obj({
    "code": text(), "parent": maybe(text()), "name": text(), "words": listed(text()), "examples": listed(text()), "touchpoint": maybe(text()),
    "retired": YES, "merged_into": maybe(text()), "was": listed(text(), description="codes it had before; they lead on in filters"),
})  # fmt: skip
READING = obj({"version": WHOLE, "n": WHOLE, "n_seen": WHOLE, "n_changed": WHOLE, "started_at": INSTANT, "finished_at": maybe(INSTANT)})
TAXONOMY = obj({"version": WHOLE, "nodes": listed(NODE), "reading": maybe(READING)})


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
        held, job = taxonomies.current(organisation=self.organisation), relabelling.newest(organisation=self.organisation)
        tops = [_node(code, None, name) for code, name in topics.names(organisation=self.organisation).items()]
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
        return Response({"version": held.version, "nodes": tops + below, "reading": reading})


def _node(code: str, parent: str | None, name: str) -> dict[str, Any]:
    return {"code": code, "parent": parent, "name": name, "words": [], "examples": [], "touchpoint": None, "retired": False, "merged_into": None, "was": []}
