"""Tables of the ledger: facts, deliveries (the durable work queue), idempotency keys, heartbeats.

The ledger stands below tenancy, so `organisation_id` is a plain integer here; the wall is the same.
"""

from typing import ClassVar, Self

from django.db import models
from django_scopes import ScopedManager

from cxms.lib.ids import new_id


class Fact(models.Model):
    """Something that happened, in the past tense; written in the transaction that made it true."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation_id = models.IntegerField()
    seq = models.BigIntegerField(db_default=models.expressions.RawSQL("nextval('ledger_fact_seq')", []))
    kind = models.CharField(max_length=64)
    subject = models.CharField(max_length=64)
    data = models.JSONField(default=dict)
    actor = models.CharField(max_length=120, default="system")
    at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation_id")

    class Meta:
        indexes = [
            # audit and timelines of one subject, newest first
            models.Index(fields=["organisation_id", "subject", "seq"], name="fact_subject"),
            # GET /changes and the audit page walk the organisation in order
            models.Index(fields=["organisation_id", "seq"], name="fact_order"),
        ]


class Delivery(models.Model):
    """One follower's duty towards one fact. Due when neither done nor dead and `run_at` has come.

    A lease moves `run_at` to the end of the lease, so an abandoned one simply becomes due again; `fence` rises with
    every claim so that a zombie writes nothing.
    """

    id = models.BigAutoField(primary_key=True)
    organisation_id = models.IntegerField()
    fact = models.ForeignKey(Fact, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    follower = models.CharField(max_length=120)
    queue = models.CharField(max_length=24)
    run_at = models.DateTimeField()
    fence = models.BigIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    failure = models.CharField(max_length=24, blank=True, default="")
    last_error = models.TextField(blank=True, default="")
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "fact", "follower"], name="delivery_once"),
        ]
        indexes = [
            # the dispatcher's list of due (organisation, queue) and the claim of one of them
            models.Index(
                fields=["queue", "organisation_id", "run_at"],
                name="delivery_due",
                condition=models.Q(done_at__isnull=True, dead_at__isnull=True),
            ),
            # the dead-letter list of an organisation
            models.Index(
                fields=["organisation_id", "dead_at"], name="delivery_dead", condition=models.Q(dead_at__isnull=False)
            ),
        ]


class IdempotencyKey(models.Model):
    """The stored answer of a write that carried an Idempotency-Key; lives in the transaction of its effect."""

    id = models.BigAutoField(primary_key=True)
    organisation_id = models.IntegerField()
    principal = models.CharField(max_length=64)
    route = models.CharField(max_length=160)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField()
    status = models.SmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "principal", "route", "key"], name="idempotency_once"
            ),
        ]


class Heartbeat(models.Model):
    """When a process of the house last worked; read by /readyz and the workers' fallback. Of no tenant."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
