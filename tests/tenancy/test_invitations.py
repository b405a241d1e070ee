"""Invitations and members: links that work once, roles, leaving, the last administrator."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection

from cxms.lib.errors import DomainError
from tenancy import invitations, members
from tenancy.models import AuditEvent, Invitation, Member, MemberRole, User


def ask(shop, now, email="new@x.example", roles=(("store_manager", "S001"),)):
    return invitations.invite(organisation=shop.id, email=email, name="新人", roles=list(roles), now=now, actor="user:a", by="管理员")


def test_a_link_works_once_and_carries_the_roles(shop, now):
    email = f"{uuid.uuid4().hex}@x.example"
    with shop.scope():
        row = ask(shop, now, email, (("store_manager", "S001"), ("analyst", "EAST")))
        token = invitations.token_of(row)
        assert bytes(row.digest) != token.encode()
        found = invitations.find(token, organisation=shop.id, now=now, lock=True)
        member = invitations.accept_new(found, name="林晚", password="x", language="en", now=now)
        assert (member.name, member.user.email, member.user.language) == ("林晚", email, "en")
        held = MemberRole.objects.filter(member=member).values_list("role", "unit__code")
        assert sorted(held) == [("analyst", "EAST"), ("store_manager", "S001")]
        assert invitations.find(token, organisation=shop.id, now=now) is None
        assert list(AuditEvent.objects.filter(action__startswith="member.").order_by("seq").values_list("action", flat=True)) == ["member.invited", "member.joined"]


def test_what_opens_nothing(shop, stranger, now):
    with shop.scope():
        row = ask(shop, now)
        token = invitations.token_of(row)
        assert invitations.find(token, organisation=shop.id, now=now).id == row.id
        assert invitations.find(token, organisation=shop.id, now=now + timedelta(days=14)) is None
        assert invitations.find(token[:-1] + ("A" if token[-1] != "A" else "B"), organisation=shop.id, now=now) is None
        assert invitations.find(token, organisation=stranger.id, now=now) is None
        again = invitations.send_again(row.id, organisation=shop.id, now=now, actor="t")
        assert invitations.find(token, organisation=shop.id, now=now) is None
        fresh = invitations.token_of(again)
        assert invitations.find(fresh, organisation=shop.id, now=now).id == row.id
        invitations.revoke(row.id, organisation=shop.id, now=now, actor="t")
        assert invitations.find(fresh, organisation=shop.id, now=now) is None
        with pytest.raises(DomainError):
            invitations.send_again(row.id, organisation=shop.id, now=now, actor="t")
    with stranger.scope(), pytest.raises(DomainError):
        invitations.revoke(row.id, organisation=stranger.id, now=now, actor="t")


@pytest.mark.parametrize(
    ("email", "roles", "code"),
    [
        ("nobody", [("analyst", "HQ")], "bad_email"),
        ("a@x.example", [], "no_role"),
        ("a@x.example", [("king", "HQ")], "unknown_role"),
        ("a@x.example", [("analyst", "S404")], "unknown_unit"),
    ],
)
def test_what_cannot_be_asked(shop, now, email, roles, code):
    with pytest.raises(DomainError) as raised, shop.scope():
        ask(shop, now, email, roles)
    assert raised.value.code == code


def test_members_and_the_invited_are_not_invited_again_until_it_expires(shop, now):
    with shop.scope():
        with pytest.raises(DomainError) as raised:
            ask(shop, now, shop.members["analyst"].user.email.upper())
        assert raised.value.code == "member"
        first = ask(shop, now)
        with pytest.raises(DomainError) as raised:
            ask(shop, now)
        assert raised.value.code == "invited"
        second = ask(shop, now + timedelta(days=15))
        assert Invitation.objects.get(id=first.id).revoked_at is not None
        assert second.id != first.id


def test_one_who_left_comes_back_with_the_new_roles_only(shop, now):
    person = shop.members["region_manager"]
    with shop.scope():
        members.leave(person.id, organisation=shop.id, version=None, now=now, actor="t")
        assert members.seat_of(person.user, organisation=shop.id) is None
        row = ask(shop, now, person.user.email)
        token = invitations.token_of(row)
        found = invitations.find(token, organisation=shop.id, now=now, lock=True)
        assert invitations.accept(found, person.user, now=now).id == person.id
        assert members.seat_of(person.user, organisation=shop.id).roles == {"store_manager"}


def test_the_last_administrator_stays(shop, now):
    admin, analyst = shop.members["admin"], shop.members["analyst"]
    place = {"organisation": shop.id, "now": now, "actor": "t"}
    hq = shop.units["HQ"]
    with shop.scope():
        for attempt in (
            lambda: members.leave(admin.id, version=None, **place),
            lambda: members.change(admin.id, version=None, name="a", roles=[("analyst", hq)], absent=False, **place),
            lambda: members.change(admin.id, version=None, name="a", roles=[("admin", hq)], absent=True, **place),
            lambda: members.change(admin.id, version=None, name="a", roles=[("admin", shop.units["EAST"])], absent=False, **place),
        ):
            with pytest.raises(DomainError) as raised:
                attempt()
            assert raised.value.code == "last_admin"
        members.change(analyst.id, version=analyst.version, name="b", roles=[("admin", hq)], absent=False, **place)
        members.leave(admin.id, version=None, **place)
        assert Member.objects.get(id=admin.id).left_at == now


def test_two_administrators_cannot_dismiss_each_other_at_once(shop, now):
    admin, other = shop.members["admin"], shop.members["analyst"]
    with shop.scope():
        members.change(other.id, organisation=shop.id, version=None, name="b", roles=[("admin", shop.units["HQ"])], absent=False, now=now, actor="t")  # fmt: skip
    gate, said = threading.Barrier(2), []

    def dismiss(member):
        try:
            gate.wait(10)
            with shop.scope():
                members.leave(member.id, organisation=shop.id, version=None, now=now, actor="t")
            said.append("left")
        except DomainError as error:
            said.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=dismiss, args=[member]) for member in (admin, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(said) == ["last_admin", "left"]


def test_a_stale_change_is_refused(shop, now):
    person = shop.members["frontline"]
    place = {"organisation": shop.id, "now": now, "actor": "t", "roles": [("frontline", shop.units["S001"])]}
    with shop.scope():
        members.change(person.id, version=1, name="一", absent=False, **place)
        with pytest.raises(DomainError) as raised:
            members.change(person.id, version=1, name="二", absent=False, **place)
        assert raised.value.code == "stale"
        assert Member.objects.get(id=person.id).name == "一"


def test_another_address_cannot_take_it(shop, now):
    with shop.scope():
        row = ask(shop, now)
        found = invitations.find(invitations.token_of(row), organisation=shop.id, now=now, lock=True)
        with pytest.raises(DomainError) as raised:
            invitations.accept(found, shop.members["analyst"].user, now=now)
    assert raised.value.code == "other_email"
    assert not User.objects.filter(email="new@x.example").exists()
