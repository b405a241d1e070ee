"""成员与权限 and the public page of an invitation."""

import re
import uuid
from urllib.parse import quote

import pytest

from tenancy import invitations
from tenancy.models import Invitation, Member, User

PASSWORD = "seven-green-lamps-9"


def invite(shop, email=None, role="store_manager", unit="S001"):
    email = email or f"{uuid.uuid4().hex}@x.example"
    answer = shop.page("admin").post("/settings/members/invite/", {"email": email, "name": "林晚", "role": role, "unit": unit})
    assert (answer.status_code, answer.url) == (302, "/settings/members/")
    with shop.scope():
        return Invitation.objects.get(email=email)


def link(row):
    return f"/invited/{invitations.token_of(row)}/"


def test_only_administrators_manage_members(shop):
    url = f"/settings/members/{shop.members['analyst'].id}/"
    for path in ("/settings/members/", "/settings/members/invite/", url):
        found = {role: shop.page(role).get(path).status_code for role in shop.members}
        assert {role for role, status in found.items() if status == 200} == {"admin"}
        assert set(found.values()) == {200, 403}


def test_the_list_has_people_roles_and_waiting_invitations_in_as_many_queries_for_one_as_for_three(shop, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = shop.page("admin")
    counts = []
    for wanted in ("?q=analyst", "?q=example"):
        client.get(f"/settings/members/{wanted}")
        with CaptureQueriesContext(connection, ) as seen:
            text = client.get(f"/settings/members/{wanted}").content.decode()
        counts.append(len(seen))
        assert "analyst" in text
    assert counts[0] == counts[1]
    row = invite(shop)
    text = client.get("/settings/members/").content.decode()
    assert row.email in text
    assert link(row) in text  # no mail server here: the link is there to copy
    assert "店长（杭州西溪店）" in text


def test_an_invited_person_sets_a_password_and_is_in(shop, client):
    row = invite(shop)
    page = client.get(link(row)).content.decode()
    assert ("加入 试店" in page, row.email in page) == (True, True)
    for data, said in (
        ({"name": "林晚", "password1": "short", "password2": "short"}, "12"),
        ({"name": "", "password1": PASSWORD, "password2": PASSWORD}, "写上姓名"),
        ({"name": "林晚", "password1": PASSWORD, "password2": "other"}, "两次写的不一样"),
    ):
        answer = client.post(link(row), data)
        assert answer.status_code == 400
        assert said in answer.content.decode()
        assert PASSWORD not in answer.content.decode()
    answer = client.post(link(row), {"name": "林晚", "password1": PASSWORD, "password2": PASSWORD})
    assert (answer.status_code, answer.url) == (302, "/")
    text = client.get("/").content.decode()
    assert "林晚" in text
    assert client.get("/settings/members/").status_code == 403
    again = client.get(link(row))
    nothing = client.get("/invited/nothing/")
    clean = [re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", a.content) for a in (again, nothing)]
    assert (again.status_code, nothing.status_code) == (404, 404)
    assert clean[0].replace(link(row).encode(), b"") == clean[1].replace(b"/invited/nothing/", b"")
    user = User.objects.get(email=row.email)
    assert user.check_password(PASSWORD)


def test_one_with_a_log_in_joins_after_logging_in_and_nobody_else_does(shop, stranger, client):
    theirs = stranger.members["analyst"]
    row = invite(shop, theirs.user.email)
    page = client.get(link(row)).content.decode()
    assert "password1" not in page
    assert f"/accounts/login/?next={quote(link(row))}" in page
    assert client.post(link(row), {"name": "x", "password1": PASSWORD, "password2": PASSWORD}).status_code == 400
    wrong = stranger.page("frontline")
    assert "不是给它的" in wrong.get(link(row)).content.decode()
    assert wrong.post(link(row)).status_code == 400
    right = stranger.page("analyst")
    assert right.post(link(row)).url == "/"
    assert "试店" in right.get("/").content.decode()
    with shop.scope():
        assert Member.objects.get(user=theirs.user).name == "林晚"
    assert set(stranger.page("analyst").get("/").wsgi_request.session.keys()) >= {"_auth_user_id"}


def test_several_are_invited_or_none(shop):
    client = shop.page("admin")
    data = {"email": ["a1@x.example", "bad"], "name": ["甲", "乙"], "role": ["analyst", "analyst"], "unit": ["HQ", "HQ"]}
    answer = client.post("/settings/members/invite/", data)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert ("a1@x.example" in text, "这不是邮箱地址" in text, 'value="乙"' in text) == (True, True, True)
    with shop.scope():
        assert Invitation.objects.count() == 0
    data["email"][1] = "b1@x.example"
    assert client.post("/settings/members/invite/", data).status_code == 302
    with shop.scope():
        assert Invitation.objects.count() == 2


def test_sending_again_kills_the_old_link_and_revoking_kills_both(shop, client, stranger):
    row = invite(shop)
    old = link(row)
    url = f"/settings/invitations/{row.id}/"
    assert stranger.page("admin").post(url, {"do": "again"}).status_code == 404
    for _twice in range(2):
        assert shop.page("admin").post(url, {"do": "again", "version": 1}).status_code == 302
    with shop.scope():
        row.refresh_from_db()
    assert row.generation == 2
    assert client.get(old).status_code == 404
    assert client.get(link(row)).status_code == 200
    shop.page("admin").post(url, {"do": "revoke"})
    assert client.get(link(row)).status_code == 404


def test_roles_are_changed_once_and_a_second_writer_is_told(shop):
    member = shop.members["store_manager"]
    url = f"/settings/members/{member.id}/"
    client = shop.page("admin")
    data = {"version": 1, "name": "店长甲", "role": ["store_manager", "analyst", ""], "unit": ["S001", "EAST", "HQ"]}
    assert client.post(url, data).status_code == 302
    text = client.get("/settings/members/").content.decode()
    assert "分析员 · 华东区" in text
    answer = client.post(url, data | {"name": "店长乙"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert ("有人改过它" in text, 'value="店长乙"' in text, "店长甲" in text) == (True, True, True)
    assert shop.page("admin").post(url, {"version": 2, "name": "x", "role": [""], "unit": ["HQ"]}).status_code == 400


def test_the_session_of_one_who_leaves_ends_on_the_next_request(shop, stranger):
    member = shop.members["store_manager"]
    theirs, url = shop.page("store_manager"), f"/settings/members/{member.id}/"
    assert theirs.get("/promises/").status_code == 200
    assert stranger.page("admin").post(url, {"version": 1, "do": "leave"}).status_code == 404
    assert shop.page("admin").post(url, {"version": 1, "do": "leave"}).status_code == 302
    assert theirs.get("/promises/").status_code == 403
    assert theirs.get("/promises/").status_code == 302  # logged out by then
    text = shop.page("admin").get("/settings/members/?state=left").content.decode()
    assert member.user.email in text


def test_the_last_administrator_is_kept_with_a_reason(shop):
    member = shop.members["admin"]
    answer = shop.page("admin").post(f"/settings/members/{member.id}/", {"version": 1, "do": "leave"})
    assert answer.status_code == 400
    assert "最后一位在岗的总部管理员" in answer.content.decode()


@pytest.mark.parametrize("words", ["双重验证", "节假日", "邀请"])
def test_settings_are_found_by_words(shop, words):
    text = shop.page("admin").get("/settings/", {"q": words}).content.decode()
    assert "set-row" in text or words != "邀请"
