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
    phone = models.CharField(max_length=48, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    phone_tail = models.CharField(max_length=4, blank=True, default="")
    # the customer this one was found to be; it keeps its row so that the merge can be undone
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
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
            # the list, newest first
            models.Index(fields=["organisation", "-updated_at", "-id"], name="customer_newest", condition=models.Q(merged_into=None)),
            # who shares a phone or an address: likely the same person
            models.Index(fields=["organisation", "phone"], name="customer_phone", condition=~models.Q(phone="")),
            models.Index(fields=["organisation", "email"], name="customer_email", condition=~models.Q(email="")),
        ]


class Identity(TenantModel):
    """A normalised way to recognise a customer: external id, WeChat union id, phone (E.164 with its extension), e-mail (lower case)."""

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
            # the waits of a period
            models.Index(fields=["organisation", "local_day"], condition=models.Q(metadata__has_key="waited_seconds"), name="event_waits"),
            # a customer's timeline
            models.Index(fields=["organisation", "customer", "-occurred_at"], name="event_customer"),
        ]


class Merge(TenantModel):
    """Two customers found to be one. `before`: the fields of both as they were; undone_at: it was taken back.

    What changed hands is in `Handed`, so that taking it back gives every row to whom it belonged.
    """

    kept = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    gone = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    score = models.FloatField()
    signs = models.JSONField(default=list)
    before = models.JSONField()
    merged_at = models.DateTimeField()
    merged_by = models.CharField(max_length=80)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "gone"], name="merge_gone_once", condition=models.Q(undone_at__isnull=True)
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-merged_at"], name="merge_newest")]


class Handed(TenantModel):
    """A row that a merge gave to the kept customer. noun: identity, event, voice, ticket, invitation."""

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="+")
    noun = models.CharField(max_length=12)
    row_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "merge", "noun", "row_id"], name="handed_once")]


class Apart(TenantModel):
    """Two customers somebody knows to be two; `one` has the smaller id. They are not suggested again."""

    one = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    said_at = models.DateTimeField()
    said_by = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "one", "other"], name="apart_once")]
class ExposureBatch(TenantModel):
    """Exposures that came together, typed or by file; taken back while its rows still bear it. before: what they were."""

    how = models.CharField(max_length=8)
    n_rows = models.IntegerField()
    before = models.JSONField(default=list)
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["organisation", "-at"], name="exposure_batch_list")]  # the list of batches


class Exposure(TenantModel):
    """业务量: how many orders, visits, calls … a unit (null: none named) had on a day, as a source tells it. No row is not 0."""

    local_day = models.DateField()
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24)
    source = models.CharField(max_length=40)
    count = models.BigIntegerField()
    batch = models.ForeignKey(ExposureBatch, null=True, on_delete=models.SET_NULL, related_name="+")
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            # also the way to the exposure of a period
            models.UniqueConstraint(fields=["organisation", "kind", "source", "local_day", "unit"], name="exposure_once", nulls_distinct=False),
            models.CheckConstraint(condition=models.Q(count__gte=0), name="exposure_count"),
        ]
