"""Webhooks as a receiver sees them: signed, stable ids, retried, never dropped, never held up by a neighbour."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from complaints import moves
from cxms.lib import clock, sealing
from feedback import intake, voices
from feedback.intake import Source
from feedback.shapes import RawVoice
from integrations import deliveries, endpoints, public_facts, retries, sending
from integrations.endpoints import EndpointError
from integrations.models import Endpoint, WebhookDelivery
from ledger import runner
from ledger.models import Fact
from tenancy.models import Organisation
from tests.chaos.conftest import ROOT, until
from tests.chaos.conftest import mailbox as mailbox
from tests.chaos.conftest import processes as processes
from tests.web.conftest import complain as complain

ONLY = "s.DUE = s.DUE.replace('where e.state', 'where e.organisation_id > {last} and e.state'); "


@pytest.fixture(autouse=True)
def later(work, monkeypatch):
    """Earlier tests of this process leave work behind; senders of a test look at organisations made after this."""
    work()
    last = Organisation.objects.order_by("-id").values_list("id", flat=True).first() or 0
    monkeypatch.setattr(sending, "DUE", sending.DUE.replace("where e.state", f"where e.organisation_id > {last} and e.state"))
    return last


def speak(shop, now, n=1, text="x"):
    with shop.scope():
        rows = [RawVoice(channel="app", text=text, external_id=f"{clock.now().timestamp()}-{i}", row=i) for i in range(n)]
        receipts = intake.receive(rows, organisation=shop.id, source=Source(b"[]", "x", "t"), now=now)
    return [receipt.id for receipt in receipts]


def rows(shop, **filters):
    with shop.scope():
        return list(WebhookDelivery.objects.filter(**filters).order_by("sequence", "created_at"))


def make_due(shop):
    """Brings every pause to its end."""
    past = clock.now() - timedelta(seconds=1)
    with shop.scope():
        WebhookDelivery.objects.filter(state="due").update(next_at=past, leased_until=None)
        Endpoint.objects.update(resume_at=None)


def test_a_fact_arrives_signed_as_the_official_package_verifies(shop, hook, receiver, work, send, now):
    endpoint, secret = hook(kinds=("feedback.received",))
    (key,) = speak(shop, now)
    work()
    send()
    ((_, headers, body),) = receiver.of()
    message = Webhook(secret).verify(body, headers)
    assert message == {
        "type": "feedback.received",
        "timestamp": message["timestamp"],
        "data": {"id": str(key), "first": str(key), "last": str(key), "n": 1},
        "sequence": message["sequence"],
    }
    assert datetime.fromisoformat(message["timestamp"]) == now
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"x" * 32).decode()).verify(body, headers)
    (row,) = rows(shop)
    assert (row.state, row.attempts, row.last_status, row.excerpt) == ("done", 1, 200, "said")
    assert headers["webhook-id"] == row.message_id
    assert bytes(row.body) == body


def test_the_path_of_a_complaint_is_told_and_nothing_personal_with_it(shop, hook, receiver, complain, work, send, now):
    hook()
    ticket = complain("耳机坏了，我姓陈，电话 13812346629")
    with shop.scope():
        assignee = shop.members["frontline"].user.email
        moves.apply(ticket.id, "assign", {"assignee": assignee}, organisation=shop.id, actor="user:x", actor_name="唐雨")
        voices.exclude(ticket.feedback_id, "测试 13812346629", organisation=shop.id, now=now, actor="t")
        voices.include(ticket.feedback_id, organisation=shop.id, now=now, actor="t")
        voices.delete(ticket.feedback_id, organisation=shop.id, now=now, actor="t")
    work()
    send()
    told = {json.loads(body)["type"]: json.loads(body) for _, _, body in receiver.of()}
    assert set(told) >= {
        "complaint.opened", "complaint.moved", "feedback.excluded", "feedback.included", "feedback.deleted",
    }  # fmt: skip
    opened = told["complaint.opened"]["data"]
    assert opened == {"id": str(ticket.id), "number": ticket.number, "severity": ticket.severity, "history": False}
    assert told["complaint.moved"]["data"]["number"] == ticket.number
    everything = b"".join(body for _, _, body in receiver.of()).decode()
    for word in ("陈", "测试", "唐雨", "@", "13812346629"):
        assert word not in everything
    sequences = [json.loads(body)["sequence"] for _, _, body in receiver.of()]
    assert len(set(sequences)) == len(sequences)


def test_only_what_was_asked_for_and_only_of_the_own_organisation(shop, stranger, hook, receiver, work, send, now):
    hook("/deleted", kinds=("feedback.deleted",))
    hook("/theirs", kinds=("feedback.received",), home=stranger)
    speak(shop, now)
    work()
    send()
    assert receiver.got == []
    assert rows(shop) == rows(stranger) == []


def test_without_endpoints_a_flood_writes_nothing(shop, work, now):
    speak(shop, now, n=500)
    work()
    assert rows(shop) == []


SCRIPT = [
    (500, "HTTP 500", 5.0),
    ((301, {"Location": "http://127.0.0.1:1/"}), "HTTP 301", 5.0),
    ("reset", "broken", 5.0),
    ("lost", "broken", 5.0),
]


@pytest.mark.parametrize(("step", "error", "pause"), SCRIPT, ids=[str(step[0]) for step in SCRIPT])
def test_a_failure_is_tried_again_with_the_same_id_and_a_fresh_stamp(shop, hook, receiver, work, send, now, step, error, pause):
    _, secret = hook(kinds=("feedback.received",))
    receiver.script["/hook"] = [step, 200]
    speak(shop, now)
    work()
    send()
    (row,) = [row for row in rows(shop) if row.kind == "feedback.received"]
    assert (row.state, row.attempts) == ("due", 1)
    assert row.last_error.startswith(error)
    wait = (row.next_at - datetime.fromisoformat(row.log[0]["at"])).total_seconds()
    assert 0.8 * pause <= wait <= 1.2 * pause
    time.sleep(1.1)
    make_due(shop)
    send()
    first, second = [got for got in receiver.of() if b"feedback.received" in got[2]]
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert first[2] == second[2]
    assert int(second[1]["webhook-timestamp"]) > int(first[1]["webhook-timestamp"])
    Webhook(secret).verify(second[2], second[1])
    (row,) = [row for row in rows(shop) if row.kind == "feedback.received"]
    assert (row.state, row.attempts, len(row.log)) == ("done", 2, 2)


def test_a_busy_far_side_is_left_alone_as_long_as_it_asks(shop, hook, receiver, work, send, now):
    endpoint, _ = hook(kinds=("feedback.received",))
    receiver.script["/hook"] = [(429, {"Retry-After": "1200"}), 200]
    speak(shop, now)
    work()
    send()
    speak(shop, now)
    work()
    send()
    assert len(receiver.of()) == 1
    with shop.scope():
        row = Endpoint.objects.get(id=endpoint.id)
        assert 1190 < (row.resume_at - clock.now()).total_seconds() <= 1200
    first, second = rows(shop)
    assert 1190 < (first.next_at - clock.now()).total_seconds() <= 1200
    assert second.attempts == 0
    make_due(shop)
    send()
    assert [row.state for row in rows(shop)] == ["done", "done"]


def test_410_disables_at_once_and_nothing_is_lost(shop, hook, receiver, work, send, now):
    endpoint, _ = hook(kinds=("feedback.received",))
    receiver.script["/hook"] = [410]
    speak(shop, now)
    work()
    send()
    speak(shop, now)
    work()
    make_due(shop)
    send()
    assert len(receiver.of()) == 1, "no attempt after a 410"
    with shop.scope():
        row = Endpoint.objects.get(id=endpoint.id)
        assert (row.state, row.reason) == ("disabled", "gone")
        assert Fact.objects.filter(kind="webhook.disabled", subject=str(row.id)).count() == 1
        with pytest.raises(EndpointError):
            deliveries.ping(row.id, organisation=shop.id, now=now, actor="t")
        endpoints.change(row.id, {"state": "active"}, organisation=shop.id, now=clock.now(), actor="t")
        receiver.script["/hook"] = [200]
        n, more = deliveries.replay_since(row.id, now, organisation=shop.id, now=clock.now(), actor="t")
    assert (n, more) == (2, None)
    send()
    assert sorted(row.state for row in rows(shop)) == ["done", "done"]
    assert len({got[1]["webhook-id"] for got in receiver.of()}) == 2


def test_a_slow_loris_is_cut_and_holds_up_nobody_else(shop, stranger, hook, receiver, work, now, monkeypatch):
    """Twenty messages to a dripping endpoint; the neighbours' arrive meanwhile."""
    monkeypatch.setattr(sending.safe_http.post, "__kwdefaults__", {**sending.safe_http.post.__kwdefaults__, "total_seconds": 4.0})
    receiver.script["/slow"] = ["drip"]
    hook("/slow", kinds=("feedback.received",))
    hook("/quick", kinds=("feedback.received",))
    hook("/theirs", kinds=("feedback.received",), home=stranger)
    for _ in range(20):
        speak(shop, now)
    speak(stranger, now)
    work()
    sender = sending.Sender(threads=8)
    began = time.monotonic()
    while time.monotonic() - began < 3.5:
        sender.turn(0.05)
        if len(receiver.of("/quick")) == 20 and receiver.of("/theirs"):
            break
    took = time.monotonic() - began
    assert (len(receiver.of("/quick")), len(receiver.of("/theirs"))) == (20, 1)
    assert took < 3
    assert len(receiver.of("/slow")) == 1, "one message under way where nothing was proven yet"
    while sender.away.total():
        sender._settle(0.1)
    (row,) = [row for row in rows(shop) if row.attempts and row.state == "due"]
    assert row.last_error.startswith("timeout")


def test_the_control_in_one_queue_the_slow_one_holds_up_all(shop, hook, receiver, work, now):
    """With one place for the organisation, as in a single queue, the quick one waits for the slow one."""
    receiver.script["/a-slow"] = [2.0]
    hook("/a-slow", kinds=("feedback.received",))
    hook("/quick", kinds=("feedback.received",))
    speak(shop, now)
    work()
    sender = sending.Sender(threads=2)
    with shop.scope():
        slow = Endpoint.objects.get(url__endswith="/a-slow")
        WebhookDelivery.objects.filter(endpoint=slow).update(next_at=now - timedelta(seconds=60))
    began = time.monotonic()
    sender.until_idle(10)
    assert time.monotonic() - began > 1.9
    assert len(receiver.of("/quick")) == 1


def test_after_ten_attempts_it_is_a_dead_letter_that_can_be_replayed(shop, hook, receiver, work, send, now):
    endpoint, _ = hook(kinds=("feedback.received",))
    receiver.script["/hook"] = [500]
    speak(shop, now)
    work()
    for _ in range(12):
        make_due(shop)
        send()
    (row,) = rows(shop)
    assert (row.state, row.attempts, row.last_status) == ("dead", 10, 500)
    assert len(receiver.of()) == 10
    receiver.script["/hook"] = [200]
    with shop.scope():
        assert deliveries.replay(endpoint.id, [row.id], organisation=shop.id, now=clock.now(), actor="t") == 1
    send()
    (row,) = rows(shop)
    assert (row.state, row.attempts) == ("done", 1)
    assert len({got[1]["webhook-id"] for got in receiver.of()}) == 1
    with shop.scope():
        assert deliveries.replay_dead(endpoint.id, organisation=shop.id, now=clock.now(), actor="t") == 0


def test_five_days_without_success_disable_an_endpoint(shop, hook, receiver, work, send, now):
    endpoint, _ = hook(kinds=("feedback.received",))
    receiver.script["/hook"] = [500]
    with shop.scope():
        Endpoint.objects.update(n_failures=19, failing_since=now - timedelta(days=5))
    speak(shop, now)
    work()
    send()
    with shop.scope():
        row = Endpoint.objects.get(id=endpoint.id)
    assert (row.state, row.reason, row.n_failures) == ("disabled", "failing", 20)


def test_the_numbers_of_the_schedule():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    pauses = []
    for attempts in range(1, 10):
        at = retries.next_attempt_at(attempts, now=now, wait=timedelta(), jitter=lambda: 1.0)
        pauses.append(int((at - now).total_seconds()))
    assert pauses == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert sum(pauses) == 75 * 3600 + 35 * 60 + 5
    assert retries.next_attempt_at(10, now=now, wait=timedelta(), jitter=lambda: 1.0) is None
    wait = retries.asked_to_wait
    assert wait(429, "120", now=now) == timedelta(seconds=120)
    assert wait(503, "Mon, 02 Mar 2026 00:10:00 GMT", now=now) == timedelta(minutes=10)
    assert wait(503, "999999999999", now=now) == wait(429, "Mon, 02 Mar 2099 00:00:00 GMT", now=now) == timedelta(hours=24)
    assert wait(503, "Mon, 02 Mar 2020 00:00:00 GMT", now=now) == wait(429, "soon", now=now) == timedelta()
    assert wait(500, "120", now=now) == wait(429, "-5", now=now) == timedelta()
    assert [retries.is_success(status) for status in (199, 200, 204, 299, 300, 301, 410)] == [False, True, True, True] + [False] * 3
    day = timedelta(days=1)
    assert retries.is_hopeless(20, now - 5 * day, now=now)
    assert not retries.is_hopeless(19, now - 9 * day, now=now)
    assert not retries.is_hopeless(99, now - 4.9 * day, now=now)
    assert not retries.is_hopeless(99, None, now=now)


def test_during_a_rotation_both_secrets_verify_and_afterwards_only_the_new(shop, hook, receiver, work, send, now):
    endpoint, old = hook(kinds=("feedback.received",))
    with shop.scope():
        _, new = endpoints.rotate(endpoint.id, organisation=shop.id, now=now, actor="t")
    speak(shop, now)
    work()
    send()
    ((_, headers, body),) = receiver.of()
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        Webhook(secret).verify(body, headers)
    with shop.scope():
        Endpoint.objects.update(before_until=now - timedelta(seconds=1))
    speak(shop, now)
    work()
    send()
    _, headers, body = receiver.of()[1]
    Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)


def test_the_secret_lies_sealed_and_opens_only_in_its_place(shop, hook):
    first, secret = hook("/1")
    second, _ = hook("/2")
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    assert len(raw) == 32
    assert raw not in bytes(first.sealed)
    with shop.scope():
        assert endpoints.secrets_of(first, now=clock.now()) == [raw]
        second.sealed = first.sealed
        with pytest.raises(sealing.SealBroken):
            endpoints.secrets_of(second, now=clock.now())


def test_a_secret_outlives_a_change_of_the_house_key(settings):
    sealed = sealing.seal(b"secret", place="p")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key"
    assert sealing.unseal(sealed, place="p") == b"secret"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(sealing.SealBroken):
        sealing.unseal(sealed, place="p")


def test_an_address_inside_is_refused_at_registration_and_again_at_the_attempt(shop, hook, receiver, work, send, now, settings):
    hook(kinds=("feedback.received",))
    settings.WEBHOOK_ALLOW = []
    with shop.scope(), pytest.raises(EndpointError) as caught:
        endpoints.create(organisation=shop.id, url=receiver.url(), kinds=["*"], now=now, actor="t")
    assert caught.value.field == "url"
    speak(shop, now)
    work()
    send()
    assert receiver.got == []
    (row,) = rows(shop)
    assert (row.state, row.attempts, row.last_error[:9]) == ("due", 1, "not_https")


def test_a_fact_told_twice_is_one_row(shop, hook, work, now):
    hook(kinds=("feedback.received",))
    speak(shop, now)
    work()
    with shop.scope():
        fact = Fact.objects.get(kind="feedback.received")
        deliveries.fan_out([fact], organisation=shop.id, now=now)
    assert len(rows(shop)) == 1


def python(code, last, **environment):
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "cxms.settings", "CXMS_WEBHOOK_ALLOW": "127.0.0.1", **environment}
    start = "import django; django.setup(); from integrations import sending as s; from integrations.sending import Sender; "
    code = start + ONLY.format(last=last) + code
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, timeout=120)


@pytest.mark.services
def test_a_kill_between_sending_and_settling_sends_again_with_the_same_id(shop, hook, receiver, work, now, later):
    _, secret = hook(kinds=("feedback.received",))
    speak(shop, now)
    work()
    died = python("Sender(4).until_idle(20)", later, CXMS_FAILPOINT="webhooks.sent:1")
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    assert len(receiver.of()) == 1
    (row,) = rows(shop)
    assert (row.state, row.attempts) == ("due", 0)
    assert python("Sender(4).until_idle(20)", later).returncode == 0
    assert len(receiver.of()) == 1, "a lease holds"
    make_due(shop)
    again = python("Sender(4).until_idle(20)", later)
    assert again.returncode == 0, again.stderr[-500:]
    first, second = receiver.of()
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    Webhook(secret).verify(second[2], second[1])
    assert [row.state for row in rows(shop)] == ["done"]


@pytest.mark.services
def test_the_control_settled_before_sending_a_kill_loses_the_message(shop, hook, receiver, work, now, later):
    hook(kinds=("feedback.received",))
    speak(shop, now)
    work()
    early = (
        "from cxms.lib import failpoints\n"
        "def perform(job):\n"
        "    s.settle(s.Outcome(job, 200, '', '', '', 0)); failpoints.reach('control')\n"
        "s.perform = perform\n"
        "Sender(1).until_idle(20)"
    )
    died = python(early, later, CXMS_FAILPOINT="control:1")
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    make_due(shop)
    python("Sender(4).until_idle(20)", later)
    assert receiver.got == [], "the harness must be able to see a loss"


@pytest.mark.services
def test_a_late_sender_whose_lease_passed_on_writes_nothing(shop, hook, receiver, work, now):
    endpoint, _ = hook(kinds=("feedback.received",))
    speak(shop, now)
    work()
    (late,) = sending.lease(shop.id, endpoint.id, 4)
    assert sending.lease(shop.id, endpoint.id, 4) == []
    make_due(shop)
    (job,) = sending.lease(shop.id, endpoint.id, 4)
    assert sending.settle(sending.perform(job))
    assert not sending.settle(sending.Outcome(late, 500, "HTTP 500", "", "", 1))
    (row,) = rows(shop)
    assert (row.state, row.attempts) == ("done", 1)


@pytest.mark.services
def test_a_worker_delivers_by_itself_and_what_a_killed_one_left(shop, hook, receiver, processes, now):
    _, secret = hook(kinds=("feedback.received",))
    house = processes(CXMS_WEBHOOK_ALLOW="127.0.0.1")
    worker = house.worker()
    speak(shop, now)
    until(lambda: [row.state for row in rows(shop)] == ["done"], 60, "the webhook of a worker")
    house.kill(worker)
    speak(shop, now)
    time.sleep(0.5)
    assert len(receiver.of()) == 1
    house.worker()
    until(lambda: len(receiver.of()) == 2, 60, "the webhook after a kill")
    for _, headers, body in receiver.of():
        Webhook(secret).verify(body, headers)


def test_every_public_fact_documents_what_it_says(shop, hook, complain, work, now):
    """The fields of each kind are those of its example and of what is really made."""
    assert set(public_facts.KINDS) == set(public_facts.TABLE)
    for row in public_facts.TABLE.values():
        assert set(row.fields) == set(row.example), row.kind
    complain()
    speak(shop, now, text="很好")
    work()
    with shop.scope():
        facts = list(Fact.objects.filter(kind__in=public_facts.KINDS))
        for document in public_facts.documents(facts, organisation=shop.id):
            assert set(document["data"]) == set(public_facts.TABLE[document["type"]].fields), document["type"]
    assert {fact.kind for fact in facts} >= {"feedback.received", "feedback.analysed", "complaint.opened"}


def test_administrators_are_told_by_mail_once_a_day_of_dead_letters_and_of_a_disabled_endpoint(
    shop, hook, receiver, send, now, settings, mailbox
):
    def work():
        runner.drain(seconds=20)

    settings.SMTP_URL = "smtp://x"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
    hook(kinds=("feedback.received",))
    receiver.script["/hook"] = [500]
    speak(shop, now)
    speak(shop, now)
    work()
    with shop.scope():
        WebhookDelivery.objects.update(attempts=9)
    for _ in range(2):
        make_due(shop)
        send()
    assert [row.state for row in rows(shop)] == ["dead", "dead"]
    work()
    admin = shop.members["admin"].user.email
    assert len(mailbox.to(admin)) == 1 and "死信" in mailbox.to(admin)[0]
    receiver.script["/hook"] = [410]
    speak(shop, now)
    work()
    make_due(shop)
    send()
    work()
    assert [("停用" in subject) for subject in mailbox.to(admin)] == [False, True]
    ours = [(recipient, message) for recipient, subject, message in mailbox.mails if "【接口】" in subject]
    assert {recipient for recipient, _ in ours} == {admin}
    assert len({message for _, message in ours}) == 2
