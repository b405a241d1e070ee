"""Notices: who was told what about which ticket, over which channel, and whether it was accepted and read."""

from django.db import models

from complaints.models import Ticket
from tenancy.models import Member, TenantModel


class Notice(TenantModel):
    """One message to one member. `key` makes it unique, so a repeated fact tells nobody twice."""

    recipient = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=16)
    key = models.CharField(max_length=160)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    mail_error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "recipient", "key"], name="notice_once"),
        ]
        indexes = [
            # the bell: a member's notices, newest first
            models.Index(fields=["organisation", "recipient", "-created_at"], name="notice_bell"),
            # who was told of a ticket
            models.Index(fields=["organisation", "ticket"], name="notice_ticket"),
        ]
