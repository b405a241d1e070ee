"""Whose hands a ticket lies in: hand-overs that must be accepted, holdings without a gap, and each unit's time to answer."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models

from complaints.enums import HandoverState
from tenancy.models import TenantModel, Unit


class Handover(TenantModel):
    """A ticket offered to another unit. Until it is accepted the giver holds it; `due_at`: the receiver's own promise."""

    ticket = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    from_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    to_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=HandoverState.choices, default=HandoverState.ASKED)
    reason = models.CharField(max_length=400)
    needed = models.CharField(max_length=400)
    by_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=120)
    asked_name = models.CharField(max_length=80, blank=True, default="")
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_name = models.CharField(max_length=80, blank=True, default="")
    answer = models.CharField(max_length=400, blank=True, default="")
    next_fire_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "ticket"], name="handover_one_open", condition=models.Q(state="asked")
            ),
            models.CheckConstraint(
                condition=models.Q(state="asked", answered_at__isnull=True)
                | (~models.Q(state="asked") & models.Q(answered_at__isnull=False, next_fire_at__isnull=True)),
                name="handover_answered",
            ),
            models.CheckConstraint(condition=~models.Q(from_unit=models.F("to_unit")), name="handover_to_another"),
        ]
        indexes = [
            # the dispatcher's list and the timer: which offers nobody answered in time
            models.Index(fields=["next_fire_at"], name="handover_next", condition=models.Q(next_fire_at__isnull=False)),
            # a ticket's page
            models.Index(fields=["organisation", "ticket", "asked_at"], name="handover_ticket"),
        ]


class Holding(TenantModel):
    """From when to when a unit held a ticket (None: it does). Laid end to end they are the ticket's open life."""

    ticket = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(to_at__isnull=True) | models.Q(to_at__gte=models.F("from_at")), name="holding_forwards"
            ),
            # nobody holds what another holds at the same instant
            ExclusionConstraint(
                name="holding_no_overlap",
                expressions=[
                    ("organisation", RangeOperators.EQUAL),
                    ("ticket", RangeOperators.EQUAL),
                    (models.Func("from_at", "to_at", function="tstzrange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            # a ticket's page, and the figures, which begin at the tickets of the period
            models.Index(fields=["organisation", "ticket", "from_at"], name="holding_ticket"),
        ]


class HandoverTarget(TenantModel):
    """In how many minutes a unit's subtree answers an offer; the nearest row upwards decides."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    minutes = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "unit"], name="handover_target_once"),
            models.CheckConstraint(condition=models.Q(minutes__gte=1, minutes__lte=10_080), name="handover_target_sane"),
        ]
