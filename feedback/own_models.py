"""An organisation's own model as it is kept: its versions, and the heads trained for each. Written by `feedback.learning`."""

from django.db import models

from feedback.enums import Label, OwnModelState
from tenancy.models import TenantModel


class OwnModel(TenantModel):
    """自己的模型: trained on what persons here corrected, measured on voices kept out; in use only after a person accepts it."""

    version = models.IntegerField()
    engine = models.CharField(max_length=40)
    state = models.CharField(max_length=8, choices=OwnModelState.choices, default=OwnModelState.TRAINING)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=120)
    trained_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "version"], name="own_model_once"),
            models.UniqueConstraint(fields=["organisation"], condition=models.Q(state="in_use"), name="own_model_in_use"),
            models.UniqueConstraint(fields=["organisation"], condition=models.Q(state="training"), name="own_model_training"),
        ]


class OwnHead(TenantModel):
    """One label of it: `body` the new columns; `scores` what the shipped and the new one get right of the voices kept out.

    scores: n, before, after, only_before, only_after, and by class [name, said, true, both] before and after.
    """

    model = models.ForeignKey(OwnModel, on_delete=models.PROTECT, related_name="+")
    field = models.CharField(max_length=10, choices=Label.choices)
    n_learnt = models.IntegerField()
    body = models.BinaryField()
    scores = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "model", "field"], name="own_head_once")]
