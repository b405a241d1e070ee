"""标注准确率: how well the engine hears, on what persons here corrected, confirmed and coded. Every number opens its voices."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from feedback import labelled, topics
from feedback.enums import Kind, Label, Sentiment
from metrics.statistics import Estimate
from reports import accuracy
from reports.accuracy import Line
from web import exports
from web.door import Visit, needs

COLUMNS = ("label", "class", "precision", "precision_low", "precision_high", "n_said", "recall", "recall_low", "recall_high", "n_truth", "n_both", "f1")


@dataclass(frozen=True)
class Shown:
    """A class with its name and where its numbers lead."""

    row: Line
    name: str
    urls: dict[str, str]

    @property
    def precision(self) -> tuple[float, float, float] | None:
        """In percent: value, low, high."""
        return percent(self.row.precision) if self.row.precision else None

    @property
    def recall(self) -> tuple[float, float, float] | None:
        """In percent: value, low, high."""
        return percent(self.row.recall)


def percent(found: Estimate) -> tuple[float, float, float] | None:
    """An estimate of a share in percent; None without a sample."""
    return None if found.value is None else (100 * found.value, 100 * (found.low or 0.0), 100 * (1.0 if found.high is None else found.high))


def class_names(organisation: int) -> dict[str, dict[str, str]]:
    """Label → class → its name."""
    return {
        Label.KIND: {value: str(word) for value, word in Kind.choices},
        Label.SENTIMENT: {value: str(word) for value, word in Sentiment.choices},
        Label.TOPICS: topics.names(organisation=organisation),
        Label.RED_LINE: {labelled.RED: _("红线")},
    }


def rows_url(field: str, name: str, part: str, source: str) -> str:
    """The list of the voices behind a number."""
    return f"{reverse('feedback-list')}?{urlencode({'judged': f'{field}.{name}.{part}.{source}'})}"


@needs("labels:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tables; `as=csv` or `as=xlsx` gives the same rows to take away."""
    organisation = visit.organisation.id
    source = request.GET.get("source", "")
    source = source if source in accuracy.SOURCES else ""
    tables = accuracy.tables(organisation=organisation, paths=visit.seat.paths, source=source)
    if request.GET.get("as") in exports.KINDS:
        rows = [_flat(line) for table in tables for line in table.lines]
        return exports.table(request.GET["as"], COLUMNS, rows, name="label-accuracy", title=_("标注准确率"))
    names, heads = class_names(organisation), dict(Label.choices)
    shown: list[dict[str, Any]] = []
    for table in tables:
        lines = [
            Shown(line, names[table.field].get(line.name, line.name), {part: rows_url(table.field, line.name, part, source) for part in labelled.PARTS})
            for line in table.lines
        ]
        urls = {part: rows_url(table.field, "", part, source) for part in ("all", "both", "learnt")}
        right = table.exact or table.heard
        shown.append({"head": heads[table.field], "table": table, "right": percent(right) if right else None, "lines": lines, "urls": urls})
    spans = [("", _("全部")), ("coding", _("抽样双人编码")), ("passing", _("随手更正"))]
    return render(request, "feedback/accuracy.html", {"tables": shown, "source": source, "spans": spans, "is_empty": not any(t.n or t.n_learnt for t in tables)})


def _flat(line: Line) -> list[Any]:
    p, r = line.precision or (None, None, None, None), line.recall
    return [line.field, line.name, *p, r.value, r.low, r.high, r.n, line.n_both, line.f1]
