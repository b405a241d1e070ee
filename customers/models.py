"""Customers, their identities, and what happened to them (orders, visits): exposure, timelines, triggers."""

from django.db import models

from tenancy.models import Staff, TenantModel, Touchpoint, Unit


class Customer(TenantModel):
    """A person or firm who is served. Tier comes from the CRM and is never shown to the customer."""

    external_id = models.CharField(max_length=120, null=True)
    name = models.CharField(max_length=120, blank=True, default="")
    # the name as it is typed on a Latin keyboard (`cxms.lib.name_sounds`)
    name_keys = models.CharField(max_length=800, blank=True, default="")
    tier = models.CharField(max_length=24, blank=True, default="")
    phone = models.CharField(max_length=24, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    phone_tail = models.CharField(max_length=4, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "external_id"], name="customer_external"),
        ]
        indexes = [
            # the log page: the last four digits of a phone
            models.Index(fields=["organisation", "phone_tail"], name="customer_tail"),
            models.Index(fields=["organisation", "name"], name="customer_name"),
            # which value tiers there are: the menu of every page of figures
            models.Index(fields=["organisation", "tier"], name="customer_tier"),
        ]


class Identity(TenantModel):
    """A normalised way to recognise a customer: phone (E.164), e-mail (lower case), external id."""

    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=254)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "kind", "value"], name="identity_once")]


class CustomerEvent(TenantModel):
    """Something that happened between a customer and the organisation, told by the CRM: the exposure of rates."""

    external_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=24)
    occurred_at = models.DateTimeField()
    local_day = models.DateField()
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    touchpoint = models.ForeignKey(Touchpoint, null=True, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    metadata = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "external_id"], name="event_external")]
        indexes = [
            # exposure of a period by unit
            models.Index(fields=["organisation", "kind", "local_day", "unit"], name="event_exposure"),
            # a customer's timeline
            models.Index(fields=["organisation", "customer", "-occurred_at"], name="event_customer"),
        ]
