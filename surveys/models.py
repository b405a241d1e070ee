"""Surveys, their versions and links, who was invited or not and why, and what was answered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from customers.models import Customer
from cxms.lib.ids import new_id
from surveys.enums import Decision, Event, Kind, Reason, State
from tenancy.models import Staff, TenantModel, Touchpoint, Unit


class Survey(TenantModel):
    """One question asked of customers: when, where, how often. What it says is in its versions.

    `version` is the number of the version in force and `kind` what that asks; `revision` rises with every change of
    this row. `event_kind` "" asks by link only.
    """

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    version = models.IntegerField(default=1)
    revision = models.IntegerField(default=1)
    touchpoint = models.ForeignKey(Touchpoint, null=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    event_kind = models.CharField(max_length=24, blank=True, default="")
    delay_minutes = models.IntegerField(default=60)
    expiry_days = models.SmallIntegerField(default=14)
    quiet_days = models.SmallIntegerField(default=90)
    sample_percent = models.SmallIntegerField(default=100)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="survey_code"),
            models.CheckConstraint(
                condition=models.Q(sample_percent__gte=1, sample_percent__lte=100), name="survey_sample_share"
            ),
            models.CheckConstraint(
                condition=models.Q(state=State.DRAFT) | models.Q(published_at__isnull=False), name="survey_published"
            ),
        ]

    @property
    def event_name(self) -> str:
        """The event in words, or its code."""
        return str(Event(self.event_kind).label) if self.event_kind in Event.values else self.event_kind

    @property
    def delay_seconds(self) -> int:
        """How long after the event it asks."""
        return self.delay_minutes * 60


class SurveyVersion(TenantModel):
    """What a survey says, in three languages. Written anew by every change once it was published.

    `is_comparable`: scores of this version mean what scores of the one before meant (same question, ends and scale).
    """

    survey = models.ForeignKey(Survey, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    texts = models.JSONField()
    reasons = models.JSONField(default=dict)
    asks_contact = models.BooleanField(default=True)
    asks_return = models.BooleanField(default=False, db_default=False)
    asks_problem = models.BooleanField(default=False, db_default=False)
    is_comparable = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "survey", "version"], name="survey_version")]


class FatigueRule(TenantModel):
    """How many days a customer is left in peace after any survey. One row an organisation."""

    quiet_days = models.SmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="fatigue_one")]


class Link(TenantModel):
    """An address that anyone may open, of a survey or (survey None) of the store's feedback page. It never expires;
    a new token takes its place (rotation), and a revoked one leads nowhere."""

    token = models.CharField(max_length=32, unique=True)
    survey = models.ForeignKey(Survey, null=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "survey", "unit"],
                name="link_one_alive",
                condition=models.Q(revoked_at__isnull=True),
                nulls_distinct=False,
            ),
        ]


class Invitation(TenantModel):
    """What was decided for one event under one survey: asked, or why not. `release_at` while the mail waits."""

    survey = models.ForeignKey(Survey, on_delete=models.PROTECT, related_name="+")
    event = models.UUIDField()
    event_external_id = models.CharField(max_length=120)
    occurred_at = models.DateTimeField()
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    touchpoint = models.ForeignKey(Touchpoint, null=True, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True, default="")
    decided_at = models.DateTimeField()
    release_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    mail_error = models.CharField(max_length=200, blank=True, default="")
    opened_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # the same event never invites twice
            models.UniqueConstraint(fields=["organisation", "survey", "event"], name="invitation_once"),
            models.CheckConstraint(
                condition=models.Q(decision=Decision.INVITED, reason="")
                | (models.Q(decision=Decision.NOT_ASKED, release_at__isnull=True) & ~models.Q(reason="")),
                name="invitation_says_why",
            ),
        ]
        indexes = [
            # the timer: whose mail is due
            models.Index(fields=["release_at"], name="invitation_due", condition=models.Q(release_at__isnull=False)),
            # the log on the survey's page, newest first, and its counts
            models.Index(fields=["organisation", "survey", "-decided_at", "-id"], name="invitation_log"),
            # quiet days: when was this customer last asked
            models.Index(
                fields=["organisation", "customer", "-decided_at"],
                name="invitation_customer",
                condition=models.Q(decision=Decision.INVITED),
            ),
        ]


class Response(TenantModel):
    """One person's answer, durable from the first tap; `enter_at` while it waits to be handed to the intake.

    Once entered it is a voice (`feedback`), and words and contact are kept there alone.
    """

    survey = models.ForeignKey(Survey, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(SurveyVersion, on_delete=models.PROTECT, related_name="+")
    invitation = models.ForeignKey(Invitation, null=True, on_delete=models.PROTECT, related_name="+")
    link = models.ForeignKey(Link, null=True, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField(default=new_id)
    score = models.SmallIntegerField()
    reasons = ArrayField(models.CharField(max_length=40), default=list)
    text = models.TextField(blank=True, default="")
    would_return = models.CharField(max_length=8, blank=True, default="", db_default="")
    problem = models.CharField(max_length=8, blank=True, default="", db_default="")
    wants_contact = models.BooleanField(default=False)
    phone = models.CharField(max_length=40, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    language = models.CharField(max_length=10)
    is_suspect = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    enter_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(null=True)
    feedback = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "key"], name="response_key"),
            # an invitation answered twice is one response
            models.UniqueConstraint(
                fields=["organisation", "invitation"],
                name="response_single_use",
                condition=models.Q(invitation__isnull=False),
            ),
            models.CheckConstraint(
                condition=models.Q(wants_contact=True) | models.Q(phone="", email=""), name="response_contact_by_consent"
            ),
            models.CheckConstraint(
                condition=models.Q(entered_at__isnull=True, enter_at__isnull=False)
                | models.Q(entered_at__isnull=False, enter_at__isnull=True, feedback__isnull=False),
                name="response_enters_once",
            ),
        ]
        indexes = [
            # the timer: who fell silent
            models.Index(fields=["enter_at"], name="response_silent", condition=models.Q(enter_at__isnull=False)),
            # the survey's page: its answers, newest first
            models.Index(fields=["organisation", "survey", "-started_at"], name="response_survey"),
        ]


class Unsubscribed(TenantModel):
    """An address that wants no more surveys."""

    email = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "email"], name="unsubscribed_once")]


class PulseRound(TenantModel):
    """A round of the anonymous question to employees. local_day: the only day its answers carry, that of the opening."""

    local_day = models.DateField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=120)
    closes_at = models.DateTimeField()
    n_asked = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "local_day"], name="pulse_round_day")]


class PulsePerson(TenantModel):
    """Who may answer a round, and whether he did: nothing of what he said, and not when.

    All rows of a unit are written anew with every answer of it, so that not even their order tells who answered last.
    """

    round = models.ForeignKey(PulseRound, on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    has_answered = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "round", "staff"], name="pulse_person_once")]
        indexes = [
            # an answer locks and rewrites the people of its unit
            models.Index(fields=["organisation", "round", "unit"], name="pulse_person_unit"),
        ]


class PulseTally(TenantModel):
    """What a unit said in a round: counts alone. No answer has a row of its own."""

    round = models.ForeignKey(PulseRound, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    promoters = models.IntegerField(default=0)
    passives = models.IntegerField(default=0)
    detractors = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "round", "unit"], name="pulse_tally_once")]


class Checklist(TenantModel):
    """What an inspection of a store looks at, as it was saved once; the newest is in force. items: `inspection_scoring.Item` as JSON."""

    version = models.IntegerField()
    items = models.JSONField()
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="checklist_version_once")]


class Inspection(TenantModel):
    """门店检查: a store walked through once by a member. score: 0..100 by the checklist's `version`; failed: critical items."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField()
    answers = models.JSONField()
    score = models.DecimalField(max_digits=7, decimal_places=4)
    failed = ArrayField(models.CharField(max_length=32), default=list)
    note = models.CharField(max_length=500, blank=True, default="")
    local_day = models.DateField()
    inspected_at = models.DateTimeField()
    inspected_by = models.CharField(max_length=120)
    inspector = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(score__gte=0, score__lte=100), name="inspection_score_range")]
        indexes = [
            # the inspections of a period
            models.Index(fields=["organisation", "local_day"], name="inspection_period"),
        ]
