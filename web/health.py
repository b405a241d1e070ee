"""Alive and ready, for supervisors and load balancers."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from alerts import watchdog
from ledger import runner
from web.door import public

FRESH_SECONDS = 15.0
WATCHDOG_SECONDS = 90.0


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; `?detail=1` adds what the watchdog found wrong, and how long it has been silent."""
    if "detail" not in request.GET:
        return JsonResponse({"status": "alive"})
    try:
        silent = runner.silent_seconds(watchdog.HEARTBEAT)
        detail = {"incidents": watchdog.open_incidents(), "watchdog": silent < WATCHDOG_SECONDS}
    except DatabaseError:
        detail = {"incidents": None, "watchdog": False}
    return JsonResponse({"status": "alive", **detail})


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, queue and clockwork are fresh: 200, else 503 naming what is not. An absent Redis costs only speed."""
    found: dict[str, object] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        found["database"] = True
        for name in ("clockwork", "worker"):
            found[name] = runner.silent_seconds(name) < FRESH_SECONDS
    except Exception:
        found["database"] = False
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5).ping()
        found["doorbell"] = True
    except redis.RedisError:
        found["doorbell"] = False
    ready = all(found.get(name) for name in ("database", "clockwork", "worker"))
    return JsonResponse({"status": "ready" if ready else "not ready", **found}, status=200 if ready else 503)
