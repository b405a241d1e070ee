"""Who may approve what changes a promise: people by their capability, the house and its API keys by their scope.

And how much each role may give a customer without asking, in versions; an API key has an amount of its own, none at first.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from complaints.lifecycle import MoveNotAllowed
from complaints.models import AuthorityVersion
from complaints.move_fields import MoveFieldError
from cxms.lib.errors import DomainError
from tenancy import audit, keys, members
from tenancy.enums import Role
from tenancy.models import Member, MemberRole, Organisation

MANAGE = "complaints:manage"
PERSON = "user:"
KEY = "key:"


def may_manage(actor: str, *, organisation: int) -> bool:
    """True when the actor may change what promises are judged by. An API key's scope was checked at its door."""
    if not actor.startswith(PERSON):
        return True
    return members.holds(actor.removeprefix(PERSON), MANAGE, organisation=organisation)


def demand(actor: str, *, organisation: int) -> None:
    """Raises MoveNotAllowed unless the actor may manage complaints."""
    if not may_manage(actor, organisation=organisation):
        raise MoveNotAllowed(_("这一步要由店长或经理来做"), code="needs_manager", field="move")


def approver(named: str, actor: str, *, organisation: int) -> str:
    """The e-mail of the member who approves: the acting person himself, or whom a system names. Raises MoveNotAllowed."""
    email = actor.removeprefix(PERSON) if actor.startswith(PERSON) else named
    if not email:
        raise MoveFieldError(_("写上批准人的邮箱"), code="missing", field="approver")
    if not members.holds(email, MANAGE, organisation=organisation):
        raise MoveNotAllowed(_("批准人要有管理投诉的权限"), code="needs_manager", field="approver")
    return email.lower()


# ---- how much each role may give without asking --------------------------------------------------------------------

ROLES = (Role.FRONTLINE, Role.STORE_MANAGER, Role.REGION_MANAGER, Role.CX_MANAGER, Role.EXECUTIVE, Role.ADMIN)
# what holds until the organisation says otherwise; None: any amount
SHIPPED: dict[str, str | None] = {
    Role.FRONTLINE: "800.00",
    Role.STORE_MANAGER: "2000.00",
    Role.REGION_MANAGER: "10000.00",
    Role.CX_MANAGER: "20000.00",
    Role.EXECUTIVE: None,
    Role.ADMIN: None,
}


class AuthorityError(DomainError):
    """The amounts cannot be kept as asked."""


@dataclass(frozen=True)
class Limits:
    """What is in force. amounts: currency → role → amount, None for any; a currency or role not named may give nothing."""

    version: int
    currency: str
    amounts: Mapping[str, Mapping[str, str | None]]

    def of(self, roles: Iterable[str], currency: str) -> Decimal | None:
        """The most that one of the roles may give; None: any amount."""
        rows = self.amounts.get(currency, {})
        found = [rows[role] for role in roles if role in rows]
        if any(value is None for value in found):
            return None
        return max((Decimal(str(value)) for value in found), default=Decimal(0))


def covers(limit: Decimal | None, amount: Decimal) -> bool:
    """True when the amount lies within the limit."""
    return limit is None or amount <= limit


def in_force(*, organisation: int) -> Limits:
    """The newest version, or what is shipped."""
    row = AuthorityVersion.objects.filter(organisation_id=organisation).order_by("-version").first()
    if row is None:
        return Limits(0, "CNY", {"CNY": SHIPPED})
    return Limits(row.version, row.currency, row.limits)


def limit_of_actor(actor: str, currency: str, *, organisation: int, now: datetime) -> Decimal | None:
    """The most a person or an API key may give without asking; None: any amount, as for the house itself."""
    if actor.startswith(PERSON):
        return limit_of(actor.removeprefix(PERSON), currency, organisation=organisation)
    if actor.startswith(KEY):
        return keys.limit_of(actor.removeprefix(KEY), currency, organisation=organisation, now=now)
    return None


def limit_of(email: str, currency: str, *, organisation: int) -> Decimal | None:
    """The most this member may give without asking; None: any amount."""
    roles = MemberRole.objects.filter(organisation_id=organisation, member__user__email=email.lower(), member__left_at__isnull=True)
    return in_force(organisation=organisation).of(roles.values_list("role", flat=True), currency)


def approvers(path: str, amount: Decimal, currency: str, *, besides: str, organisation: int) -> list[Member]:
    """Who is asked: of the lowest role whose authority reaches, everybody present over that place, the nearest first."""
    return next(iter(approver_rungs(path, amount, currency, besides=besides, organisation=organisation)), [])


def approver_rungs(path: str, amount: Decimal, currency: str, *, besides: str, organisation: int) -> list[list[Member]]:
    """Role by role upwards, whoever present over that place has an authority that reaches; nobody stands on two rungs."""
    limits = in_force(organisation=organisation)
    rungs: list[list[Member]] = []
    for role in ROLES:
        if not covers(limits.of([role], currency), amount):
            continue
        below = {one.id for rung in rungs for one in rung}
        held = members.holders({role}, organisation=organisation, path=path)
        found = [one for one in held if f"{PERSON}{one.user.email}" != besides and one.id not in below]
        if found:
            rungs.append(found)
    return rungs


def may_approve(member: Member, path: str, amount: Decimal, currency: str, *, organisation: int) -> bool:
    """True for a present member whose authority over that place reaches the amount."""
    rows = MemberRole.objects.filter(organisation_id=organisation, member=member, member__left_at__isnull=True).select_related("unit")
    roles = [row.role for row in rows if path.startswith(row.unit.path)]
    return bool(roles) and covers(in_force(organisation=organisation).of(roles, currency), amount)


def save(
    currency: str, amounts: Mapping[str, Mapping[str, str]], *, version: int, organisation: int, now: datetime, actor: str
) -> AuthorityVersion:
    """A new version: amounts as typed, "" for nothing and "*" for any. Raises AuthorityError naming `currency:role`."""
    Organisation.objects.select_for_update().get(id=organisation)
    newest = in_force(organisation=organisation)
    if newest.version != version:
        raise AuthorityError(_("你打开这一页以后，有人改过它。你写的都还在，请对照现在的内容，再存一次。"), code="stale", field="version")
    if currency not in amounts or any(not re.fullmatch(r"[A-Z]{3}", code) for code in amounts):
        raise AuthorityError(_("币种是三个字母，如 CNY"), code="bad_currency", field="currency")
    limits = {code: {role: _typed(rows.get(role, ""), f"{code}:{role}") for role in ROLES} for code, rows in amounts.items()}
    for code, rows in limits.items():
        if not any(value is None for value in rows.values()):
            raise AuthorityError(_("%(code)s 至少要有一个角色不限金额，否则大额没有人能批") % {"code": code}, code="nobody", field=f"{code}:executive")
    row = AuthorityVersion.objects.create(
        organisation_id=organisation, version=version + 1, currency=currency, limits=limits, created_at=now, created_by=actor[:120]
    )
    detail = {"fields": ["authority"], "version": row.version, "before": dict(newest.amounts), "after": limits}
    audit.note("authority.changed", row.version, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def _typed(value: str, field: str) -> str | None:
    said = value.strip().replace(",", "")
    if said == "*":
        return None
    if not re.fullmatch(r"\d{0,10}(\.\d{1,2})?", said) or said == ".":
        raise AuthorityError(_("写金额，如 800；“*”是不限；不填是不能给"), code="bad_amount", field=field)
    return str(Decimal(said or "0").quantize(Decimal("0.01")))


def history(*, organisation: int, limit: int = 20) -> list[AuthorityVersion]:
    """The versions, the newest first."""
    return list(AuthorityVersion.objects.filter(organisation_id=organisation).order_by("-version")[:limit])
