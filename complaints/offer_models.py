"""Files of a ticket, offers that wait for somebody's word, and how much each role may give. `complaints.models` hands them out."""

from django.db import models

from complaints.enums import ApprovalState
from tenancy.models import Member, TenantModel


class Attachment(TenantModel):
    """A file of a move, as it is kept: what it is was seen by its bytes, pictures were redrawn. Appended only."""

    ticket = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    seq = models.IntegerField()
    position = models.SmallIntegerField()
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=80)
    size = models.IntegerField()
    sha256 = models.BinaryField()
    body = models.BinaryField()
    width = models.IntegerField(default=0)
    height = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # also the files of a ticket, in order
            models.UniqueConstraint(fields=["organisation", "ticket", "seq", "position"], name="attachment_order"),
            models.CheckConstraint(condition=models.Q(size__gt=0), name="attachment_not_empty"),
        ]


class AuthorityVersion(TenantModel):
    """How much each role may give without asking, from `created_at` on. limits: currency → role → amount, null for any."""

    version = models.IntegerField()
    currency = models.CharField(max_length=3)
    limits = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="authority_version")]


class Approval(TenantModel):
    """An offer above its maker's authority: what it says, who asked, who decided. `sent_at`: when the customer got it.

    n_again: how often somebody was asked again; next_fire_at: when the next is, None while nobody waits for it.
    """

    ticket = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    cycle = models.SmallIntegerField()
    fields = models.JSONField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=ApprovalState.choices, default=ApprovalState.WAITING)
    asked_by = models.CharField(max_length=120)
    asked_name = models.CharField(max_length=80, blank=True, default="")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decided_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    decided_name = models.CharField(max_length=80, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    n_again = models.SmallIntegerField(default=0, db_default=0)
    next_fire_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "ticket"], name="approval_one_waiting", condition=models.Q(state="waiting")
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting") | models.Q(next_fire_at__isnull=True), name="approval_said_is_silent"
            ),
        ]
        indexes = [
            # the dispatcher's list and the timer: which offers nobody answered in ten minutes
            models.Index(fields=["next_fire_at"], name="approval_next", condition=models.Q(next_fire_at__isnull=False)),
            # the ticket page: its approvals, the newest first
            models.Index(fields=["organisation", "ticket", "-asked_at"], name="approval_ticket"),
        ]
