"""`/feedback/{id}/corrections`: what persons say of the labels of a voice, and taking it back; `/feedback/accuracy`."""

import uuid
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api import shapes
from api.contract import INSTANT, NUMBER, WHOLE, YES, Operation, Parameter, choice, listed, maybe, obj, ref, text
from api.door import Endpoint
from api.problems import not_found
from feedback import corrections, queries
from feedback.enums import Label, LabelSource
from feedback.models import Correction
from feedback.shapes import ShapeError
from metrics.statistics import Estimate
from reports import accuracy

VALUE: dict[str, Any] = {"description": "a kind, a sentiment, true or false, or the whole list of topics"}
CORRECTION = obj({
    "version": WHOLE, "field": choice(*Label.values), "before": VALUE, "after": VALUE, "engine": text(),
    "source": choice(*LabelSource.values), "actor": text(), "at": INSTANT, "undone_at": maybe(INSTANT), "in_force": YES,
})  # fmt: skip
ANSWER = obj({"version": WHOLE, "results": listed(CORRECTION), "analysis": ref("Analysis")})
CORRECTION_IN = obj({"field": choice(*Label.values), "value": VALUE, "version": maybe(WHOLE)}, required=("field", "value"))


ESTIMATE = obj({"value": maybe(NUMBER), "low": maybe(NUMBER), "high": maybe(NUMBER), "n": WHOLE})
ACCURACY = obj({"results": listed(obj({
    "label": text(), "n": WHOLE, "exact": maybe(ESTIMATE), "heard": maybe(ESTIMATE), "n_learnt": WHOLE,
    "classes": listed(obj({"class": text(), "precision": maybe(ESTIMATE), "recall": ESTIMATE, "n_both": WHOLE, "f1": maybe(NUMBER)})),
}))})  # fmt: skip


class _Answering(Endpoint):
    def _answer(self, key: uuid.UUID, status: int = 200) -> Response:
        """The corrections of a voice and what its labels are now."""
        rows = corrections.of(key, organisation=self.organisation)
        said = queries.voice(key, organisation=self.organisation)
        named = corrections.main(rows)
        living = {row.id for row in (*corrections.living(rows).values(), named) if row is not None}
        made = queries.analyses([key], organisation=self.organisation).get(key)
        results = [_shape(row, row.id in living) for row in rows]
        return Response({"version": rows[-1].version if rows else 0, "results": results, "analysis": shapes.analysis(made, said.text if said else "")}, status=status)


class Corrections(_Answering):
    """`GET /feedback/{id}/corrections`, `POST …` {field, value, version?}."""

    needs: ClassVar[dict[str, str]] = {"GET": "feedback:read", "POST": "feedback:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation("Feedback", "List what persons said of a feedback's labels", ANSWER),
        "POST": Operation(
            "Feedback",
            "Correct a label, or say that it is right",
            ANSWER,
            201,
            description="The value shown now says that it is right. `version`: how many corrections were there when you looked; stale is 412.",
            body=CORRECTION_IN,
            example={"field": "kind", "value": "suggestion", "version": 0},
        ),
    }

    def get(self, request: Request, key: uuid.UUID) -> Response:
        """Every correction, oldest first."""
        return self._answer(key) if queries.voice(key, organisation=self.organisation) else not_found()

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Corrects one label; what holds already is not written twice."""
        if queries.voice(key, organisation=self.organisation) is None:
            return not_found()
        given = self.document()
        version = given.get("version")
        if version is not None and type(version) is not int:
            raise ShapeError("a whole number is expected", code="wrong_type", field="version")
        corrections.correct(
            key, str(given.get("field")), given.get("value"), organisation=self.organisation, version=version,
            source=LabelSource.API, now=self.now, actor=self.actor,
        )  # fmt: skip
        return self._answer(key, 201)


class CorrectionUndo(_Answering):
    """`POST /feedback/{id}/corrections/{version}/undo`."""

    needs: ClassVar[dict[str, str]] = {"POST": "feedback:write"}
    says: ClassVar[dict[str, Operation]] = {"POST": Operation("Feedback", "Take a correction back", ANSWER)}

    def post(self, request: Request, key: uuid.UUID, version: int) -> Response:
        """Takes it back; again is a no-op."""
        corrections.undo(key, version, organisation=self.organisation, now=self.now, actor=self.actor)
        return self._answer(key)


def _shape(row: Correction, is_in_force: bool) -> dict[str, Any]:
    return {
        "version": row.version, "field": row.field, "before": row.before, "after": row.after, "engine": row.engine,
        "source": row.source, "actor": row.actor, "at": shapes.instant(row.corrected_at), "undone_at": shapes.instant(row.undone_at),
        "in_force": is_in_force,
    }  # fmt: skip


class Accuracy(Endpoint):
    """`GET /feedback/accuracy`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Feedback",
            "Precision and recall of the engine on what persons corrected, confirmed and coded",
            ACCURACY,
            query=(Parameter("source", "coding: only what two persons coded; passing: the rest", text()),),
            description="Shares 0..1 with Wilson 95 % intervals. Precision rests on what the engine said, recall on what persons say. "
            "Coders name the main topic of a voice, so topics of source coding have `heard` (the main topic is among those the engine "
            "heard) and recall, and neither `exact`, precision nor f1; topics without a source are those said in passing. `n_learnt`: "
            "voices left out because an own model in use may have learnt them.",
        )
    }

    def get(self, request: Request) -> Response:
        """The same figures as the page."""
        source = request.query_params.get("source", "")
        if source not in ("", *accuracy.SOURCES):
            raise ShapeError("coding or passing", code="unknown", field="source")
        return Response({"results": [_table(table) for table in accuracy.tables(organisation=self.organisation, source=source)]})


def _table(table: accuracy.Table) -> dict[str, Any]:
    lines = [
        {"class": line.name, "precision": _estimate(line.precision), "recall": line.recall._asdict(), "n_both": line.n_both, "f1": line.f1}
        for line in table.lines
    ]
    return {
        "label": table.field, "n": table.n, "exact": _estimate(table.exact), "heard": _estimate(table.heard), "n_learnt": table.n_learnt, "classes": lines,
    }  # fmt: skip


def _estimate(found: Estimate | None) -> dict[str, Any] | None:
    return None if found is None else found._asdict()
