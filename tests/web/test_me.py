"""My own page and the second factor: a real code of an authenticator, recovery codes, administrators who must have it."""

import base64
import hashlib
import hmac
import struct
import time

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from tenancy.models import Member, Organisation, User
from tests.conftest import PASSWORD


def code_of(secret, at=None):
    """RFC 6238 with SHA-1, six digits, thirty seconds: what the app on the phone shows."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int((at or time.time()) // 30)), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def log_in(member):
    member.user.set_password(PASSWORD)
    member.user.save(update_fields=["password"])
    client = Client()
    answer = client.post("/accounts/login/", {"login": member.user.email, "password": PASSWORD})
    return client, answer


def switch_on(client):
    asked = client.get("/accounts/2fa/totp/activate/")
    assert asked.url.startswith("/accounts/reauthenticate/")  # a left screen is not enough: the password once more
    assert "再确认一次是你" in client.get(asked.url).content.decode()
    assert client.post(asked.url, {"password": "wrong"}).status_code == 200
    page = client.post(asked.url, {"password": PASSWORD, "next": "/accounts/2fa/totp/activate/"}, follow=True)
    assert page.status_code == 200
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert (answer.status_code, answer.url) == (302, "/accounts/2fa/recovery-codes/")
    return secret


def test_rfc_6238():
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert code_of(secret, 59) == "287082"
    assert code_of(secret, 1_111_111_109) == "081804"


@pytest.fixture
def admin(shop):
    return shop.members["admin"]


def test_a_code_is_asked_for_and_a_wrong_one_opens_nothing(admin):
    client, answer = log_in(admin)
    assert answer.url == "/"
    secret = switch_on(client)
    stored = Authenticator.objects.get(user=admin.user, type="totp").data["secret"]
    assert secret not in stored  # enciphered at rest
    codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10

    fresh, answer = log_in(admin)
    assert answer.url == "/accounts/2fa/authenticate/"
    assert fresh.get("/promises/").status_code == 302
    assert fresh.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert fresh.get("/promises/").status_code == 302
    # the code that switched it on is spent: the app's next one opens
    assert fresh.post("/accounts/2fa/authenticate/", {"code": code_of(secret, time.time() + 30)}).url == "/"
    assert fresh.get("/promises/").status_code == 200

    lost, _ = log_in(admin)
    assert lost.post("/accounts/2fa/authenticate/", {"code": codes[0]}).url == "/"
    again, _ = log_in(admin)
    assert again.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 200


def test_switched_off_the_password_is_enough(admin):
    client, _ = log_in(admin)
    switch_on(client)
    assert "已开" in client.get("/settings/me/").content.decode()
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert "未开" in client.get("/settings/me/").content.decode()
    assert log_in(admin)[1].url == "/"


def test_administrators_must_have_it_where_the_organisation_says_so(shop, admin):
    data = {"version": 1, "name": "试店", "language": "zh-hans", "timezone": "Asia/Shanghai", "admins_need_totp": "on"}
    client, _ = log_in(admin)
    refused = client.post("/settings/organisation/", data)
    assert (refused.status_code, "先给你自己开双重验证" in refused.content.decode()) == (400, True)
    # a manager may not change it
    shop.page("cx_manager").post("/settings/organisation/", data)
    assert Organisation.objects.get(id=shop.id).admins_need_totp is False
    switch_on(client)
    version = Organisation.objects.get(id=shop.id).version
    assert client.post("/settings/organisation/", data | {"version": version}).status_code == 302
    with shop.scope():
        from tenancy import members

        other = shop.members["analyst"]
        members.change(other.id, organisation=shop.id, version=None, name="b", roles=[("admin", shop.units["HQ"])], absent=False, now=shop.organisation.created_at, actor="t")
    second, _ = log_in(other)
    assert second.get("/settings/").url == "/accounts/2fa/totp/activate/"
    assert second.get("/notices/").url == "/accounts/2fa/totp/activate/"
    switch_on(second)
    assert second.get("/settings/").status_code == 200
    assert client.get("/settings/").status_code == 200
    assert log_in(shop.members["frontline"])[0].get("/log/").status_code == 200


def test_name_language_and_mails_are_ones_own(shop):
    client, member = shop.page("frontline"), shop.members["frontline"]
    assert client.post("/settings/me/", {"version": 1, "name": "谢子昂", "language": "en"}).status_code == 302
    text = client.get("/settings/me/").content.decode()
    assert ("My account" in text, "谢子昂" in text) == (True, True)
    assert client.post("/settings/me/", {"version": 1, "name": "x", "language": "en"}).status_code == 409
    assert client.post("/settings/me/", {"version": 2, "name": "", "language": "en"}).status_code == 400
    assert client.post("/settings/me/", {"version": 2, "name": "x", "language": "fr"}).status_code == 400
    assert client.post("/settings/me/", {"do": "mail", "mail": []}).status_code == 302
    user = User.objects.get(id=member.user_id)
    assert (user.name, user.language) == ("谢子昂", "en")
    with shop.scope():
        assert Member.objects.get(id=member.id).name == "谢子昂"
        from alerts import choices

        everything_else = {(member.id, purpose) for purpose in choices.PURPOSES if purpose != choices.ALWAYS}
        assert choices.muted([member.id], organisation=shop.id) == everything_else
        assert len(everything_else) == len(choices.PURPOSES) - 1


def test_a_password_is_changed_with_the_old_one(shop, admin):
    client, _ = log_in(admin)
    new = "nine-blue-kettles-4"
    data = {"oldpassword": "wrong", "password1": new, "password2": new}
    assert client.post("/accounts/password/change/", data).status_code == 200
    assert client.post("/accounts/password/change/", data | {"oldpassword": PASSWORD}).url == "/settings/me/"
    assert client.get("/promises/").status_code == 200
    assert User.objects.get(id=admin.user_id).check_password(new)
