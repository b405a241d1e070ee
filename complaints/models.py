"""Promise policies, tickets, their moves, clocks, pauses and escalations. Nothing here is ever overwritten by a reopen."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from complaints.enums import ClockState, PauseReason, Severity, State
from customers.models import Customer
from feedback.models import Feedback
from tenancy.models import CalendarVersion, Member, Staff, TenantModel, Touchpoint, Unit


class PolicyVersion(TenantModel):
    """A promise policy as it stood from `created_at` on; a ticket keeps the version it opened under."""

    code = models.CharField(max_length=64)
    version = models.IntegerField()
    name = models.CharField(max_length=120)
    position = models.IntegerField()
    match = models.JSONField(default=dict)
    clauses = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code", "version"], name="policy_version")]


class Ticket(TenantModel):
    """What we handle when a customer complains."""

    number = models.CharField(max_length=24)
    feedback = models.ForeignKey(
        Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    touchpoint = models.ForeignKey(Touchpoint, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=12)
    topics = ArrayField(models.CharField(max_length=40), default=list)
    owner = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    cycle = models.SmallIntegerField(default=1)
    version = models.IntegerField(default=0)
    received_at = models.DateTimeField()
    local_day = models.DateField()
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    first_reply_at = models.DateTimeField(null=True)
    n_reopened = models.SmallIntegerField(default=0)
    is_history = models.BooleanField(default=False)
    reconstruction = models.JSONField(default=dict)
    proposal = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="ticket_number"),
            models.UniqueConstraint(fields=["organisation", "feedback"], name="ticket_feedback"),
        ]
        indexes = [
            # the desk: open tickets
            models.Index(
                fields=["organisation", "state"], name="ticket_open", condition=~models.Q(state__in=["resolved", "closed"])
            ),
            # complaint rate and cohorts by day
            models.Index(fields=["organisation", "local_day", "unit"], name="ticket_day"),
        ]


class TicketCounter(TenantModel):
    """The last number given on a local day."""

    day = models.DateField()
    last = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "day"], name="ticket_counter_day")]


class Move(TenantModel):
    """One move of a ticket, in order: its timeline and its history. Appended only."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    seq = models.IntegerField()
    kind = models.CharField(max_length=24)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    actor_name = models.CharField(max_length=80, blank=True, default="")
    cycle = models.SmallIntegerField(default=1)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "ticket", "seq"], name="move_order")]


class Clock(TenantModel):
    """One promise on one ticket in one cycle. `next_fire_at` is the next instant at which anything can change."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    clause = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    cycle = models.SmallIntegerField()
    position = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=ClockState.choices)
    calendar = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, related_name="+")
    target_seconds = models.IntegerField()
    changes = models.JSONField(default=list)
    gaps = models.JSONField(default=list)
    warn_shares = models.JSONField(default=list)
    after_seconds = models.JSONField(default=list)
    pausable_by = ArrayField(models.CharField(max_length=24), default=list)
    started_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=24, blank=True, default="")
    met_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=40, blank=True, default="")
    excused = models.CharField(max_length=200, blank=True, default="")
    next_fire_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "ticket", "clause", "cycle"], name="clock_once"),
            models.CheckConstraint(
                condition=models.Q(stopped_at__isnull=True) | models.Q(next_fire_at__isnull=True),
                name="clock_stopped_is_silent",
            ),
        ]
        indexes = [
            # the dispatcher's list and the sweep: what fires next
            models.Index(fields=["next_fire_at"], name="clock_next", condition=models.Q(next_fire_at__isnull=False)),
            # the desk and the home page: open promises of an organisation by due instant
            models.Index(
                fields=["organisation", "due_at"], name="clock_open", condition=models.Q(stopped_at__isnull=True)
            ),
        ]


class Pause(TenantModel):
    """A hold: from, to (None while it lasts), the reason and its proof. Ends by itself at `expires_at`."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=24, choices=PauseReason.choices)
    proof = models.CharField(max_length=400, blank=True, default="")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "ticket"], name="pause_one_open", condition=models.Q(to_at__isnull=True)
            ),
        ]


class Escalation(TenantModel):
    """A level that fired: one row for ever, whoever swept. `late_seconds` says how late it was written."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="+")
    clause = models.CharField(max_length=64)
    cycle = models.SmallIntegerField()
    level = models.CharField(max_length=12)
    fire_at = models.DateTimeField()
    written_at = models.DateTimeField()
    late_seconds = models.IntegerField()
    cause = models.CharField(max_length=40, blank=True, default="")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "ticket", "clause", "cycle", "level"], name="escalation_once"
            ),
        ]
