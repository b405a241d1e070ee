"""What was issued: the weekly report of a unit as it stood then, whom it went to, and its printed form."""

from django.db import models

from tenancy.models import Member, TenantModel, Unit


class WeeklyRun(TenantModel):
    """A week of an organisation has been taken in hand: its reports are issued or on their way. Once a week."""

    week = models.DateField()
    started_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "week"], name="weekly_run_once")]


class WeeklyReport(TenantModel):
    """The report of one week (its Monday) over one unit's subtree. `content` is frozen: figures and codes, no words."""

    week = models.DateField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    content = models.JSONField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "week", "unit"], name="weekly_report_once"),
            models.CheckConstraint(condition=models.Q(week__week_day=2), name="weekly_report_monday"),
        ]
        indexes = [
            # the list of reports, newest week first
            models.Index(fields=["organisation", "-week", "unit"], name="weekly_report_list"),
        ]


class WeeklyCopy(TenantModel):
    """One reader's copy: when it was mailed, by which message, and how often it was opened."""

    report = models.ForeignKey(WeeklyReport, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    n_sent = models.SmallIntegerField(default=0)
    read_at = models.DateTimeField(null=True)
    n_reads = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "report", "member"], name="weekly_copy_once")]


class WeeklyPrint(TenantModel):
    """The report as PDF in one language, printed once from the frozen content."""

    report = models.ForeignKey(WeeklyReport, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=10)
    body = models.BinaryField()
    printed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "report", "language"], name="weekly_print_once")]


class Dashboard(TenantModel):
    """看板: widgets on a grid, its owner's own or shared with roles ("all": everybody who reads figures)."""

    owner = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    roles = models.JSONField(default=list)
    widgets = models.JSONField(default=list)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            # a person's own
            models.Index(fields=["organisation", "owner"], name="dashboards_of"),
        ]


class DashboardVersion(TenantModel):
    """A dashboard's widgets as they stood before a change; taking the last one back is undoing it."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField()
    widgets = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "dashboard", "version"], name="dashboard_version_once")]


class Annotation(TenantModel):
    """批注: what happened on a day in a unit (a campaign, an outage), drawn on every chart that covers both."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    text = models.CharField(max_length=60)
    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # those of a period
            models.Index(fields=["organisation", "day"], name="annotations_by_day"),
        ]


class MoneyAssumption(TenantModel):
    """What an organisation takes for granted where its own data do not tell, as it was saved once; the newest holds.

    arpu_minor: revenue of a customer a year, typed, or null; return_days: who has not come again by then has left;
    multiplier: unhappy customers for each who complains. Sources in the organisation's words.
    """

    version = models.IntegerField()
    arpu_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    source = models.CharField(max_length=120, blank=True, default="")
    return_days = models.SmallIntegerField(default=90)
    multiplier = models.DecimalField(max_digits=6, decimal_places=2, default=26)
    multiplier_source = models.CharField(max_length=120, blank=True, default="")
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="money_assumption_once")]


class Segment(TenantModel):
    """分群: filters of the pages of figures under a name, its maker's own or shared with everybody who reads figures."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    filters = models.JSONField()
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "member", "name"], name="segment_name")]
