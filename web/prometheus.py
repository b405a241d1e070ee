"""`/prometheus`: how fast pages answer, what waits, what is dead, who is silent. For the house's operator alone.

The workers of one gunicorn add up in a directory that they share (`cxms.wsgi`); workers that load the application each
for itself need PROMETHEUS_MULTIPROC_DIR, an empty directory. The figures of the database are the same whoever is asked.
"""

import hmac
import ipaddress
import os
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from alerts import watchdog
from complaints import sweep
from integrations import queries as integrations
from ledger import queries as ledger
from ledger import runner
from web.door import public

GetResponse = Callable[[HttpRequest], HttpResponse]
PROCESSES = ("clockwork", "worker", "watchdog")
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

registry = CollectorRegistry()
requests = Histogram(
    "cxms_http_request_seconds", "Requests by route, method and status", ("route", "method", "status"), buckets=BUCKETS, registry=registry
)


class Measure:
    """Middleware: times every request under the name of its route, never under its address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request."""
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route if match else "(none)"
        method = request.method if request.method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} else "other"
        requests.labels(route, method, str(response.status_code)).observe(time.perf_counter() - began)
        return response


def _gauge(name: str, text: str, label: str, values: list[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label] if label else None)
    for value, number in values:
        family.add_metric([value] if label else [], number)
    return family


class House(Collector):
    """What the database says at the moment of asking, over all organisations, through the dispatcher's eye."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Each figure anew."""
        queues = ledger.queues()
        yield _gauge("cxms_ledger_due", "Deliveries that are due", "queue", [(q, due) for q, due, _, _ in queues])
        yield _gauge("cxms_ledger_dead", "Dead letters", "queue", [(q, dead) for q, _, dead, _ in queues])
        yield _gauge("cxms_ledger_lag_seconds", "How late the oldest due delivery is", "queue", [(q, lag) for q, _, _, lag in queues])
        silent = [(name, runner.silent_seconds(name)) for name in PROCESSES]
        yield _gauge("cxms_silent_seconds", "Since a process last worked; +Inf when it never did", "process", silent)
        at = sweep.next_at()
        late = max(0.0, (runner.database_now() - at).total_seconds()) if at else 0.0
        yield _gauge("cxms_promise_sweep_late_seconds", "How late the oldest promise to be swept is", "", [("", late)])
        wrong = [(row["name"], row["n"]) for row in watchdog.open_incidents()]
        yield _gauge("cxms_watchdog_incidents", "What the watchdog finds late, and how many of it", "name", wrong)
        hooks = integrations.backlog()
        yield _gauge("cxms_webhook_deliveries", "Webhook deliveries of active endpoints", "state", [(s, n) for s, n, _ in hooks])
        waits = max((late for state, _, late in hooks if state == "due"), default=0.0)
        yield _gauge("cxms_webhook_late_seconds", "How late the oldest due webhook is", "", [("", max(0.0, waits))])


registry.register(House())


def _may(request: HttpRequest) -> bool:
    """With a token: who bears it. Without: this machine alone, and nobody it speaks for."""
    token = settings.PROMETHEUS_TOKEN
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


@public
def prometheus(request: HttpRequest) -> HttpResponse:
    """The figures in Prometheus' text format."""
    if not _may(request):
        return HttpResponse("forbidden\n", status=403, content_type="text/plain")
    shown = registry
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shown = CollectorRegistry()
        MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
        shown.register(House())
    return HttpResponse(generate_latest(shown), content_type=CONTENT_TYPE_LATEST)

