"""The model tree as an organisation keeps it: versions, the figures of its leaves, and complaints that hang on no node."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from complaints.models import Ticket
from cxms.lib.periods import Period
from feedback import topics
from feedback.topics import LABELS
from metrics import model_tree
from metrics.definitions.table import BY_CODE
from metrics.model_tree import Branch, ModelTreeError, Node
from metrics.models import ModelVersion
from metrics.series import Point, Where, series
from tenancy import audit
from tenancy.models import Touchpoint

NOT_A_TOPIC = "other"
KEPT_NOTE = 120


def touchpoints(*, organisation: int) -> dict[str, str]:
    """Names of the touchpoints in use, by code, in their order."""
    rows = Touchpoint.objects.filter(organisation_id=organisation, retired_at__isnull=True).order_by("position", "id")
    return dict(rows.values_list("code", "name"))


def universal(*, organisation: int) -> list[Node]:
    """The root set every business can begin with, in the active language: a vision, eight elements, a leaf per topic, and the organisation's touchpoints."""
    elements: tuple[tuple[str, str, float, tuple[str, ...]], ...] = (
        ("product", _("产品"), 20, ("product_quality", "product_function", "stock")),
        ("value", _("价格与收费"), 10, ("price", "promotion", "billing")),
        ("people", _("人"), 20, ("staff_attitude", "staff_skill")),
        ("place", _("环境"), 10, ("environment", "hygiene", "safety")),
        ("ease", _("过程"), 15, ("waiting_time", "reservation", "app_usability")),
        ("clarity", _("告知"), 5, ("information", "privacy")),
        ("delivery", _("送达"), 10, ("delivery_speed", "delivery_damage")),
        ("recovery", _("售后"), 10, ("after_sales", "refund", "loyalty")),
    )
    nodes = [Node("vision", "", _("客户愿意再来，也愿意推荐"))]
    for code, name, weight, codes in elements:
        nodes.append(Node(code, "vision", name, weight))
        nodes += [Node(f"{code}.{topic}", code, str(LABELS[topic]), metric="sentiment", topic=topic) for topic in codes]
    places = touchpoints(organisation=organisation)
    if places:
        nodes.append(Node("journey", "vision", _("旅程触点"), 10))
        nodes += [Node(f"journey.{code}", "journey", name[:40], metric="nps", touchpoint=code) for code, name in places.items()]
    return nodes


def latest(*, organisation: int) -> ModelVersion | None:
    """The version in force."""
    return ModelVersion.objects.filter(organisation_id=organisation).order_by("-version").first()


def version(number: int, *, organisation: int) -> ModelVersion | None:
    """One version."""
    return ModelVersion.objects.filter(organisation_id=organisation, version=number).first()


def versions(*, organisation: int) -> QuerySet[ModelVersion]:
    """All versions, newest first."""
    return ModelVersion.objects.filter(organisation_id=organisation).order_by("-version")


def save(
    nodes: Sequence[Node], *, on: int, note: str = "", organisation: int, now: datetime, actor: str, actor_name: str = ""
) -> ModelVersion:
    """Keeps a new version. on: the number it was drawn from. Raises ModelTreeError, also `stale` when somebody was faster."""
    there = ModelVersion.objects.select_for_update().filter(organisation_id=organisation).order_by("-version").first()
    number = there.version if there else 0
    if number != on:
        raise ModelTreeError(_("你打开这一页以后，有人存过新版。你写的都还在，请对照现在的内容，再存一次。"), code="stale", field="version")
    clean = model_tree.checked(nodes, topics=topics.all_names(organisation=organisation), touchpoints=touchpoints(organisation=organisation))
    kept = [node.kept() for node in clean]
    if there is not None and there.nodes == kept:
        return there
    row = ModelVersion.objects.create(
        organisation_id=organisation, version=number + 1, nodes=kept, note=" ".join(note.split())[:KEPT_NOTE], saved_at=now, saved_by=actor_name[:80]
    )
    audit.note("model.saved", f"v{row.version}", organisation=organisation, actor=actor, now=now, detail={"n": len(kept)})
    return row


def tree(nodes: Sequence[Node], *, organisation: int, period: Period, now: datetime, where: Where | None = None) -> list[Branch]:
    """The tree with the scores of a period under a page's filters: one statement per metric and way of cutting."""
    parents = {node.parent for node in nodes}
    leaves = [node for node in nodes if node.id not in parents and node.metric in BY_CODE]
    asked: dict[str, Any] = {"organisation": organisation, "period": period, "now": now, "where": where or Where()}
    cuts: dict[tuple[str, tuple[str, ...]], dict[tuple[str | None, ...], Point]] = {}
    points: dict[str, Point] = {}
    for node in leaves:
        by = tuple(name for name in ("topic", "touchpoint") if getattr(node, name))
        if "/" in node.topic:
            points[node.id] = _of_node(node, asked, where or Where())
            continue
        if (node.metric, by) not in cuts:
            found = series(**asked, metric=node.metric, by=by).points
            cuts[node.metric, by] = {tuple(point.by.get(name) for name in by): point for point in found}
        point = cuts[node.metric, by].get(tuple(getattr(node, name) for name in by))
        if point is not None:
            points[node.id] = point
    return model_tree.branches(nodes, points)


def _of_node(node: Node, asked: dict[str, Any], where: Where) -> Point:
    """The point of a leaf on a node of the taxonomy: its voices narrow the figure."""
    narrowed = replace(where, topic=node.topic, touchpoint=node.touchpoint or where.touchpoint)
    return series(**{**asked, "where": narrowed}, metric=node.metric).points[0]


def unplaced(nodes: Sequence[Node], *, organisation: int, period: Period, paths: Sequence[str] = ()) -> QuerySet[Ticket]:
    """Complaints received in a period none of whose topics hangs on a node, newest first: where the tree must grow."""
    on = [node.topic for node in nodes if node.topic]
    rows = Ticket.objects.filter(organisation_id=organisation, local_day__gte=period.from_date, local_day__lt=period.to_date)
    rows = rows.filter(duplicate_of__isnull=True).exclude(topics__overlap=on) if on else rows.filter(duplicate_of__isnull=True)
    if paths and not any(path.count("/") == 2 for path in paths):
        inside = Q()
        for path in paths:
            inside |= Q(unit__path__startswith=path)
        rows = rows.filter(inside)
    return rows.select_related("unit").order_by("-received_at", "id")
