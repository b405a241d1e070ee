"""Invitations: an e-mail asked to become a member, by a link that works once and dies when it is sent again.

The link is signed with the organisation's key inside, so the public page knows whose walls to open; only its digest is
stored. Mail follows from the fact `member.invited`.
"""

import hashlib
import hmac
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from ledger.facts import record
from tenancy import audit, members
from tenancy.enums import Role
from tenancy.models import Invitation, Member, Unit, User

SALT = "tenancy.invitation"
LIFE = timedelta(days=14)
Roles = list[tuple[str, str]]


class InvitationError(DomainError):
    """The invitation cannot be made, sent or taken as asked."""


def token_of(row: Invitation) -> str:
    """The link's token: the same for the same sending, so that it can be mailed late or shown for copying."""
    return signing.Signer(salt=SALT).sign_object([row.organisation_id, str(row.id), row.generation], compress=True)


def address(row: Invitation) -> str:
    """The whole address of the page that takes the invitation."""
    return f"{settings.SITE_URL}/invited/{token_of(row)}/"


def read(token: str) -> tuple[int, uuid.UUID] | None:
    """(organisation, invitation) of a token that is ours, else None. Whether it still opens is `find`'s to say."""
    try:
        organisation, key, _generation = signing.Signer(salt=SALT).unsign_object(token)
        return int(organisation), uuid.UUID(key)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def find(token: str, *, organisation: int, now: datetime, lock: bool = False) -> Invitation | None:
    """The invitation a token opens: not taken, revoked, expired or sent anew. Inside its organisation's scope."""
    found = read(token)
    if found is None or found[0] != organisation:
        return None
    rows = Invitation.objects.filter(organisation_id=organisation, id=found[1])
    row = (rows.select_for_update() if lock else rows).first()
    if row is None or row.accepted_at or row.revoked_at or row.expires_at <= now:
        return None
    return row if hmac.compare_digest(bytes(row.digest), _digest(token)) else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def clean_email(text: str) -> str:
    """The address in its stored form. Raises InvitationError for what is none."""
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvitationError(_("这不是邮箱地址"), code="bad_email", field="email") from error
    if len(email) > 254:
        raise InvitationError(_("这不是邮箱地址"), code="bad_email", field="email")
    return email


def check_roles(roles: Roles, *, organisation: int) -> list[tuple[str, Unit]]:
    """(role, unit) for pairs of role and unit code. Raises InvitationError when one is unknown or none is given."""
    codes = {code for _role, code in roles}
    units = {u.code: u for u in Unit.objects.filter(organisation_id=organisation, code__in=codes, retired_at=None)}
    for role, code in roles:
        if role not in Role.values:
            raise InvitationError(_("选一个角色") if not role else _("没有这个角色"), code="unknown_role", field="role")
        if code not in units:
            raise InvitationError(_("选一个范围") if not code else _("没有这个单元"), code="unknown_unit", field="unit")
    if not roles:
        raise InvitationError(_("至少给一个角色"), code="no_role", field="role")
    return [(role, units[code]) for role, code in dict.fromkeys(roles)]


def invite(
    *, organisation: int, email: str, name: str, roles: Roles, now: datetime, actor: str, by: str = ""
) -> Invitation:
    """Asks an e-mail to join with (role, unit code) pairs. Records `member.invited`. `by` is the inviter's name.

    Raises InvitationError: not an address, unknown role or unit, already a member, already invited. One that has
    expired makes room for the new one.
    """
    address = clean_email(email)
    pairs = check_roles(roles, organisation=organisation)
    if Member.objects.filter(organisation_id=organisation, user__email=address, left_at=None).exists():
        raise InvitationError(_("%(email)s 已经是成员") % {"email": address}, code="member", field="email")
    pending = Invitation.objects.select_for_update().filter(
        organisation_id=organisation, email=address, accepted_at=None, revoked_at=None
    ).first()
    if pending is not None and pending.expires_at > now:
        message = _("已邀请过 %(email)s，等他接受；没收到的话可以再寄一次") % {"email": address}
        raise InvitationError(message, code="invited", field="email")
    if pending is not None:
        pending.revoked_at = now
        pending.save(update_fields=["revoked_at"])
    row = Invitation(
        id=new_id(),
        organisation_id=organisation,
        email=address,
        name=name.strip()[:80],
        roles=[[role, unit.code] for role, unit in pairs],
        invited_by=(by or actor)[:120],
        created_at=now,
        expires_at=now + LIFE,
    )
    row.digest = _digest(token_of(row))
    row.save(force_insert=True)
    _tell(row, now=now, actor=actor)
    detail = {"roles": row.roles}
    audit.note("member.invited", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def _tell(row: Invitation, *, now: datetime, actor: str) -> None:
    data = {"generation": row.generation}
    record("member.invited", row.id, data, organisation=row.organisation_id, now=now, actor=actor)


def _pending(key: uuid.UUID, organisation: int) -> Invitation:
    row = Invitation.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None or row.accepted_at or row.revoked_at:
        raise InvitationError(_("这份邀请已经接受或收回了"), code="ended")
    return row


def send_again(
    key: uuid.UUID, *, organisation: int, now: datetime, actor: str, generation: int | None = None
) -> Invitation:
    """A new link by a new mail, with the whole time to take it; every older link dies.

    `generation` guards: the sending the writer saw, so that a request made twice sends once.
    """
    row = _pending(key, organisation)
    if generation is not None and row.generation != generation:
        raise InvitationError(_("刚才已经又寄过一次了"), code="stale")
    row.generation += 1
    row.digest = _digest(token_of(row))
    row.expires_at = now + LIFE
    row.mailed_at = None
    row.save(update_fields=["generation", "digest", "expires_at", "mailed_at"])
    _tell(row, now=now, actor=actor)
    audit.note("invitation.sent_again", row.id, organisation=organisation, actor=actor, now=now)
    return row


def revoke(key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> None:
    """Takes an invitation back: its link opens nothing any more."""
    row = _pending(key, organisation)
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    audit.note("invitation.revoked", row.id, organisation=organisation, actor=actor, now=now)


def mailed(row: Invitation, *, now: datetime) -> None:
    """Notes that a mail server took the invitation."""
    row.mailed_at = now
    row.save(update_fields=["mailed_at"])


def accept(row: Invitation, user: User, *, now: datetime) -> Member:
    """The log-in of the invited address becomes a member. `row` is locked, from `find(…, lock=True)`.

    Raises InvitationError when the log-in bears another address.
    """
    if user.email.lower() != row.email:
        raise InvitationError(_("这份邀请是给 %(email)s 的") % {"email": row.email}, code="other_email")
    organisation, actor = row.organisation_id, f"user:{user.email}"
    # units are retired, never deleted: every code is still there
    codes = [code for _role, code in row.roles]
    units = {u.code: u for u in Unit.objects.filter(organisation_id=organisation, code__in=codes)}
    pairs = [(role, units[code]) for role, code in row.roles]
    member = members.join(
        organisation=organisation, user=user, name=row.name or user.name, roles=pairs, now=now, actor=actor
    )
    row.accepted_at = now
    row.save(update_fields=["accepted_at"])
    record("member.joined", member.id, {"invitation": str(row.id)}, organisation=organisation, now=now, actor=actor)
    audit.note("member.joined", member.id, organisation=organisation, actor=actor, now=now)
    return member


def accept_new(row: Invitation, *, name: str, password: str, language: str, now: datetime) -> Member:
    """As `accept`, for an address without a log-in yet: makes it. The password has been validated by the door."""
    if User.objects.filter(email=row.email).exists():
        raise InvitationError(_("这个邮箱已有登录，请先登录再加入"), code="log_in_first")
    row.name = name.strip()[:80]
    row.save(update_fields=["name"])
    user = User.objects.create_user(row.email, password, name=row.name, language=language)
    return accept(row, user, now=now)
