"""What is learned from a complaint: causes by a tree of the organisation's own, reflections, and causes that came back."""

from django.db import models

from complaints import cause_words
from tenancy.models import Member, TenantModel


class Cause(TenantModel):
    """A cause by its code, below another or at the top."""

    code = models.CharField(max_length=40)
    label = models.CharField(max_length=60)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField(default=1)
    retired_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="cause_code")]

    @property
    def name(self) -> str:
        """What it is called: the house's own word, else the ready-made one in the active language."""
        return cause_words.name_of(self.code, self.label)


class Reflection(TenantModel):
    """Why it happened and what prevents it: one per ticket and cycle. action: of the floor above, by its key.

    dones: every instant at which the preventive action was done, in order; a reopened action adds the next.
    """

    ticket = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    cycle = models.SmallIntegerField()
    whys = models.JSONField(default=list)
    cause = models.ForeignKey(Cause, null=True, on_delete=models.PROTECT, related_name="+")
    prevention = models.TextField(blank=True, default="")
    owner = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    due_date = models.DateField(null=True)
    signed_at = models.DateTimeField(null=True)
    signed_name = models.CharField(max_length=80, blank=True, default="")
    action = models.UUIDField(null=True)
    dones = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "ticket", "cycle"], name="reflection_once"),
            # signed is complete: a cause, a prevention, whose it is and until when
            models.CheckConstraint(
                condition=models.Q(signed_at__isnull=True)
                | models.Q(cause__isnull=False, owner__isnull=False, due_date__isnull=False) & ~models.Q(prevention=""),
                name="reflection_complete",
            ),
        ]
        indexes = [
            # the watch: signed reflections of a cause
            models.Index(
                fields=["organisation", "cause"], name="reflection_cause", condition=models.Q(signed_at__isnull=False)
            ),
        ]


class Recurrence(TenantModel):
    """A cause came back within ninety days after what was to prevent it was done: one row for ever, whatever came first."""

    reflection = models.ForeignKey(Reflection, on_delete=models.PROTECT, related_name="+")
    ticket = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField()
    at = models.DateTimeField()
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "reflection", "ticket"], name="recurrence_once")]
