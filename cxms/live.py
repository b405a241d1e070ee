"""Live updates: one raw ASGI app that turns the organisation's Redis channel into server-sent events.

`GET /live?token=…` with the token of `web.live_tokens`; run by uvicorn beside gunicorn. It reads no database and knows
no facts: a page that hears something asks the web process again. Without it, or without Redis, pages poll.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any
from urllib.parse import parse_qs

import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from web import live_tokens

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxms.settings")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
HEARTBEAT_SECONDS = 15.0
# one event per open stream; a stop sets them all
_streams: set[asyncio.Event] = set()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """The ASGI entry: lifespan, /live, and nothing else."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _http(scope, receive, send)


def _end_streams_on_a_stop() -> None:
    """Streams never end by themselves, and uvicorn waits for them before it stops: a stop signal ends them first."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def stop(caught: int, frame: FrameType | None, before: Any = before) -> None:
            for stream in list(_streams):
                loop.call_soon_threadsafe(stream.set)
            if callable(before):
                before(caught, frame)

        signal.signal(number, stop)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _end_streams_on_a_stop()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _http(scope: Message, receive: Receive, send: Send) -> None:
    if scope["path"] == "/healthz":
        return await _answer(send, 200, b"alive")
    if scope["path"] != "/live" or scope["method"] != "GET":
        return await _answer(send, 404, b"")
    token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
    who = live_tokens.read(token)
    if who is None:
        return await _answer(send, 403, b"")
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"access-control-allow-origin", settings.SITE_URL.encode()),
        (b"vary", b"Origin"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    gone = asyncio.ensure_future(_until_gone(receive))
    speaking = asyncio.ensure_future(_speak(who[0], send))
    stop = asyncio.Event()
    _streams.add(stop)
    stopping = asyncio.ensure_future(stop.wait())
    # whichever ends first ends the others: the reader left, the channel broke (the browser comes again), or we stop
    tasks: set[asyncio.Future[Any]] = {gone, speaking, stopping}
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, RedisError, OSError):
            await task
    _streams.discard(stop)
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "http.response.body", "body": b""})
    return None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _speak(organisation: int, send: Send) -> None:
    """Sends one event per message of the channel, and a comment when it is silent for long."""
    connection = redis.asyncio.Redis.from_url(settings.REDIS_URL)
    try:
        async with connection.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(f"cxms:live:{organisation}")
            await _body(send, b"retry: 3000\n: listening\n\n")
            while True:
                heard = await channel.get_message(timeout=HEARTBEAT_SECONDS)
                if heard is None:
                    await _body(send, b": still here\n\n")
                else:
                    await _body(send, b"data: " + bytes(heard["data"]).replace(b"\n", b" ") + b"\n\n")
    finally:
        await connection.aclose()


async def _body(send: Send, part: bytes) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def _answer(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})
