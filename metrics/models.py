"""Roll-ups and the signed deltas they are folded from. Components only: counts, sums, histograms; never an average.

`Delta` is written by statement triggers on the score and feedback tables (this app's migrations); `rollup.fold` adds
it to four families of slices; a read adds what is not folded yet.
"""

from typing import Any, ClassVar, Self

from django.db import models
from django_scopes import ScopedManager

from metrics.enums import Basis
from tenancy.models import TenantModel, Unit

N_BINS = 11


class Components(models.Model):
    """What every bucket stores. `h0`…`h10` count values 0…10 of whole-number scales."""

    id = models.BigAutoField(primary_key=True)
    organisation_id = models.IntegerField()
    kind = models.CharField(max_length=8)
    item = models.CharField(max_length=64)
    scale_min = models.SmallIntegerField()
    scale_max = models.SmallIntegerField()
    n = models.BigIntegerField(default=0)
    total = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    squares = models.DecimalField(max_digits=24, decimal_places=8, default=0)
    h0 = models.BigIntegerField(default=0)
    h1 = models.BigIntegerField(default=0)
    h2 = models.BigIntegerField(default=0)
    h3 = models.BigIntegerField(default=0)
    h4 = models.BigIntegerField(default=0)
    h5 = models.BigIntegerField(default=0)
    h6 = models.BigIntegerField(default=0)
    h7 = models.BigIntegerField(default=0)
    h8 = models.BigIntegerField(default=0)
    h9 = models.BigIntegerField(default=0)
    h10 = models.BigIntegerField(default=0)

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation_id")

    class Meta:
        abstract = True


def _key(name: str, *dimensions: str) -> Any:
    fields = ["organisation_id", "kind", "local_day", *dimensions, "item", "scale_min", "scale_max"]
    return models.UniqueConstraint(fields=fields, name=name, nulls_distinct=False)


class UnitDay(Components):
    """By unit and local day: trends, stores, regions."""

    unit_id = models.UUIDField(null=True)
    local_day = models.DateField()

    class Meta:
        constraints = [_key("unitday_key", "unit_id")]


class UnitWeek(Components):
    """By unit and week (its Monday): a chain's stores side by side over months. Whole weeks of the unit's own rows only."""

    unit_id = models.UUIDField(null=True)
    local_day = models.DateField()

    class Meta:
        constraints = [_key("unitweek_key", "unit_id")]


class StaffWeek(Components):
    """By employee and week (its Monday): a person is never shown by day."""

    staff_id = models.UUIDField()
    local_day = models.DateField()

    class Meta:
        constraints = [_key("staffweek_key", "staff_id")]


class TouchpointDay(Components):
    """By touchpoint, channel and local day."""

    touchpoint_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=12)
    local_day = models.DateField()

    class Meta:
        constraints = [_key("touchpointday_key", "touchpoint_id", "channel")]


class Delta(models.Model):
    """A signed change not folded yet: `sign` many equal scores came (positive) or left (negative)."""

    id = models.BigAutoField(primary_key=True)
    organisation_id = models.IntegerField()
    kind = models.CharField(max_length=8)
    item = models.CharField(max_length=64)
    scale_min = models.SmallIntegerField()
    scale_max = models.SmallIntegerField()
    unit_id = models.UUIDField(null=True)
    staff_id = models.UUIDField(null=True)
    touchpoint_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=12)
    local_day = models.DateField()
    value = models.DecimalField(max_digits=9, decimal_places=4)
    sign = models.IntegerField()

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation_id")

    class Meta:
        indexes = [
            # the fold takes an organisation's oldest; reads add what is left of a kind
            models.Index(fields=["organisation_id", "id"], name="delta_fold"),
        ]


class ModelVersion(TenantModel):
    """体验模型树 as it was saved once; the newest is in force. nodes: `metrics.model_tree.Node` as JSON, in reading order."""

    version = models.IntegerField()
    nodes = models.JSONField()
    note = models.CharField(max_length=120, blank=True, default="")
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="model_version_once")]


class TopicDay(TenantModel):
    """Counted voices of a past local day by topic or node and hour: {code: [24 counts]}. Counted again while late ones come.

    taxonomy, model, relabelled: what the labels came from (`feedback.heard.Reading`); anything else, and the day is counted anew.
    """

    local_day = models.DateField()
    taxonomy = models.IntegerField()
    model = models.IntegerField(default=0, db_default=0)
    relabelled = models.UUIDField(null=True)
    hours = models.JSONField(default=dict)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "local_day"], name="topic_day_once")]


class TermDay(TenantModel):
    """Counted voices of a past local day by term and hour: {term: [24 counts]}, of the 2,000 most said by three voices or more.

    reading: the rules the words were cut by (`feedback.terms.READING`); others, and the day is counted anew. volume: all
    counted voices with words by hour.
    """

    local_day = models.DateField()
    reading = models.SmallIntegerField()
    hours = models.JSONField(default=dict)
    volume = models.JSONField(default=list)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "local_day"], name="term_day_once")]


class Target(TenantModel):
    """目标: what a metric is to be from a day on, or (`competitor` named) what somebody else's was; until the next of its series.

    A series is (metric, unit, dimension, code, competitor). Rows are never changed, only withdrawn with a reason. unit:
    its subtree; None is the whole organisation. dimension and code: the one cell it is for, "" for the figure as a whole.
    """

    metric = models.CharField(max_length=40)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    dimension = models.CharField(max_length=16, blank=True, default="")
    code = models.CharField(max_length=80, blank=True, default="")
    competitor = models.CharField(max_length=60, blank=True, default="")
    from_date = models.DateField()
    value = models.DecimalField(max_digits=14, decimal_places=4)
    basis = models.CharField(max_length=12, choices=Basis.choices)
    source = models.CharField(max_length=300, blank=True, default="")
    note = models.CharField(max_length=300, blank=True, default="")
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=120)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=120, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "metric", "unit", "dimension", "code", "competitor", "from_date"],
                condition=models.Q(withdrawn_at__isnull=True), nulls_distinct=False, name="target_once",
            ),
        ]  # fmt: skip
        indexes = [
            # the list, newest first, page by page
            models.Index(fields=["organisation", "-from_date", "-id"], name="target_list"),
        ]


class PublishedValue(TenantModel):
    """A value of a published index that the organisation added itself: somebody's public figure, never its own."""

    name = models.CharField(max_length=60)
    publisher = models.CharField(max_length=80)
    metric = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    value = models.DecimalField(max_digits=14, decimal_places=4)
    source = models.CharField(max_length=300)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=120)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "metric", "name", "year"], condition=models.Q(withdrawn_at__isnull=True), name="published_once"
            ),
        ]


class WeightMargins(TenantModel):
    """加权份额 as they were saved once; the newest hold, empty ones switch weighting off. shares: {dimension: {code: percent}}."""

    version = models.IntegerField()
    shares = models.JSONField()
    source = models.CharField(max_length=300)
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="weight_margins_once")]
