"""Notices: who was told what about which ticket, over which channel, and whether it was accepted and read."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from alerts import digest_models  # noqa: F401 its rows are this app's too
from alerts.enums import HopState
from complaints.models import Ticket
from tenancy.models import Member, TenantModel, Unit


class Notice(TenantModel):
    """One message to one member. `key` makes it unique, so a repeated fact tells nobody twice.

    held_until: above the reader's budget of the day, so it is in the bell at once and goes out with others at that hour.
    useful: what its reader says of it; None: nothing.
    """

    recipient = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.PROTECT, related_name="+")
    # praise speaks of a voice; the hot table is referred to without a key
    feedback_id = models.UUIDField(null=True)
    alert = models.ForeignKey("MetricAlert", null=True, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=16)
    key = models.CharField(max_length=160)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    mail_error = models.CharField(max_length=200, blank=True, default="")
    held_until = models.DateTimeField(null=True)
    useful = models.BooleanField(null=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "recipient", "key"], name="notice_once"),
            models.CheckConstraint(
                # a ticket, a voice, a metric's alert, or a thing its data names
                condition=models.Q(ticket__isnull=False)
                | models.Q(feedback_id__isnull=False)
                | models.Q(purpose__in=["holidays", "burst", "points"])
                | models.Q(alert__isnull=False),
                name="notice_speaks_of_something",
            ),
            models.CheckConstraint(
                condition=models.Q(useful__isnull=True, judged_at__isnull=True) | models.Q(useful__isnull=False, judged_at__isnull=False),
                name="notice_judged_with_its_time",
            ),
        ]
        indexes = [
            # the bell: a member's notices, newest first
            models.Index(fields=["organisation", "recipient", "-created_at"], name="notice_bell"),
            # who was told of a ticket
            models.Index(fields=["organisation", "ticket"], name="notice_ticket"),
        ]


class NoticeRule(TenantModel):
    """How many notices a person is interrupted by in a day before the lesser ones go together. No row: as shipped."""

    daily_most = models.SmallIntegerField()
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation"], name="notice_rule_once"),
            models.CheckConstraint(condition=models.Q(daily_most__gte=1, daily_most__lte=1000), name="notice_rule_sane"),
        ]


class MailChoice(TenantModel):
    """A member wants no mail for a purpose; the bell still rings. No row: mail is sent."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "member", "purpose"], name="mail_choice_once")]


class Ring(TenantModel):
    """A level of a ticket's ladder that is being told, again and again until somebody has it in hand.

    level: the name of the promise's level, or "direct" for the executives' own notice; n_told: how often it was told.
    Every telling is a row per person in `Notice`, under a key that carries this number.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    clause = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    cycle = models.SmallIntegerField()
    level = models.CharField(max_length=12)
    levels = models.JSONField(default=list)
    fired_at = models.DateTimeField()
    n_told = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_for = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "ticket", "clause", "cycle", "level"], name="ring_once"),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(next_at__isnull=True), name="ring_ended_is_silent"
            ),
        ]
        indexes = [
            # the dispatcher's list and the timer: what rings next
            models.Index(fields=["next_at"], name="ring_next", condition=models.Q(next_at__isnull=False)),
        ]


class Reach(TenantModel):
    """How a member wants to be reached: quiet hours (local minutes), channels in order, deputy, absence, numbers.

    No row: always, by every channel there is, nobody stands in. The mobile number lies sealed; `mobile_tail` is shown.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    quiet_from = models.SmallIntegerField(null=True)
    quiet_to = models.SmallIntegerField(null=True)
    channels = ArrayField(models.CharField(max_length=10), default=list)
    deputy = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    away_from = models.DateTimeField(null=True)
    away_to = models.DateTimeField(null=True)
    sealed_mobile = models.BinaryField(null=True)
    mobile_tail = models.CharField(max_length=4, blank=True, default="")
    handles = models.JSONField(default=dict)
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "member"], name="reach_once"),
            models.CheckConstraint(condition=~models.Q(deputy=models.F("member")), name="reach_deputy_is_another"),
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | models.Q(quiet_from__gte=0, quiet_from__lt=1440, quiet_to__gte=0, quiet_to__lt=1440),
                name="reach_quiet_in_a_day",
            ),
        ]


class Shift(TenantModel):
    """A weekly turn on duty: a role at a unit, a weekday (0 Monday), local minutes; past midnight when `to` is not later."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    weekday = models.SmallIntegerField()
    from_minute = models.SmallIntegerField()
    to_minute = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "unit", "role", "member", "weekday", "from_minute"], name="shift_once"
            ),
            models.CheckConstraint(
                condition=models.Q(weekday__gte=0, weekday__lte=6, from_minute__gte=0, from_minute__lt=1440, to_minute__gt=0, to_minute__lte=1440),
                name="shift_in_a_week",
            ),
        ]


class Cover(TenantModel):
    """Somebody stands in on a rota from one instant to another, instead of whoever's turn it is."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(to_at__gt=models.F("from_at")), name="cover_ends_after_its_start"),
        ]


class SinkAccount(TenantModel):
    """An account of a channel for a unit and what is below it. What opens it lies sealed; `shown` is what people may see."""

    kind = models.CharField(max_length=10)
    label = models.CharField(max_length=80)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    config = models.JSONField(default=dict)
    sealed = models.BinaryField()
    shown = models.JSONField(default=dict)
    is_off = models.BooleanField(default=False)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    tested_at = models.DateTimeField(null=True)
    test_error = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return self.label


class Hop(TenantModel):
    """One attempt to reach the reader of a notice by one channel; the next is written when this one did not do it.

    leader: another hop whose message carries this one (a group, or several things for one person in a minute).
    next_at: when the timer looks: the end of a wait, or two minutes after the sending began.
    """

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    position = models.SmallIntegerField()
    kind = models.CharField(max_length=10)
    account = models.ForeignKey(SinkAccount, null=True, on_delete=models.PROTECT, related_name="+")
    leader = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=HopState.choices)
    error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "notice", "position"], name="hop_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "due"], finished_at__isnull=True)
                | (~models.Q(state__in=["waiting", "due"]) & models.Q(finished_at__isnull=False, next_at__isnull=True)),
                name="hop_finished_at_its_end",
            ),
        ]
        indexes = [
            # the dispatcher's list and the timer: whose wait or two minutes end next
            models.Index(fields=["next_at"], name="hop_next", condition=models.Q(next_at__isnull=False)),
            # what a person was sent in the last minute
            models.Index(fields=["organisation", "recipient", "created_at"], name="hop_recipient"),
        ]


class Snooze(TenantModel):
    """A member wants to hear no warning about a ticket for a while, and says why. Breaches are not held."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField()
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # whether a person sleeps on a ticket
            models.Index(fields=["organisation", "ticket", "until"], name="snooze_ticket"),
        ]


class Incident(models.Model):
    """Something of the house that is late, as the watchdog saw it. Of no tenant; one open row per name."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40)
    what = models.CharField(max_length=200)
    n = models.IntegerField()
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    told_end_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="incident_one_open", condition=models.Q(ended_at__isnull=True)),
        ]


class MetricRule(TenantModel):
    """What is watched: a metric in a scope, cut by `by` (each cell judged by itself), and the condition to alert on.

    condition: `metrics.watching.Condition` as JSON; budget: most notices a week; the baseline of a chart is the periods
    [baseline_from, baseline_to), moved only by a person; next_at: when the running period is complete and settled.
    """

    name = models.CharField(max_length=80)
    metric = models.CharField(max_length=32)
    grain = models.CharField(max_length=8)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    where = models.JSONField(default=dict)
    by = models.CharField(max_length=12, blank=True, default="")
    condition = models.JSONField()
    roles = ArrayField(models.CharField(max_length=16))
    budget = models.SmallIntegerField()
    is_on = models.BooleanField(default=True)
    baseline_from = models.DateField(null=True)
    baseline_to = models.DateField(null=True)
    baseline_note = models.CharField(max_length=200, blank=True, default="")
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(next_at__isnull=True) | models.Q(is_on=True, removed_at__isnull=True), name="metric_rule_off_is_silent"
            ),
            models.CheckConstraint(condition=models.Q(budget__gte=1, budget__lte=50), name="metric_rule_budget"),
        ]
        indexes = [
            # the dispatcher's list: whose period is complete
            models.Index(fields=["next_at"], name="metric_rule_next", condition=models.Q(next_at__isnull=False)),
        ]


class MetricAlert(TenantModel):
    """A rule fired on a period, its figures frozen as of `as_of`. is_told: within the budget, so somebody was noticed."""

    rule = models.ForeignKey(MetricRule, on_delete=models.PROTECT, related_name="+")
    rule_version = models.IntegerField()
    name = models.CharField(max_length=80)
    metric = models.CharField(max_length=32)
    definition = models.CharField(max_length=48)
    condition = models.JSONField()
    grain = models.CharField(max_length=8)
    where = models.JSONField(default=dict)
    by = models.CharField(max_length=12, blank=True, default="")
    from_date = models.DateField()
    to_date = models.DateField()
    as_of = models.DateTimeField()
    n_cells = models.IntegerField()
    is_told = models.BooleanField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    remark = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "rule", "from_date", "to_date"], name="metric_alert_once")]
        indexes = [
            # the list of alerts, newest first
            models.Index(fields=["organisation", "-as_of"], name="metric_alert_list"),
        ]


class MetricCell(TenantModel):
    """A cell of an alert: where it is, and the verdict with its figures. unit: whose subtree may see it."""

    alert = models.ForeignKey(MetricAlert, on_delete=models.CASCADE, related_name="+")
    position = models.IntegerField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=64, blank=True, default="")
    label = models.CharField(max_length=120, blank=True, default="")
    figures = models.JSONField()
    trend = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "alert", "position"], name="metric_cell_once")]


class MetricSnooze(TenantModel):
    """A member wants only the bell from a rule for some days, and says why."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    rule = models.ForeignKey(MetricRule, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField()
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # who sleeps on a rule
            models.Index(fields=["organisation", "rule", "until"], name="metric_snooze_rule"),
        ]


class BurstWatch(TenantModel):
    """When an organisation's topics are looked at next, and how many false alarms a week it bears."""

    budget = models.SmallIntegerField(default=1)
    next_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="burst_watch_once")]
        indexes = [models.Index(fields=["next_at"], name="burst_watch_next")]  # the dispatcher's list


class Burst(TenantModel):
    """A topic or node far above its weeks before, from the look that saw it to the day that is usual again. figures: as then."""

    code = models.CharField(max_length=40)
    local_day = models.DateField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    figures = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], condition=models.Q(ended_at=None), name="burst_stands_once")]
