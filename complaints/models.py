"""Promise policies, tickets, their moves, clocks, pauses and escalations. Nothing here is ever overwritten by a reopen."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from complaints.enums import BulkOutcome, ClockState, PauseReason, Severity, State
from complaints.handover_models import Handover as Handover
from complaints.handover_models import HandoverTarget as HandoverTarget
from complaints.handover_models import Holding as Holding
from complaints.learning_models import Cause as Cause
from complaints.learning_models import Recurrence as Recurrence
from complaints.learning_models import Reflection as Reflection
from complaints.leaving_models import AxesCode as AxesCode
from complaints.leaving_models import LeavingRecord as LeavingRecord
from complaints.link_models import TicketLink as TicketLink
from complaints.offer_models import Approval as Approval
from complaints.offer_models import Attachment as Attachment
from complaints.offer_models import AuthorityVersion as AuthorityVersion
from customers.models import Customer
from cxms.lib.working_time import Counting
from feedback.models import Feedback
from tenancy.models import CalendarVersion, Member, Staff, TenantModel, Touchpoint, Unit


class PolicyVersion(TenantModel):
    """A promise policy as it stood from `created_at` on; a ticket keeps the version it opened under.

    ladder: level → who joins there (`complaints.ladder`), for the levels that are not as shipped.
    """

    code = models.CharField(max_length=64)
    version = models.IntegerField()
    name = models.CharField(max_length=120)
    position = models.IntegerField()
    match = models.JSONField(default=dict)
    clauses = models.JSONField()
    ladder = models.JSONField(default=dict, db_default={})
    is_off = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code", "version"], name="policy_version")]


class Ticket(TenantModel):
    """What we handle when a customer complains. `unit`: where it happened; `holder`: who has it now (None: that unit);
    `offered`: whom it is handed to and who has not answered yet; `part`: 0, or which half of its voice it was split off as."""

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
    holder = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    offered = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    duplicate_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    part = models.SmallIntegerField(default=0, db_default=0)
    cycle = models.SmallIntegerField(default=1)
    version = models.IntegerField(default=0)
    received_at = models.DateTimeField()
    local_day = models.DateField()
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    first_reply_at = models.DateTimeField(null=True)
    contact_due_at = models.DateTimeField(null=True)
    # when somebody is to be reminded of it; None once he was
    contact_fire_at = models.DateTimeField(null=True)
    n_reopened = models.SmallIntegerField(default=0)
    is_history = models.BooleanField(default=False)
    reconstruction = models.JSONField(default=dict)
    proposal = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="ticket_number"),
            models.UniqueConstraint(fields=["organisation", "feedback", "part"], name="ticket_feedback"),
        ]
        indexes = [
            # the desk: open tickets
            models.Index(
                fields=["organisation", "state"], name="ticket_open", condition=~models.Q(state__in=["resolved", "closed"])
            ),
            # the dispatcher's list and the timer: which customers are to be tried again
            models.Index(fields=["contact_fire_at"], name="ticket_contact", condition=models.Q(contact_fire_at__isnull=False)),
            # similar solved cases: the newest solutions
            models.Index(
                fields=["organisation", "-resolved_at"], name="ticket_solved", condition=models.Q(resolved_at__isnull=False)
            ),
            # complaint rate and cohorts by day
            models.Index(fields=["organisation", "local_day", "unit"], name="ticket_day"),
        ]


class SavedView(TenantModel):
    """Filters of the desk under a name: its maker's own, or shared with everybody of `role` ("all": everybody)."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, blank=True, default="")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=600)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "member", "name"], name="saved_view_name")]


class BulkRun(TenantModel):
    """One move made on many tickets by a person; what became of each is a `BulkRow`."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    move = models.CharField(max_length=24)
    fields = models.JSONField(default=dict)
    language = models.CharField(max_length=10, default="zh-hans")
    n_rows = models.IntegerField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # a person's own runs, newest first
            models.Index(fields=["organisation", "member", "-created_at"], name="bulk_runs_of"),
        ]


class BulkRow(TenantModel):
    """A ticket of a bulk run. `before`: what undoing puts back; `seq`: the ticket's version after the move."""

    run = models.ForeignKey(BulkRun, on_delete=models.PROTECT, related_name="+")
    position = models.IntegerField()
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=8, choices=BulkOutcome.choices, default=BulkOutcome.WAITING)
    reason = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(default=dict)
    seq = models.IntegerField(default=0)
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "run", "position"], name="bulk_row_once")]


class ReplyTemplate(TenantModel):
    """口径: what we say to customers, with variables in braces. Empty unit, language and topic mean any."""

    name = models.CharField(max_length=60)
    text = models.TextField()
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=10, blank=True, default="")
    topic = models.CharField(max_length=40, blank=True, default="")
    n_used = models.IntegerField(default=0)
    version = models.IntegerField(default=1)
    retired_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()


class Draft(TenantModel):
    """What a member typed in a form of a ticket and has not sent."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    form = models.CharField(max_length=24)
    fields = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "member", "ticket", "form"], name="draft_once")]


class Skill(TenantModel):
    """A topic a member handles. Who has none handles anything."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    topic = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "member", "topic"], name="skill_once")]


class AssignmentRule(TenantModel):
    """Whether new tickets of a unit's subtree find their owner by themselves; the nearest rule upwards decides."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    is_on = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "unit"], name="assignment_rule_once")]


class CaseRules(TenantModel):
    """The ordered rules by which voices become tickets, as they stood from `created_at` on. Appended only."""

    version = models.IntegerField()
    rules = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="case_rules_version")]


class PassedOver(TenantModel):
    """A voice that got no ticket, and why: the other half of "nothing vanishes". `rule`: the rule that said so, or ""."""

    feedback = models.ForeignKey(
        Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=24)
    rule = models.CharField(max_length=64, blank=True, default="")
    rules_version = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "feedback"], name="passed_over_once")]


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
        indexes = [
            # throughput: the solutions of a period, whenever their cases came
            models.Index(fields=["organisation", "at"], name="move_solved", condition=models.Q(kind__in=["resolve", "accept"])),
        ]


class Clock(TenantModel):
    """One promise on one ticket in one cycle. `next_fire_at` is the next instant at which anything can change.

    promise: in the customer's words, "" for the kind's own; hours: the clause's calendar, a code or "unit"; calendar: the
    version in force when the clock was made, calendar_code its code, zone the unit's own where it has one; turns: other
    hours by a change of policy, [{at, hours, calendar, zone}]; after_calendar: "same" or "always", what the seconds after
    the due instant are counted by; extended_seconds: what an extension added, once.
    """

    # the hours that count, edits spliced in: set by `hours_counted.attach`, never stored
    counting: Counting | None = None
    # its columns when it was locked, set by `clocks.locked`: what comes out as it was is not written again
    as_read: str | None = None

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
    promise = models.CharField(max_length=200, blank=True, default="", db_default="")
    hours = models.CharField(max_length=64, blank=True, default="", db_default="")
    calendar_code = models.CharField(max_length=64, blank=True, default="", db_default="")
    zone = models.CharField(max_length=40, blank=True, default="", db_default="")
    turns = models.JSONField(default=list, db_default=[])
    after_calendar = models.CharField(max_length=8, default="same", db_default="same")
    extended_seconds = models.IntegerField(default=0, db_default=0)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes the row; what was read of it is no longer what stands there."""
        super().save(*args, **kwargs)
        self.as_read = None

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
            # recomputation after a change of hours walks the open clocks in slices
            models.Index(fields=["organisation", "id"], name="clock_walk", condition=models.Q(stopped_at__isnull=True)),
        ]


class Pause(TenantModel):
    """A hold: from, to (None while it lasts), the reason and its proof. Ends by itself at `expires_at`."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=24, choices=PauseReason.choices)
    proof = models.CharField(max_length=400, blank=True, default="")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    cycle = models.SmallIntegerField(default=1, db_default=1)

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
        indexes = [
            # the watchdog: what fired within the day
            models.Index(fields=["written_at"], name="escalation_written"),
        ]


class Acknowledgement(TenantModel):
    """Somebody said that he has the ticket in hand. Appended only; `level`: how high he stands on its ladder."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    cycle = models.SmallIntegerField()
    level = models.SmallIntegerField()
    at = models.DateTimeField()
    via = models.CharField(max_length=8)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(level__gte=1, level__lte=4), name="acknowledgement_level"),
        ]
        indexes = [
            # what a ladder waits for, and the ticket page
            models.Index(fields=["organisation", "ticket", "at"], name="acknowledgement_ticket"),
        ]
