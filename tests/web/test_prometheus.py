"""`/prometheus`: figures for the operator, to nobody else."""

import re

import pytest

from ledger import runner
from tests.integrations.conftest import Receiver, hook, receiver

__all__ = ["Receiver", "hook", "receiver"]


def figures(client, **headers):
    answer = client.get("/prometheus", headers=headers)
    assert answer.status_code == 200
    return {name: float(value) for name, value in re.findall(r"^(\S+?(?:\{[^}]*\})?) (\S+)$", answer.content.decode(), re.M)}


def test_requests_are_timed_under_their_route_and_never_under_their_address(shop, client, complain):
    ticket = complain()
    page = shop.page()
    name = 'cxms_http_request_seconds_count{method="GET",route="promises/<str:number>/",status="200"}'
    before = figures(client).get(name, 0)
    for _ in range(3):
        page.get(f"/promises/{ticket.number}/")
    after = figures(client)
    assert after[name] == before + 3
    assert not any(ticket.number in key for key in after)
    client.get("/api/v1/metrics")
    client.get("/no/such/page")
    assert figures(client)['cxms_http_request_seconds_count{method="GET",route="api/v1/metrics",status="401"}'] >= 1


def test_what_waits_and_what_is_dead_is_counted_over_all_organisations(shop, client, hook, now, work):
    from datetime import timedelta

    from integrations import deliveries
    from integrations.models import WebhookDelivery
    from ledger import facts
    from ledger.models import Delivery

    work()
    before = figures(client)
    with shop.scope():
        for i in range(3):
            facts.record("feedback.deleted", str(i), {}, organisation=shop.id, now=now - timedelta(seconds=50))
        Delivery.objects.filter(fact__subject="0").update(dead_at=now)
        row, _ = hook()
        deliveries.ping(row.id, organisation=shop.id, now=now, actor="t")
        WebhookDelivery.objects.update(next_at=now - timedelta(seconds=70))
    after = figures(client)
    due, dead = 'cxms_ledger_due{queue="webhooks"}', 'cxms_ledger_dead{queue="webhooks"}'
    assert after[due] - before.get(due, 0) == 2
    assert after[dead] - before.get(dead, 0) == 1
    assert after['cxms_ledger_lag_seconds{queue="webhooks"}'] >= 50
    assert after['cxms_webhook_deliveries{state="due"}'] - before.get('cxms_webhook_deliveries{state="due"}', 0) == 1
    assert after["cxms_webhook_late_seconds"] >= 70


def test_silence_of_a_process_shows(client):
    runner.beat("clockwork")
    found = figures(client)
    assert found['cxms_silent_seconds{process="clockwork"}'] < 30
    assert "cxms_promise_sweep_late_seconds" in found


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.9", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("", {}, 403),
    ],
)
def test_without_a_token_only_this_machine_may_look(client, address, headers, status):
    assert client.get("/prometheus", REMOTE_ADDR=address, headers=headers).status_code == status


def test_with_a_token_only_its_bearer_may_look(client, settings):
    settings.PROMETHEUS_TOKEN = "s3cret"
    assert client.get("/prometheus").status_code == 403
    assert client.get("/prometheus", headers={"authorization": "Bearer wrong"}).status_code == 403
    answer = client.get("/prometheus", headers={"authorization": "Bearer s3cret"}, REMOTE_ADDR="10.0.0.9")
    assert answer.status_code == 200


@pytest.mark.services
def test_two_workers_add_up_whoever_answers(tmp_path):
    """A real gunicorn with two workers: forty requests are forty in every one of ten answers."""
    import os
    import socket
    import subprocess
    import sys
    import time
    import urllib.request
    from pathlib import Path

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = ["--preload", "-k", "gthread", "--workers", "2", "--threads", "2", "--log-level", "warning", "-b", f"127.0.0.1:{port}"]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "cxms.settings", "TMPDIR": str(tmp_path)}
    root = Path(__file__).resolve().parents[2]
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", "cxms.wsgi", *flags], cwd=root, env=env)

    def get(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read().decode()

    try:
        for _ in range(300):
            try:
                get("/healthz")
                break
            except OSError:
                time.sleep(0.1)
        before = float(re.search(r'count\{method="GET",route="healthz",status="200"\} (\S+)', get("/prometheus"))[1])
        for _ in range(40):
            get("/healthz")
        found = {re.search(r'count\{method="GET",route="healthz",status="200"\} (\S+)', get("/prometheus"))[1] for _ in range(10)}
        assert found == {str(before + 40)}
    finally:
        server.terminate()
        server.wait(20)
    assert list(tmp_path.glob("cxms-figures-*")) == []
