"""Actions with what they were measured by before and after, their log, and the daily huddle."""

from django.db import models

from improvement.enums import Lesson, Source, State, Verdict
from tenancy.models import Member, TenantModel, Unit


class Action(TenantModel):
    """One improvement: Plan (metric, baseline, target, owner, date) → Do → Check (computed) → Act."""

    title = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    source = models.CharField(max_length=12, choices=Source.choices)
    source_ref = models.CharField(max_length=64, blank=True, default="")
    metric = models.CharField(max_length=40)
    where = models.JSONField(default=dict)
    baseline = models.JSONField()
    n_days = models.SmallIntegerField(default=28)
    target = models.FloatField(null=True)
    owner = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    start_date = models.DateField()
    due_date = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLAN)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True, default="")
    check_result = models.JSONField(default=dict)
    checked_at = models.DateTimeField(null=True)
    lesson = models.CharField(max_length=12, choices=Lesson.choices, blank=True, default="")
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    token = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "token"], name="action_token"),
            models.CheckConstraint(condition=models.Q(due_date__gt=models.F("start_date")), name="action_due_later"),
            # a verdict is what a check found: none without its instant, no instant without a verdict
            models.CheckConstraint(
                condition=models.Q(verdict="", checked_at__isnull=True)
                | (~models.Q(verdict="") & models.Q(checked_at__isnull=False)),
                name="action_verdict_checked",
            ),
        ]
        indexes = [
            # the board: by state, the earliest due first
            models.Index(fields=["organisation", "state", "due_date"], name="action_board"),
            # the timer: what falls due unchecked
            models.Index(fields=["due_date"], name="action_due", condition=models.Q(checked_at__isnull=True)),
        ]


class ActionNote(TenantModel):
    """One line of an action's log. Appended only."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    actor_name = models.CharField(max_length=80, blank=True, default="")
    kind = models.CharField(max_length=16)
    text = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["organisation", "action", "at"], name="action_log")]  # an action's page


class Huddle(TenantModel):
    """The ten minutes of one unit on one day: who led, how many came, what was decided."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    n_present = models.SmallIntegerField(default=0)
    led_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "unit", "day"], name="huddle_once")]


class HuddleDecision(TenantModel):
    """One thing a huddle decided."""

    huddle = models.ForeignKey(Huddle, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.CharField(max_length=400)
    actor_name = models.CharField(max_length=80)
    token = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "token"], name="huddle_decision_token")]
