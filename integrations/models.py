"""Webhook endpoints and their deliveries: one durable row per endpoint and fact, with the exact bytes that are signed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from integrations.enums import DeliveryState, DisabledFor, EndpointState
from tenancy.models import TenantModel


class Endpoint(TenantModel):
    """Where an organisation wants to be told of facts. Secrets lie sealed; the one before is valid for a day."""

    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True, default="")
    kinds = ArrayField(models.CharField(max_length=64))
    sealed = models.BinaryField()
    sealed_before = models.BinaryField(null=True)
    before_until = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=EndpointState.choices, default=EndpointState.ACTIVE)
    reason = models.CharField(max_length=8, choices=DisabledFor.choices, blank=True, default="")
    version = models.IntegerField(default=1)
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    enabled_at = models.DateTimeField()
    resume_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    n_failures = models.IntegerField(default=0)
    last_success_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=EndpointState.ACTIVE, reason="") | (Q(state=EndpointState.DISABLED) & ~Q(reason="")),
                name="endpoint_disabled_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(kinds__len__gt=0), name="endpoint_hears_something"),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(TenantModel):
    """One message to one endpoint. A lease ends at `leased_until`; `fence` rises so that a late sender writes nothing."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    fact_id = models.UUIDField()
    kind = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField()
    state = models.CharField(max_length=4, choices=DeliveryState.choices, default=DeliveryState.DUE)
    attempts = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    last_status = models.SmallIntegerField(null=True)
    last_error = models.CharField(max_length=200, blank=True, default="")
    excerpt = models.TextField(blank=True, default="")
    log = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "endpoint", "fact_id"], name="webhook_once"),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.DUE, finished_at__isnull=True)
                | (~Q(state=DeliveryState.DUE) & Q(finished_at__isnull=False)),
                name="webhook_finished_at_its_end",
            ),
        ]
        indexes = [
            # the sender's list of endpoints with due work, and the lease of one endpoint's rows
            models.Index(fields=["organisation", "endpoint", "next_at"], name="webhook_due", condition=Q(state="due")),
            # an endpoint's page, newest first
            models.Index(fields=["organisation", "endpoint", "-created_at", "-id"], name="webhook_list"),
            # the dead of an endpoint: its number on the list, replay of all
            models.Index(fields=["organisation", "endpoint"], name="webhook_dead", condition=Q(state="dead")),
        ]

    @property
    def message_id(self) -> str:
        """The `webhook-id` header: the same at every attempt and every endpoint."""
        return f"msg_{self.fact_id.hex}"
