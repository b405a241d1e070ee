"""Whose list a topic's points come to, and what was decided of a point. Part of `feedback.models`; written by `feedback.points`."""

from django.db import models

from feedback.enums import PointState, PointType
from tenancy.models import Member, TenantModel


class PointRoute(TenantModel):
    """Which side a topic is on and whose list it comes to; topic "" are the needs. No row: the side as shipped, nobody's list."""

    topic = models.CharField(max_length=40, blank=True)
    side = models.CharField(max_length=8, choices=PointType.choices)
    owner = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "topic"], name="point_route_once"),
            models.CheckConstraint(
                condition=models.Q(topic="", side="need") | (~models.Q(topic="") & models.Q(side__in=["product", "service"])), name="point_route_side"
            ),
        ]


class PointMark(TenantModel):
    """What was decided of a voice's point; without a row it waits. `note` is the reason where it was not taken up."""

    feedback = models.ForeignKey("feedback.Feedback", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    topic = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=9, choices=PointState.choices)
    note = models.CharField(max_length=400, blank=True, default="")
    # nobody where a key decided; `decided_name` is then the key's
    decided_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    decided_name = models.CharField(max_length=120, blank=True, default="", db_default="")
    decided_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "feedback", "topic"], name="point_mark_once"),
            models.CheckConstraint(condition=~models.Q(state="set_aside", note=""), name="point_mark_reason"),
        ]
