"""Organisations, units, staff, members, keys, calendars and the touchpoint catalogue.

`User`, sessions and `Organisation` are global; every other table is walled. `TenantModel` is the base of all tenant
tables of the house: a UUIDv7 key, an organisation, a scoped manager.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django_scopes import ScopedManager

from cxms.lib.ids import new_id
from tenancy.enums import ClassifyFirst, PeopleStage, Role, UnitKind

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(9999, 12, 31)


class Organisation(models.Model):
    """A tenant. Its integer key travels in `app.organisation` and stands first in every tenant key."""

    id = models.AutoField(primary_key=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=40, default="Asia/Shanghai")
    language = models.CharField(max_length=10, default="zh-hans")
    channels_off = ArrayField(models.CharField(max_length=12), default=list)
    complaint_exposure = models.CharField(max_length=24, default="order")
    # whose count of them: "" our own of the events, else the source of uploaded ones
    exposure_source = models.CharField(max_length=40, blank=True, default="", db_default="")
    industry = models.CharField(max_length=24, blank=True, default="", db_default="")
    admins_need_totp = models.BooleanField(default=False, db_default=False)
    # 第一步: what must have classified a voice before departments see it, and since when a person must
    classify_first = models.CharField(max_length=8, choices=ClassifyFirst.choices, default=ClassifyFirst.OFF, db_default="off")
    classify_first_at = models.DateTimeField(null=True)
    set_up_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1, db_default=1)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class UserAccounts(BaseUserManager["User"]):
    """Makes log-ins."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A log-in with a normalised address; no password means it cannot log in by password yet."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person's log-in, by e-mail. Belongs to organisations through `Member`."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80)
    language = models.CharField(max_length=10, blank=True, default="")
    theme = models.CharField(max_length=8, blank=True, default="")
    single_keys = models.BooleanField(default=True, db_default=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserAccounts()

    def __str__(self) -> str:
        return self.email


class TenantModel(models.Model):
    """The base of every walled table."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager[Self]] = ScopedManager(organisation="organisation")

    class Meta:
        abstract = True


class Unit(TenantModel):
    """组织单元. `path` is the present place, '/HQ/EAST/S001/'; history is in `UnitPlacement`."""

    code = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=UnitKind.choices)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=40, blank=True, default="")
    calendar = models.CharField(max_length=64, blank=True, default="")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=400)
    retired_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1, db_default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="unit_code")]
        indexes = [
            # subtree filters: path like '/HQ/EAST/%'
            models.Index(fields=["organisation", "path"], name="unit_path", opclasses=["int4_ops", "text_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """How far below the headquarters: 0 for itself."""
        return self.path.count("/") - 2


class UnitPlacement(TenantModel):
    """Where a unit hung in the tree on which days: [from_date, to_date). A figure follows the tree of its day."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=400)
    from_date = models.DateField()
    to_date = models.DateField()

    class Meta:
        indexes = [
            # series join each bucket with the placement of its day
            models.Index(fields=["organisation", "unit", "from_date"], name="placement_unit"),
        ]


class Hierarchy(TenantModel):
    """分组体系: a further way to add up the same stores, beside the organisation's tree. `version` guards all of it."""

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    retired_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1, db_default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="hierarchy_code")]

    def __str__(self) -> str:
        return self.name


class UnitGroup(TenantModel):
    """分组: a node of a hierarchy. `path` is its place for good, '/SOUTH/P07/': a figure of the past stays under it."""

    hierarchy = models.ForeignKey(Hierarchy, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    path = models.CharField(max_length=400)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "hierarchy", "code"], name="unit_group_code")]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """Its level, from 1."""
        return self.path.count("/") - 1


class GroupMembership(TenantModel):
    """Which leaf group a store belonged to on which days: [from_date, to_date), at most one of a hierarchy on any."""

    hierarchy = models.ForeignKey(Hierarchy, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(UnitGroup, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    from_date = models.DateField()
    to_date = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(to_date__gt=models.F("from_date")), name="group_membership_forwards"),
            ExclusionConstraint(
                name="group_membership_once",
                expressions=[
                    ("organisation", RangeOperators.EQUAL),
                    ("hierarchy", RangeOperators.EQUAL),
                    ("unit", RangeOperators.EQUAL),
                    (models.Func("from_date", "to_date", function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            # the members of a group, and whether it ever had any
            models.Index(fields=["organisation", "group", "from_date"], name="group_membership_group"),
        ]


class Staff(TenantModel):
    """员工: a person who is measured, with or without a log-in."""

    employee_no = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    left_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1, db_default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "employee_no"], name="staff_no")]

    def __str__(self) -> str:
        return self.name


class PeopleUse(TenantModel):
    """员工数据的使用 as it was saved once; the newest is in force. Without any: praise and growth alone, nobody ranked.

    rule: the works rule shown to every employee on his card, whoever reads a figure of a person reads it under this text.
    """

    version = models.IntegerField()
    stage = models.CharField(max_length=8, choices=PeopleStage.choices)
    is_ranked = models.BooleanField(default=False)
    rule = models.TextField(blank=True, default="")
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "version"], name="people_use_version"),
            models.CheckConstraint(condition=models.Q(is_ranked=False) | models.Q(stage="mature"), name="people_use_ranked"),
            models.CheckConstraint(condition=~models.Q(stage="mature") | ~models.Q(rule=""), name="people_use_rule"),
        ]


class Touchpoint(TenantModel):
    """触点: a place where customers meet the organisation."""

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    stage = models.CharField(max_length=40, blank=True, default="")
    owner_unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    position = models.SmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1, db_default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="touchpoint_code")]

    def __str__(self) -> str:
        return self.name


class Member(TenantModel):
    """A log-in inside an organisation."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    absent = models.BooleanField(default=False)
    left_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1, db_default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="member_user")]

    def __str__(self) -> str:
        return self.name


class MemberRole(TenantModel):
    """One role of a member over a unit's subtree."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=Role.choices)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "member", "role", "unit"], name="member_role")]


class Invitation(TenantModel):
    """An e-mail asked to become a member. `generation` makes the link; sending again raises it, so older links die."""

    email = models.EmailField()
    name = models.CharField(max_length=80, blank=True, default="")
    roles = models.JSONField()
    generation = models.IntegerField(default=1)
    digest = models.BinaryField()
    invited_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "email"],
                name="invitation_open_once",
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(revoked_at__isnull=True),
                name="invitation_one_end",
            ),
        ]


class ApiKey(TenantModel):
    """A machine's key: shown once, kept as sha256; `prefix` finds it before the organisation is known.

    offer_limit: the most it may offer a customer without asking, in `offer_currency`; null for any amount, 0 for none.
    """

    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField()
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=32))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    offer_limit = models.DecimalField(max_digits=14, decimal_places=2, null=True, default=Decimal(0), db_default=Decimal(0))
    offer_currency = models.CharField(max_length=3, blank=True, default="", db_default="")


class CalendarVersion(TenantModel):
    """A working calendar as it stood from `valid_from` on; editing writes a new version."""

    code = models.CharField(max_length=64)
    version = models.IntegerField()
    spec = models.JSONField()
    valid_from = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code", "version"], name="calendar_version")]


class CalendarWatch(TenantModel):
    """When somebody looks whether a calendar's holidays are known far enough ahead, and of which years it was said."""

    code = models.CharField(max_length=64)
    told = ArrayField(models.SmallIntegerField(), default=list)
    next_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="calendar_watch_once")]
        indexes = [
            # the dispatcher's list: whose calendars are to be looked at
            models.Index(fields=["next_at"], name="calendar_watch_next", condition=models.Q(next_at__isnull=False)),
        ]


class UnitHours(TenantModel):
    """Which calendar a unit kept from `at` on, and in which zone its hours were read. Appended by changes only."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    calendar = models.CharField(max_length=64)
    timezone = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [
            # the hours of a unit across its changes
            models.Index(fields=["organisation", "unit", "at"], name="unit_hours"),
        ]


class AuditEvent(TenantModel):
    """Who did what to which object, appended only: the application role may neither change nor delete a row."""

    seq = models.BigIntegerField(db_default=models.expressions.RawSQL("nextval('tenancy_audit_seq')", []))
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=80)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # the audit page: newest first
            models.Index(fields=["organisation", "-seq"], name="audit_order"),
        ]
