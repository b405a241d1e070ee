"""Why customers leave: where a complaint stands on the two axes, as a person coded it, and the records of those who left."""

from django.db import models

from complaints.enums import LeavingReason, LeavingSource, LeftWith, Unmet
from customers.models import Customer
from tenancy.models import TenantModel, Unit


class AxesCode(TenantModel):
    """What a person, or a system in his name, said of a complaint: what was unmet, what stayed with the customer."""

    ticket = models.ForeignKey("complaints.Ticket", on_delete=models.PROTECT, related_name="+")
    unmet = models.CharField(max_length=12, choices=Unmet.choices)
    left_with = models.CharField(max_length=8, choices=LeftWith.choices)
    coded_at = models.DateTimeField()
    coded_by = models.CharField(max_length=120)
    coded_name = models.CharField(max_length=80, blank=True, default="")
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "ticket"], name="axes_code_once")]


class LeavingRecord(TenantModel):
    """A customer who left, on a local day, and why. Without a known customer `reference` says who, in the sender's words.

    external_id: the sender's own key, told again it is replaced; withdrawn_at: entered by mistake, counted nowhere.
    """

    external_id = models.CharField(max_length=120, null=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=120, blank=True, default="")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    local_day = models.DateField()
    reason = models.CharField(max_length=12, choices=LeavingReason.choices)
    unmet = models.CharField(max_length=12, choices=Unmet.choices, blank=True, default="")
    left_with = models.CharField(max_length=8, choices=LeftWith.choices, blank=True, default="")
    note = models.CharField(max_length=400, blank=True, default="")
    source = models.CharField(max_length=8, choices=LeavingSource.choices)
    told_at = models.DateTimeField()
    told_by = models.CharField(max_length=120)
    withdrawn_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "external_id"], name="leaving_external"),
            # both axes or neither: half a code is none
            models.CheckConstraint(
                condition=models.Q(unmet="", left_with="") | (~models.Q(unmet="") & ~models.Q(left_with="")), name="leaving_axes"
            ),
        ]
        indexes = [
            # the list, newest first, and the counts of a period
            models.Index(fields=["organisation", "-local_day", "-id"], name="leaving_day", condition=models.Q(withdrawn_at=None)),
            # a merge gives a customer's records over
            models.Index(fields=["organisation", "customer"], name="leaving_customer", condition=models.Q(customer__isnull=False)),
        ]
