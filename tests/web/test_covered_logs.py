"""What the processes write to their logs: a voice with every kind of personal data goes through every door, and things break."""

import io
import json
import logging
from types import SimpleNamespace

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from cxms.lib.ids import new_id
from cxms.lib.logs import Covered
from feedback import mailboxes
from feedback.models import Feedback, ImportJob, Mailbox
from integrations import sending
from ledger import runner
from ledger.models import Delivery
from tests.web.test_masked_roads import DOCUMENT, RAW, TEXT, leaks
from web import customers as customer_pages

LETTER = f"From: {RAW['name']} <{RAW['email']}>\r\nMessage-ID: <a1@example.com>\r\nSubject: t\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n".encode()


class Logs:
    """The house's own handler into memory, and the same records by a plain formatter."""

    def __init__(self):
        root = logging.getLogger()
        (house,) = [one for one in root.handlers if isinstance(one.formatter, Covered)]
        self.streams = io.StringIO(), io.StringIO()
        self.handlers = [logging.StreamHandler(stream) for stream in self.streams]
        self.handlers[0].setFormatter(house.formatter)
        self.handlers[1].setFormatter(logging.Formatter(house.formatter._fmt))

    def __enter__(self):
        for handler in self.handlers:
            logging.getLogger().addHandler(handler)
        return self

    def __exit__(self, *_):
        for handler in self.handlers:
            logging.getLogger().removeHandler(handler)

    def covered_and_plain(self):
        return [stream.getvalue() for stream in self.streams]


def broken(**_):
    """A follower that PostgreSQL refuses: its message quotes what it was given."""
    with connection.cursor() as cursor:
        cursor.execute("select %s::text::int", [TEXT])


def refuse(*_, **__):
    raise ValueError(TEXT)


def test_no_log_line_carries_personal_data(shop, now, work, monkeypatch):
    api, page = shop.api(), shop.page("admin")
    page.raise_request_exception = False
    said = {"channel": "app", "external_id": "L-1", "text": TEXT, "metadata": DOCUMENT, "occurred_at": now.isoformat()}
    card = {"name": RAW["name"], "phone": RAW["mobile"], "email": RAW["email"]}
    with Logs() as logs:
        answers = [
            api.post("/api/v1/feedback", json.dumps(body), content_type="application/json").status_code
            for body in ({**said, "customer": card}, {**said, "channel": TEXT}, {**said, "metadata": TEXT}, TEXT)
        ]
        assert answers == [201, 422, 422, 422]
        page.post("/imports/", {"file": SimpleUploadedFile("评价.csv", f"时间,内容,手机\n昨天,{TEXT},{RAW['mobile']}\n".encode())})
        with shop.scope():
            job = ImportJob.objects.get()
            page.post(f"/imports/{job.id}/step/", {"version": job.version, "channel": "review", "column-0": "occurred_at", "column-1": "text"})
            box = Mailbox.objects.create(id=new_id(), organisation_id=shop.id, name="客服", host="h", username="u", password=b"x", is_active=False)
            assert len(mailboxes.keep(box, [LETTER], organisation=shop.id, now=now)) == 1
        work()
        # a follower the database refuses, a webhook that breaks, an error page
        known = runner._handler
        monkeypatch.setattr(runner, "_handler", lambda path: broken if path.startswith("feedback.") else known(path))
        assert api.post("/api/v1/feedback", json.dumps({**said, "external_id": "L-2"}), content_type="application/json").status_code == 201
        work()
        monkeypatch.setattr(sending.signing, "headers", refuse)
        assert sending.perform(SimpleNamespace(message_id="m", stamp=1, body=b"", secrets=[], url="", allow=[])).error == "bug: ValueError"
        monkeypatch.setattr(customer_pages.queries, "matching", refuse)
        assert page.get(f"/customers/?q={RAW['mobile']}").status_code == 500
    covered, plain = logs.covered_and_plain()
    for line in ("webhook attempt broke", "Internal Server Error: /customers/", "invalid input syntax for type integer"):
        assert line in covered
    assert leaks(covered) == []
    # the negative control: the same lines, plainly formatted, hold all of it; and so does what was taken in
    assert leaks(plain) == list(RAW.values())
    with shop.scope():
        assert Feedback.objects.filter(text__contains=RAW["mobile"]).count() >= 2
        failed = Delivery.objects.exclude(last_error="")
        assert leaks(failed[0].last_error)
        failed.update(dead_at=now)
    # the page of what failed quotes errors too
    quoted = page.get("/connect/failures/").content
    assert (leaks(quoted), "invalid input syntax" in quoted.decode()) == ([], True)


def test_a_line_that_cannot_be_covered_is_not_written():
    record = logging.LogRecord("house", logging.WARNING, "", 1, "电话 %s", (RAW["mobile"],), None)
    assert Covered("%(message)s", "feedback.masking.covered").format(record) == "电话 " + "*" * 11
    said = Covered("%(message)s", "feedback.masking.nothing_there").format(record)
    assert "ImportError" in said
    assert not leaks(said)
