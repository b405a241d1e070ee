"""Files over HTTP: sent with a move, served so that nothing runs, and not to strangers."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from complaints.models import Attachment, Ticket
from tests.complaints.test_attachments import located, picture


def upload(name="门店 照片.png", body=None):
    return SimpleUploadedFile(name, picture("PNG") if body is None else body, content_type="text/html")


@pytest.fixture
def sent(shop, complain):
    """A ticket with a note that carries a picture and a text, and the address of each."""
    ticket = complain()
    answer = shop.page("frontline").post(
        f"/promises/{ticket.number}/moves/",
        {"move": "note", "version": ticket.version, "text": "", "files": [upload(), upload("b.txt", b"words")]},
    )
    assert answer.status_code == 302
    with shop.scope():
        return ticket, [f"/promises/{ticket.number}/files/{row.id}/" for row in Attachment.objects.order_by("position")]


def test_a_file_is_a_download_and_a_picture_may_be_shown(shop, stranger, sent, client):
    ticket, (photo, words) = sent
    page = shop.page("frontline")
    found = page.get(words)
    assert (found.content, found["Content-Type"]) == (b"words", "text/plain")
    assert found["Content-Disposition"] == "attachment; filename*=UTF-8''b.txt"
    assert found["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Cross-Origin-Resource-Policy"] == "same-origin"
    assert found["Cache-Control"] == "private, max-age=3600"
    assert page.get(f"{words}?show=1")["Content-Disposition"].startswith("attachment")
    shown = page.get(f"{photo}?show=1")
    assert shown["Content-Disposition"].startswith("inline; filename*=UTF-8''%E9%97%A8")
    assert shown["Content-Security-Policy"].startswith("sandbox")
    assert f'src="{photo}?show=1"' in page.get(f"/promises/{ticket.number}/").content.decode()
    assert stranger.page("admin").get(photo).status_code == 404
    assert client.get(photo).status_code == 302


def test_who_may_not_read_the_ticket_has_no_file(shop, sent, complain):
    _ticket, (photo, _) = sent
    other = complain("别的投诉")
    assert shop.page("analyst").get(photo).status_code == 403
    key = photo.rstrip("/").rsplit("/", 1)[1]
    assert shop.page().get(f"/promises/{other.number}/files/{key}/").status_code == 404


def test_a_bad_file_keeps_the_words(shop, complain):
    ticket = complain()
    fields = {"move": "reply", "version": ticket.version, "text": "这段话不能丢", "files": upload("a.svg", b"<svg/>")}
    answer = shop.page("frontline").post(f"/promises/{ticket.number}/moves/", fields)
    assert answer.status_code == 400
    assert "这段话不能丢" in answer.content.decode()
    assert "这种文件不收" in answer.content.decode()
    with shop.scope():
        assert Ticket.objects.get().version == ticket.version
        assert not Attachment.objects.exists()


def test_files_over_the_api(shop, stranger, complain):
    ticket = complain()
    url, api = f"/api/v1/complaints/{ticket.number}/files", shop.api()
    form = {"files": [upload("a.jpg", located())], "move": "reply", "text": "您看这张"}
    first = api.post(url, form, headers={"idempotency-key": "k1"})
    again = api.post(url, {**form, "files": [upload("a.jpg", located())]}, headers={"idempotency-key": "k1"})
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    (listed,) = api.get(url).json()["results"]
    assert (listed["name"], listed["kind"], listed["seq"]) == ("a.jpg", "image/jpeg", first.json()["version"])
    assert first.json()["timeline"][-1]["data"]["files"][0]["id"] == listed["id"]
    body = api.get(f"{url}/{listed['id']}")
    assert (body.status_code, len(body.content), body["Content-Type"]) == (200, listed["size"], "image/jpeg")
    assert b"X7Q" not in body.content
    assert api.post(url, {"files": [upload("a.exe", b"MZ\0\0")]}).json()["code"] == "file_kind"
    assert api.post(url, {"move": "close", "files": [upload()]}).status_code == 422
    assert api.post(url, {"text": "x"}).status_code == 422
    assert api.post(url, {"text": "x"}, content_type="application/json").status_code == 415
    assert stranger.api().get(url).status_code == stranger.api().get(f"{url}/{listed['id']}").status_code == 404
    assert shop.api("complaints:read").post(url, form).status_code == 403
