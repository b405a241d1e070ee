"""The voice as it came, its scores, and what analysis made of it.

`Feedback` and `Score` are the hot tables: few indexes, references without constraints (checked per batch in the same
transaction; parents are retired, never deleted). Score rows carry their dimensions so that triggers need no look-up.
"""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_scopes import ScopedManager

from customers.models import Customer
from feedback import first_models, own_models, point_models, provider_models  # noqa: F401 the rows they hold are this app's too
from feedback.enums import AppealState, ImportState, Kind, Label, LabelSource, MailOutcome, ScoreKind, Sentiment, Stance
from tenancy.enums import Channel
from tenancy.models import Member, Organisation, Staff, TenantModel, Touchpoint, Unit


class RawFeedback(TenantModel):
    """The bytes of one request, message or file as received; every feedback points at its source and row."""

    channel = models.CharField(max_length=12)
    content_type = models.CharField(max_length=80)
    body = models.BinaryField()
    sha256 = models.BinaryField()
    actor = models.CharField(max_length=120)
    received_at = models.DateTimeField()


class Feedback(TenantModel):
    """One voice. `text` is what the customer said and is never edited; `normal` is its NFKC copy for search."""

    raw = models.ForeignKey(RawFeedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    raw_row = models.IntegerField()
    channel = models.CharField(max_length=12, choices=Channel.choices)
    external_id = models.CharField(max_length=120, null=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    local_day = models.DateField()
    customer = models.ForeignKey(Customer, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    touchpoint = models.ForeignKey(Touchpoint, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    text = models.TextField()
    normal = models.TextField()
    fingerprint = models.BigIntegerField()
    metadata = models.JSONField(default=dict)
    excluded_at = models.DateTimeField(null=True)
    excluded_reason = models.CharField(max_length=200, blank=True, default="")
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "channel", "external_id"],
                name="feedback_external",
                condition=models.Q(external_id__isnull=False),
            ),
        ]
        indexes = [
            # the list page and GET /feedback, newest first
            models.Index(fields=["organisation", "-occurred_at", "-id"], name="feedback_list"),
            # a customer's timeline
            models.Index(
                fields=["organisation", "customer", "-occurred_at"],
                name="feedback_customer",
                condition=models.Q(customer__isnull=False),
            ),
        ]


class Score(models.Model):
    """One answered score. 0 is a value; "not answered" is not a row. item "" of kind csi is the respondent's index."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    feedback = models.ForeignKey(Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=ScoreKind.choices)
    item = models.CharField(max_length=64, blank=True, default="")
    value = models.DecimalField(max_digits=9, decimal_places=4)
    scale_min = models.SmallIntegerField()
    scale_max = models.SmallIntegerField()
    unit = models.ForeignKey(Unit, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    touchpoint = models.ForeignKey(Touchpoint, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    channel = models.CharField(max_length=12)
    local_day = models.DateField()
    excluded = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(value__gte=models.F("scale_min")) & models.Q(value__lte=models.F("scale_max")),
                name="score_in_scale",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="nps") | models.Q(scale_min=0, scale_max=10), name="score_nps_scale"
            ),
        ]
        indexes = [
            # the scores of a feedback: its page, exclusion, deletion
            models.Index(fields=["organisation", "feedback"], name="score_feedback"),
            # cuts that no roll-up holds (tier, topic), and the auditor's recomputation
            models.Index(fields=["organisation", "kind", "local_day"], name="score_day"),
            # the same cuts of one store or region
            models.Index(fields=["organisation", "kind", "unit", "local_day"], name="score_unit"),
        ]


class Analysis(TenantModel):
    """What one engine version made of a text. A newer engine adds a row and takes `is_current`.

    Where persons corrected it, one more row is current: the engine's name ends in “/person” and `corrected` says which
    labels are theirs. It is derived from the engine's row and the corrections, and written anew with each of them.
    """

    feedback = models.ForeignKey(Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    engine = models.CharField(max_length=40)
    is_current = models.BooleanField(default=True)
    language = models.CharField(max_length=8)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    sentiment = models.CharField(max_length=8, choices=Sentiment.choices)
    sentiment_score = models.FloatField()
    topics = models.JSONField(default=list)
    topic_codes = ArrayField(models.CharField(max_length=40), default=list)
    urgency = models.SmallIntegerField()
    red_line = models.BooleanField()
    red_terms = ArrayField(models.CharField(max_length=40), default=list)
    pii = models.JSONField(default=list)
    analysed_at = models.DateTimeField()
    corrected = ArrayField(models.CharField(max_length=10), default=list, db_default=[])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "feedback", "engine"], name="analysis_once"),
            models.UniqueConstraint(fields=["organisation", "feedback"], condition=models.Q(is_current=True), name="analysis_current"),
        ]
        indexes = [
            # list filters by kind of the newest; triage of a batch
            models.Index(
                fields=["organisation", "kind", "feedback"], name="analysis_kind", condition=models.Q(is_current=True)
            ),
        ]


class Correction(TenantModel):
    """A person's word on one label: another one, or that it was right (`after` = `before`). The latest not undone holds.

    `version` counts the corrections of a voice from 1. Topics are stored as `Analysis.topics` is; other labels as they are.
    """

    feedback = models.ForeignKey(Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    version = models.IntegerField()
    field = models.CharField(max_length=10, choices=Label.choices)
    before = models.JSONField()
    after = models.JSONField()
    engine = models.CharField(max_length=60)
    source = models.CharField(max_length=8, choices=LabelSource.choices)
    actor = models.CharField(max_length=120)
    corrected_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "feedback", "version"], name="correction_once")]
        indexes = [
            # the labelled set: what persons said of a label, for the engine's accuracy
            models.Index(fields=["organisation", "field"], name="correction_field", condition=models.Q(undone_at=None)),
        ]


class Appeal(TenantModel):
    """申诉: an employee says that a voice is not about him. Once per voice and person; upheld, the voice names nobody."""

    feedback = models.ForeignKey(Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400)
    asked_at = models.DateTimeField()
    due_date = models.DateField()
    state = models.CharField(max_length=8, choices=AppealState.choices, default=AppealState.WAITING)
    decided_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    decided_name = models.CharField(max_length=80, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "feedback", "staff"], name="appeal_once"),
            models.CheckConstraint(condition=models.Q(state="waiting", decided_at=None) | models.Q(decided_at__isnull=False), name="appeal_decided"),
        ]
        indexes = [
            # the list of appeals, those that fall due first
            models.Index(fields=["organisation", "state", "due_date"], name="appeal_due"),
        ]


class SearchText(models.Model):
    """A voice's words as search compares them (`search_form`), with what search narrows by before it reads them.

    Written with the analysis, not at intake; gone when the voice is deleted. Read by `feedback_search` alone.
    """

    feedback = models.OneToOneField(
        Feedback, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    occurred_at = models.DateTimeField()
    unit = models.ForeignKey(Unit, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    body = models.TextField()

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation")

    class Meta:
        indexes = [
            # the first and the last week that search walks; words of one character
            models.Index(fields=["organisation", "-occurred_at", "-feedback"], name="search_time"),
        ]


class ImportJob(TenantModel):
    """A file brought in: uploaded → mapped → checked (dry run) → imported, and undone within seven days."""

    file_name = models.CharField(max_length=200)
    n_bytes = models.BigIntegerField()
    sha256 = models.BinaryField()
    kind = models.CharField(max_length=8)
    encoding = models.CharField(max_length=16, blank=True, default="")
    header = models.JSONField()
    columns = models.JSONField(default=dict)
    channel = models.CharField(max_length=12, default=Channel.IMPORT)
    unit_code = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED)
    n_rows = models.IntegerField(default=0)
    n_seen = models.IntegerField(default=0)
    n_accepted = models.IntegerField(default=0)
    n_duplicates = models.IntegerField(default=0)
    n_rejected = models.IntegerField(default=0)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-created_at"], name="import_list")]  # the list of imports


class ImportPart(TenantModel):
    """A run of records of an import, packed; the unit of work, so that a stopped import goes on where it was."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="+")
    number = models.IntegerField()
    first_row = models.IntegerField()
    n_rows = models.IntegerField()
    body = models.BinaryField()
    raw_id = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "job", "number"], name="import_part_once")]


class ImportReject(TenantModel):
    """A record that was not taken, as it stood in the file, with the reason."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="+")
    row = models.IntegerField()
    cells = models.JSONField()
    code = models.CharField(max_length=40)
    field = models.CharField(max_length=40, blank=True, default="")
    detail = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "job", "row"], name="import_reject_once")]


class Mailbox(TenantModel):
    """A mailbox that customers write to, read over IMAP. `last_uid` moves in the transaction that keeps the messages."""

    name = models.CharField(max_length=80)
    host = models.CharField(max_length=200)
    port = models.IntegerField(default=993)
    security = models.CharField(max_length=8, default="ssl")
    username = models.CharField(max_length=200)
    password = models.BinaryField()
    folder = models.CharField(max_length=80, default="INBOX")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    is_active = models.BooleanField(default=True)
    uid_validity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    next_poll_at = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")
    version = models.IntegerField(default=1)

    class Meta:
        indexes = [
            # the timer: whose mailbox is to be read
            models.Index(fields=["next_poll_at"], name="mailbox_due", condition=models.Q(is_active=True)),
        ]


class MailMessage(TenantModel):
    """One mail as it came, once; what became of it: a voice, a message on a ticket, or nothing with the reason."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="+")
    message_id = models.CharField(max_length=300)
    raw = models.ForeignKey(RawFeedback, on_delete=models.PROTECT, db_constraint=False, related_name="+")
    from_email = models.CharField(max_length=254)
    from_name = models.CharField(max_length=120, blank=True, default="")
    subject = models.CharField(max_length=300, blank=True, default="")
    text = models.TextField(blank=True, default="")
    references = ArrayField(models.CharField(max_length=300), default=list)
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=MailOutcome.choices, default=MailOutcome.WAITING)
    reason = models.CharField(max_length=40, blank=True, default="")
    feedback_id = models.UUIDField(null=True)
    ticket_number = models.CharField(max_length=24, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "message_id"], name="mail_once")]
        indexes = [models.Index(fields=["organisation", "-received_at"], name="mail_list")]  # the list of mails


class TopicSetting(TenantModel):
    """What an organisation made of a topic of the taxonomy: its own name, its own words, where it belongs."""

    code = models.CharField(max_length=40)
    label = models.CharField(max_length=40, blank=True, default="")
    keywords = ArrayField(models.CharField(max_length=40), default=list)
    touchpoint = models.ForeignKey(Touchpoint, null=True, on_delete=models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="topic_setting_once")]


class Taxonomy(TenantModel):
    """A version of the nodes below the topics, whole; the newest is in force. `nodes` as `feedback.tree.Node.kept`."""

    version = models.IntegerField()
    nodes = models.JSONField()
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="taxonomy_once")]


class Relabelling(TenantModel):
    """History read anew with a version of the taxonomy, where `is_whole` of the model too; `last_id` is how far it has come."""

    taxonomy_version = models.IntegerField()
    model_version = models.IntegerField(default=0, db_default=0)
    is_whole = models.BooleanField(default=True, db_default=True)
    last_id = models.UUIDField(null=True)
    until_id = models.UUIDField(null=True)
    n_all = models.IntegerField(default=0)
    n_seen = models.IntegerField(default=0)
    n_changed = models.IntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-started_at"], name="relabelling_newest")]  # the run to look at


class CodingSample(TenantModel):
    """Voices drawn to be coded by two members, blind to each other, in the order drawn; the same seed draws the same."""

    name = models.CharField(max_length=80)
    seed = models.IntegerField()
    is_stratified = models.BooleanField()
    voices = ArrayField(models.UUIDField())
    coders = ArrayField(models.UUIDField(), size=2)
    drawn_at = models.DateTimeField()
    drawn_by = models.CharField(max_length=120)


class Coding(TenantModel):
    """What one coder said of one voice; `is_final`: the third look that settles two who differ."""

    sample = models.ForeignKey(CodingSample, on_delete=models.PROTECT, related_name="+")
    feedback = models.ForeignKey(Feedback, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    coder = models.UUIDField()
    is_final = models.BooleanField(default=False)
    stance = models.CharField(max_length=5, choices=Stance.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    topic = models.CharField(max_length=40)
    tags = ArrayField(models.CharField(max_length=20), default=list)
    coded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "sample", "feedback", "coder", "is_final"], name="coding_once")]
