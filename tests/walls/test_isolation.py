"""The isolation walk: every route × another tenant's ids is a 404 with the bytes of an id that never existed.

A route whose parameter has no sample here fails the walk, so nobody forgets one.
"""

import json
import uuid

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from complaints.intake import Complaint, file
from cxms.lib import clock
from feedback.intake import Source
from feedback.shapes import RawVoice

PUBLIC_PREFIXES = ("accounts/", "healthz", "readyz", "language/", "theme/", "p/", "static/")
# routes whose parameter names something each organisation has of its own, or a table of the house
OWN = {"code", "slug"}
METHODS = ("get", "post", "put", "patch", "delete")


def routes(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry


def parameters(route):
    import re

    return re.findall(r"<(?:(?:\w+):)?(\w+)>", route)


@pytest.fixture
def treasure(shop):
    """One of everything of `shop`, with a marker that must never be seen elsewhere."""
    from alerts.models import Notice

    now = clock.now()
    with shop.scope():
        voice = RawVoice(channel="phone", text="秘密标记-X7Q 要求退款", unit="S001", external_id="X7Q-1")
        ticket, _ = file(Complaint(voice), organisation=shop.id, source=Source(b"{}", "x", "t"), now=now)
        notice = Notice.objects.create(
            organisation_id=shop.id, recipient=shop.members["executive"], ticket=ticket, purpose="executives", key="k",
            created_at=now,
        )  # fmt: skip
        return {
            "feedback": str(ticket.feedback_id),
            "number": "C-000101-777" if False else ticket.number,
            "notice": str(notice.id),
            "external_id": "X7Q-1",
            "ticket": str(ticket.id),
        }


def sample(route, name, treasure, known):
    if name == "number":
        # numbers repeat from organisation to organisation: take one the stranger does not have
        return treasure["number"] if known else "C-990101-999"
    if name == "external_id":
        return treasure["external_id"] if known else "nobody-1"
    if name in {"key", "feedback_id", "notice_id", "ticket_id", "pk", "id"}:
        kind = "notice" if "notice" in route else "ticket" if "ticket" in route else "feedback"
        return treasure[kind] if known else str(uuid.uuid4())
    pytest.fail(f"the isolation walk has no sample for <{name}> of {route}: add one")
    return None


def filled(route, treasure, known):
    import re

    def put(match):
        return sample(route, match.group(1), treasure, known)

    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", put, route)


def test_every_route_with_another_tenants_ids_is_a_404(shop, stranger, treasure):
    api, page = stranger.api(), stranger.page("admin")
    walked = 0
    for route, _ in routes():
        names = parameters(route)
        if not names or route.startswith(PUBLIC_PREFIXES) or set(names) <= OWN:
            continue
        client = api if route.startswith("api/") else page
        for method in METHODS:
            body = json.dumps({"move": "note", "text": "x", "reason": "x"})
            send = getattr(client, method)
            form = {"data": body, "content_type": "application/json"} if client is api else {}
            arguments = form if method != "get" else {}
            theirs = send(filled(route, treasure, True), **arguments)
            nobody = send(filled(route, treasure, False), **arguments)
            assert "X7Q" not in theirs.content.decode(errors="replace").replace(treasure["external_id"], ""), route
            assert theirs.status_code == nobody.status_code, (route, method)
            if route.endswith("customers/<str:external_id>") and method == "put":
                assert theirs.status_code == 201  # each organisation makes its own customer
                continue
            assert theirs.status_code in {404, 405, 415}, (route, method, theirs.status_code)
            if theirs.status_code == 404 and client is api:
                assert theirs.content == nobody.content, (route, method)
            walked += 1
    assert walked > 30


def test_every_route_names_a_capability():
    """A page names one with @needs or is marked public; an endpoint names a scope per method."""
    from api.door import Endpoint
    from api.missing import Missing
    from tenancy.capabilities import API_SCOPES, CAPABILITIES

    checked = 0
    for route, entry in routes():
        if route.startswith(("accounts/", "static/")):
            continue
        view = entry.callback
        kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
        if kind is Missing:
            continue
        if kind is not None and issubclass(kind, Endpoint):
            methods = {m.upper() for m in METHODS if hasattr(kind, m)}
            assert methods == set(kind.needs), route
            assert set(kind.needs.values()) <= set(API_SCOPES), route
        else:
            capability = getattr(view, "capability", None)
            assert capability == "public" or capability in CAPABILITIES, f"{route} names no capability"
        checked += 1
    assert checked > 20


def test_api_without_a_key_is_401_everywhere(client, treasure):
    for route, _ in routes():
        if not route.startswith("api/v1/") or "^" in route:
            continue
        path = filled(route.replace("<str:code>", "x"), treasure, True)
        answer = client.get(path)
        assert answer.status_code in {401, 405}, route
        if answer.status_code == 401:
            assert answer.json()["code"] == "unauthenticated"
