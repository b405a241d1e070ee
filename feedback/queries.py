"""Questions about voices. Nothing here writes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from feedback.first_models import Unclassified
from feedback.models import Analysis, Feedback, Score
from tenancy.enums import ClassifyFirst
from tenancy.models import Organisation, Unit


@dataclass(frozen=True)
class Filters:
    """The filters of the feedback list; empty means any. `unit` covers its subtree; `q` is for `feedback.search`; item: kind.code of a score."""

    q: str = ""
    channel: str = ""
    unit: str = ""
    staff: str = ""
    touchpoint: str = ""
    tier: str = ""
    item: str = ""
    kind: str = ""
    sentiment: str = ""
    topic: str = ""
    red_line: bool = False
    excluded: bool = False
    nps: str = ""
    from_date: date | None = None
    to_date: date | None = None
    paths: tuple[str, ...] = field(default_factory=tuple)

    @property
    def only_words(self) -> bool:
        """True when nothing but `q` narrows."""
        is_whole = not self.paths or any(path.count("/") == 2 for path in self.paths)
        return is_whole and replace(self, q="", paths=()) == Filters()


def sees_all(paths: Sequence[str]) -> bool:
    """True for a reader of the whole organisation: no subtree narrows, or one is the whole."""
    return not paths or any(path.count("/") <= 2 for path in paths)


def shown(paths: Sequence[str], *, organisation: int, name: str = "") -> Q:
    """The voices that readers of these subtrees may see by the rule “first classify”; every one for a reader of the whole.

    name: the field that leads to the voice, where the rows are not voices themselves. Places are narrowed by others.
    """
    return Q() if sees_all(paths) else classified(organisation=organisation, name=name)


def classified(*, organisation: int, name: str = "") -> Q:
    """The voices that are first-classified as the organisation's rule asks; all of them while it is off. What quotes reads this."""
    rule = rule_of(organisation=organisation)
    if rule == ClassifyFirst.OFF:
        return Q()
    key, text = (f"{name}_id", f"{name}__text") if name else ("id", "text")
    mine = {"organisation_id": organisation, "feedback_id": OuterRef(key)}
    found = Q(**{text: ""}) | Q(Exists(Analysis.objects.filter(is_current=True, **mine)))
    return found & ~Q(Exists(Unclassified.objects.filter(**mine))) if rule == ClassifyFirst.PERSON else found


def rule_of(*, organisation: int) -> str:
    """The organisation's rule “first classify”."""
    return Organisation.objects.values_list("classify_first", flat=True).get(id=organisation)


def voices(filters: Filters, *, organisation: int) -> QuerySet[Feedback]:
    """Voices of the organisation that pass the filters but `q`, newest first; deleted ones never, nor what `paths` may not see yet."""
    rows = Feedback.objects.filter(shown(filters.paths, organisation=organisation), organisation_id=organisation, deleted_at__isnull=True)
    if filters.excluded:
        rows = rows.filter(excluded_at__isnull=False)
    for name in ("channel",):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    units_here = units(filters, organisation=organisation)
    if units_here is not None:
        rows = rows.filter(unit__in=units_here)
    if filters.staff:
        rows = rows.filter(staff__employee_no=filters.staff)
    if filters.touchpoint:
        rows = rows.filter(touchpoint__code=filters.touchpoint)
    if filters.tier:
        rows = rows.filter(customer__tier=filters.tier)
    if filters.from_date:
        rows = rows.filter(local_day__gte=filters.from_date)
    if filters.to_date:
        rows = rows.filter(local_day__lt=filters.to_date)
    return _analysed(_scored(rows, filters, organisation), filters, organisation).order_by("-occurred_at", "-id")


def units(filters: Filters, *, organisation: int) -> QuerySet[Unit] | None:
    """The units that `unit` and `paths` leave; None when they leave all, and voices without a unit."""
    rows = Unit.objects.filter(organisation_id=organisation)
    is_narrow = bool(filters.unit)
    if filters.unit:
        rows = rows.filter(path__contains=f"/{filters.unit}/")
    if filters.paths and not any(path.count("/") == 2 for path in filters.paths):
        is_narrow, inside = True, Q()
        for path in filters.paths:
            inside |= Q(path__startswith=path)
        rows = rows.filter(inside)
    return rows if is_narrow else None


def _analysed(rows: QuerySet[Feedback], filters: Filters, organisation: int) -> QuerySet[Feedback]:
    wanted = Analysis.objects.filter(organisation_id=organisation, feedback_id=OuterRef("id"), is_current=True)
    narrowed = wanted
    if filters.kind:
        narrowed = narrowed.filter(kind=filters.kind)
    if filters.sentiment:
        narrowed = narrowed.filter(sentiment=filters.sentiment)
    if filters.topic:
        narrowed = narrowed.filter(topic_codes__contains=[filters.topic.rstrip("/")])
    if filters.topic.endswith("/"):  # a topic's voices that are on none of its nodes
        bare = "not exists (select 1 from unnest(topic_codes) as b(code) where starts_with(b.code, %s))"
        narrowed = narrowed.extra(where=[bare], params=[filters.topic])
    if filters.red_line:
        narrowed = narrowed.filter(red_line=True)
    return rows if narrowed is wanted else rows.filter(Exists(narrowed))


def _scored(rows: QuerySet[Feedback], filters: Filters, organisation: int) -> QuerySet[Feedback]:
    if filters.item:
        kind, _, item = filters.item.partition(".")
        given = Score.objects.filter(organisation_id=organisation, feedback_id=OuterRef("id"), kind=kind, item=item)
        rows = rows.filter(Exists(given))
    ranges = {"promoter": (9, 10), "passive": (7, 8), "detractor": (0, 6)}
    if filters.nps not in ranges:
        return rows
    low, high = ranges[filters.nps]
    scores = Score.objects.filter(
        organisation_id=organisation, feedback_id=OuterRef("id"), kind="nps", value__gte=low, value__lte=high
    )
    return rows.filter(Exists(scores))


def voice(feedback_id: uuid.UUID, *, organisation: int, paths: Sequence[str] = ()) -> Feedback | None:
    """One voice by key with its references, or None; also for one that readers of `paths` may not see yet."""
    rows = Feedback.objects.filter(shown(paths, organisation=organisation), organisation_id=organisation, id=feedback_id, deleted_at__isnull=True)
    return rows.select_related("unit", "staff", "touchpoint", "customer").first()


def in_order(ids: list[uuid.UUID], *, organisation: int, paths: Sequence[str] = ()) -> list[Feedback]:
    """Voices by key with their references, in the order of the keys; one that is deleted, or not shown to `paths` yet, is left out."""
    rows = Feedback.objects.filter(shown(paths, organisation=organisation), organisation_id=organisation, id__in=ids, deleted_at__isnull=True)
    found = {row.id: row for row in rows.select_related("unit", "staff", "touchpoint", "customer")}
    return [found[key] for key in ids if key in found]


def analyses(ids: list[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, Analysis]:
    """The current analysis of each voice that has one."""
    rows = Analysis.objects.filter(organisation_id=organisation, feedback_id__in=ids, is_current=True)
    return {row.feedback_id: row for row in rows}


def scores(ids: list[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, list[Score]]:
    """The scores of each voice, in a steady order."""
    found: dict[uuid.UUID, list[Score]] = {}
    for row in Score.objects.filter(organisation_id=organisation, feedback_id__in=ids).order_by("kind", "item"):
        found.setdefault(row.feedback_id, []).append(row)
    return found


def twins(row: Feedback, *, organisation: int) -> int:
    """How many other voices of the same customer bear the same fingerprint: likely duplicates, told, never dropped."""
    if row.customer_id is None or row.fingerprint == 0:
        return 0
    rows = Feedback.objects.filter(organisation_id=organisation, customer_id=row.customer_id, fingerprint=row.fingerprint)
    return rows.filter(deleted_at__isnull=True).exclude(id=row.id).count()


def n_by_channel(*, organisation: int, since: datetime) -> dict[str, int]:
    """How many voices came in by each channel since an instant."""
    rows = Feedback.objects.filter(organisation_id=organisation, occurred_at__gte=since, deleted_at=None)
    return dict(rows.order_by().values_list("channel").annotate(n=Count("id")))
