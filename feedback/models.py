"""The voice as it came, its scores, and what analysis made of it.

`Feedback` and `Score` are the hot tables: few indexes, references without constraints (checked per batch in the same
transaction; parents are retired, never deleted). Score rows carry their dimensions so that triggers need no look-up.
"""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_scopes import ScopedManager

from customers.models import Customer
from feedback.enums import Kind, ScoreKind, Sentiment
from tenancy.enums import Channel
from tenancy.models import Organisation, Staff, TenantModel, Touchpoint, Unit


class RawFeedback(TenantModel):
    """The bytes of one request, message or file as received; every feedback points at its source and row."""

    channel = models.CharField(max_length=12)
    content_type = models.CharField(max_length=80)
    body = models.BinaryField()
    sha256 = models.BinaryField()
    actor = models.CharField(max_length=120)
    received_at = models.DateTimeField()


class Feedback(TenantModel):
    """One voice. `text` is what the customer said and is never edited; `normal` is its NFKC copy for search."""

    raw = models.ForeignKey(RawFeedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    raw_row = models.IntegerField()
    channel = models.CharField(max_length=12, choices=Channel.choices)
    external_id = models.CharField(max_length=120, null=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    local_day = models.DateField()
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    unit = models.ForeignKey(
        Unit, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    staff = models.ForeignKey(
        Staff, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    touchpoint = models.ForeignKey(
        Touchpoint, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    text = models.TextField()
    normal = models.TextField()
    fingerprint = models.BigIntegerField()
    metadata = models.JSONField(default=dict)
    excluded_at = models.DateTimeField(null=True)
    excluded_reason = models.CharField(max_length=200, blank=True, default="")
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "channel", "external_id"],
                name="feedback_external",
                condition=models.Q(external_id__isnull=False),
            ),
        ]
        indexes = [
            # the list page and GET /feedback, newest first
            models.Index(fields=["organisation", "-occurred_at", "-id"], name="feedback_list"),
            # a customer's timeline
            models.Index(
                fields=["organisation", "customer", "-occurred_at"],
                name="feedback_customer",
                condition=models.Q(customer__isnull=False),
            ),
        ]


class Score(models.Model):
    """One answered score. 0 is a value; "not answered" is not a row. item "" of kind csi is the respondent's index."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    feedback = models.ForeignKey(
        Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=8, choices=ScoreKind.choices)
    item = models.CharField(max_length=64, blank=True, default="")
    value = models.DecimalField(max_digits=9, decimal_places=4)
    scale_min = models.SmallIntegerField()
    scale_max = models.SmallIntegerField()
    unit = models.ForeignKey(
        Unit, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    staff = models.ForeignKey(
        Staff, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    touchpoint = models.ForeignKey(
        Touchpoint, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    channel = models.CharField(max_length=12)
    local_day = models.DateField()
    excluded = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(value__gte=models.F("scale_min")) & models.Q(value__lte=models.F("scale_max")),
                name="score_in_scale",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="nps") | models.Q(scale_min=0, scale_max=10), name="score_nps_scale"
            ),
        ]
        indexes = [
            # the scores of a feedback: its page, exclusion, deletion
            models.Index(fields=["organisation", "feedback"], name="score_feedback"),
            # cuts that no roll-up holds (tier, topic), and the auditor's recomputation
            models.Index(fields=["organisation", "kind", "local_day"], name="score_day"),
        ]


class Analysis(TenantModel):
    """What one engine version made of a text. A newer engine adds a row and takes `is_current`."""

    feedback = models.ForeignKey(
        Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    engine = models.CharField(max_length=40)
    is_current = models.BooleanField(default=True)
    language = models.CharField(max_length=8)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    sentiment = models.CharField(max_length=8, choices=Sentiment.choices)
    sentiment_score = models.FloatField()
    topics = models.JSONField(default=list)
    topic_codes = ArrayField(models.CharField(max_length=40), default=list)
    urgency = models.SmallIntegerField()
    red_line = models.BooleanField()
    red_terms = ArrayField(models.CharField(max_length=40), default=list)
    pii = models.JSONField(default=list)
    analysed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "feedback", "engine"], name="analysis_once"),
        ]
        indexes = [
            # list filters by kind of the newest; triage of a batch
            models.Index(
                fields=["organisation", "kind", "feedback"], name="analysis_kind", condition=models.Q(is_current=True)
            ),
        ]
