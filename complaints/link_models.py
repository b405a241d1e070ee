"""How complaints hang together: the same one told twice, many of one incident, two in one voice."""

from django.db import models

from complaints.enums import LinkKind
from tenancy.models import TenantModel


class TicketLink(TenantModel):
    """`ticket` is a duplicate, a child or the second half of `target`, which was received earlier or with it.

    before: what undoing a duplicate puts back; ended_at: undone, or no longer of the incident.
    """

    kind = models.CharField(max_length=10, choices=LinkKind.choices)
    ticket = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    before = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    made_name = models.CharField(max_length=80, blank=True, default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "complaints_link"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "ticket", "kind"], name="link_one_open", condition=models.Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(condition=~models.Q(ticket=models.F("target")), name="link_to_another"),
        ]
        indexes = [
            # what hangs on a ticket: its duplicates, its incident's children, its halves
            models.Index(
                fields=["organisation", "target", "kind"], name="link_target", condition=models.Q(ended_at__isnull=True)
            ),
        ]
