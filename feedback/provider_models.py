"""The optional language-model provider of an organisation, and the voices it was asked about. Part of `feedback.models`."""

from django.db import models

from feedback.enums import AskState, AskWhich
from tenancy.models import TenantModel


class LanguageModel(TenantModel):
    """One per organisation, off until a person switches it on. The key lies sealed; `next_at` says when to ask next.

    `round` counts the batches that were sent for: an answer to any but the newest is not taken.
    """

    is_on = models.BooleanField(default=False)
    base_url = models.CharField(max_length=300, blank=True, default="")
    model = models.CharField(max_length=120, blank=True, default="")
    key = models.BinaryField(default=b"")
    which = models.CharField(max_length=8, choices=AskWhich.choices, default=AskWhich.UNSURE)
    daily_limit = models.IntegerField(default=200)
    version = models.IntegerField(default=1)
    next_at = models.DateTimeField(null=True)
    round = models.IntegerField(default=0)
    n_failures = models.IntegerField(default=0)
    error = models.CharField(max_length=40, blank=True, default="")
    failed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation"], name="language_model_once"),
            models.CheckConstraint(condition=models.Q(daily_limit__gte=1), name="language_model_limit"),
        ]
        indexes = [
            # the timer: whose provider is to be asked
            models.Index(fields=["next_at"], name="language_model_due", condition=models.Q(is_on=True)),
        ]


class ProviderQuestion(TenantModel):
    """One voice the provider is asked about, once per version of the engine; `reason` says why it was not taken."""

    feedback = models.ForeignKey("feedback.Feedback", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    engine = models.CharField(max_length=40)
    picked_day = models.DateField()
    picked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=AskState.choices, default=AskState.WAITING)
    reason = models.CharField(max_length=40, blank=True, default="")
    n_attempts = models.IntegerField(default=0)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "feedback", "engine"], name="provider_asked_once"),
        ]
        indexes = [
            # what was picked of a day's budget, and what became of the week's
            models.Index(fields=["organisation", "picked_day"], name="provider_day"),
            # the next batch
            models.Index(fields=["organisation", "n_attempts", "id"], name="provider_waiting", condition=models.Q(state="waiting")),
        ]
