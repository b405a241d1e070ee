"""The contract: complete, valid, and true: what the endpoints answer is what the document says."""

import json
import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from api import openapi
from api.missing import Missing
from api.urls import endpoints
from integrations import public_facts
from tests.walls.test_isolation import METHODS, routes


def test_every_route_and_method_is_documented():
    """A new endpoint that says nothing of a method fails here."""
    walked = 0
    paths = openapi.document()["paths"]
    for route, entry in routes():
        if not route.startswith("api/v1/"):
            continue
        kind = getattr(entry.callback, "cls", None)
        if kind is None or kind is Missing:
            assert route in {"api/v1/openapi.json", "api/v1/^.*$"}, route
            continue
        methods = {method.upper() for method in METHODS if hasattr(kind, method)}
        assert set(kind.says) == methods, f"{kind.__name__} says nothing of {methods - set(kind.says)}"
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: "{" + openapi.NAMES.get(m[1], m[1]) + "}", route.removeprefix("api/v1/"))
        for method in methods:
            said = paths[path][method.lower()]
            assert said["summary"] and said["x-scope"] == kind.needs[method]
            assert {"401", "403", "429"} <= set(said["responses"])
            walked += 1
    assert walked >= 34
    assert len(endpoints) == len(paths)


def test_the_control_an_endpoint_that_says_nothing_is_seen(monkeypatch):
    from api.feedback import FeedbackOne

    monkeypatch.setattr(FeedbackOne, "says", {"GET": FeedbackOne.says["GET"]})
    openapi.document.cache_clear()
    try:
        with pytest.raises(AssertionError, match="FeedbackOne says nothing of"):
            test_every_route_and_method_is_documented()
    finally:
        openapi.document.cache_clear()


def test_the_document_is_valid_openapi_3_1(client):
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json; charset=utf-8")
    document = answer.json()
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()
    operations = [operation for path in document["paths"].values() for name, operation in path.items() if name != "parameters"]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert set(document["webhooks"]) == {*public_facts.KINDS, public_facts.PING}


def check(schema, value):
    """Raises when a value is not what the schema says."""
    document = openapi.document()
    registry = Registry().with_resource("urn:doc", Resource.from_contents(document, default_specification=DRAFT202012))
    fixed = json.loads(json.dumps(schema).replace('"#/components', '"urn:doc#/components'))
    Draft202012Validator(fixed, registry=registry).validate(value)


def answer_schema(path, method, status):
    return openapi.document()["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]


def test_what_is_answered_is_what_the_document_says(shop, work, settings):
    """Real answers of most operations against their schemas, and the examples against theirs."""
    settings.WEBHOOK_ALLOW = ["127.0.0.1"]
    client = shop.api()

    def call(method, path, where, body=None, status=200, **headers):
        arguments = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        answer = getattr(client, method)(f"/api/v1{where}", headers=headers, **arguments)
        assert answer.status_code == status, answer.content[:300]
        if status != 204:
            check(answer_schema(path, method, status), answer.json())
        return answer.json() if status != 204 else None

    paths = openapi.document()["paths"]
    for row in paths.values():
        for method, said in row.items():
            if method != "parameters" and "requestBody" in said:
                content = said["requestBody"]["content"].get("application/json", {})
                if "example" in content:
                    check(content["schema"], content["example"])
    example = paths["/feedback"]["post"]["requestBody"]["content"]["application/json"]["example"]
    voice = call("post", "/feedback", "/feedback", example, 201)["id"]
    call("post", "/feedback", "/feedback", example, 200)
    bulk = paths["/feedback/bulk"]["post"]["requestBody"]["content"]["application/json"]["example"]
    call("post", "/feedback/bulk", "/feedback/bulk", [*bulk, {"channel": "app"}])
    call("post", "/customers/bulk", "/customers/bulk", [{"external_id": "K-2"}, {"external_id": "K-3", "phone": "x"}])
    call("put", "/customers/{external_id}", "/customers/K-9", {"tier": "gold"}, 201)
    complaint = call("post", "/complaints", "/complaints", {**example, "external_id": "c1", "severity": "high"}, 201)
    event = {"external_id": "O-1", "kind": "order", "occurred_at": "2026-03-02T10:00:00+08:00", "customer": {"external_id": "K-1001"}}
    call("post", "/events", "/events", event, 201)
    call("post", "/events", "/events", [event], 200)
    work()
    call("get", "/feedback/{id}", f"/feedback/{voice}")
    call("get", "/feedback", "/feedback")
    call("get", "/complaints", "/complaints")
    call("get", "/complaints/{number}", f"/complaints/{complaint['number']}")
    move = {"move": "reply", "text": "您好"}
    call("post", "/complaints/{number}/moves", f"/complaints/{complaint['number']}/moves", move)
    call("get", "/customers/{external_id}", "/customers/K-1001")
    call("get", "/customers/{external_id}/summary", "/customers/K-1001/summary")
    call("get", "/policies", "/policies")
    call("get", "/policies/{code}", "/policies/promise")
    call("put", "/policies/{code}", "/policies/vip", paths["/policies/{code}"]["put"]["requestBody"]["content"]["application/json"]["example"], 201)
    call("get", "/calendars/{code}", "/calendars/office")
    call("post", "/promises/preview", "/promises/preview", paths["/promises/preview"]["post"]["requestBody"]["content"]["application/json"]["example"])
    call("get", "/metrics", "/metrics")
    call("get", "/metrics/{code}", "/metrics/nps")
    call("get", "/changes", "/changes")
    hook = call("post", "/webhooks", "/webhooks", {"url": "http://127.0.0.1:9/x"}, 201)["id"]
    call("get", "/webhooks", "/webhooks")
    call("get", "/webhooks/{id}", f"/webhooks/{hook}")
    call("patch", "/webhooks/{id}", f"/webhooks/{hook}", {"description": "CRM"})
    call("post", "/webhooks/{id}/rotate", f"/webhooks/{hook}/rotate", {})
    call("post", "/webhooks/{id}/test", f"/webhooks/{hook}/test", {}, 202)
    call("post", "/webhooks/{id}/replay", f"/webhooks/{hook}/replay", {"dead": True}, 202)
    call("get", "/webhooks/{id}/deliveries", f"/webhooks/{hook}/deliveries")
    call("get", "/feedback/{id}/corrections", f"/feedback/{voice}/corrections")
    call("get", "/feedback/accuracy", "/feedback/accuracy")
    call("get", "/taxonomy", "/taxonomy")
    call("post", "/feedback/{id}/exclude", f"/feedback/{voice}/exclude", {"reason": "test"})
    call("post", "/feedback/{id}/include", f"/feedback/{voice}/include", {})
    call("delete", "/webhooks/{id}", f"/webhooks/{hook}", status=204)
    call("delete", "/feedback/{id}", f"/feedback/{voice}", status=204)


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_the_docs_page_shows_every_operation_without_anything_from_elsewhere(client, language):
    client.cookies["cxms_language"] = language
    answer = client.get("/api/docs/")
    assert answer.status_code == 200
    text = answer.content.decode()
    for path, row in openapi.document()["paths"].items():
        for method, said in row.items():
            if method != "parameters":
                assert f'id="{said["operationId"]}"' in text, (method, path)
    for kind in public_facts.KINDS:
        assert f'id="event-{kind}"' in text
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert all(link.startswith(("/", "#")) for link in links)
    named = re.findall(r'\sid="([^"]+)"', text)
    anchors = set(named)
    assert sorted(named) == sorted(anchors), "an anchor leads to one place"
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert "<script>" not in text and " style=" not in text


def test_the_recipe_of_the_docs_verifies_what_we_sign():
    """The code on the page is run as it stands there."""
    import html
    import time

    from django.test import Client

    from integrations import signing

    text = html.unescape(Client().get("/api/docs/").content.decode())
    code = text.split('aria-label="Python, by hand">')[1].split("</pre>")[0]
    scope = {}
    exec(code, scope)
    secret, body = signing.new_secret(), b'{"type":"x"}'
    headers = signing.headers("msg_1", int(time.time()), body, [secret])
    assert scope["is_ours"](signing.shown(secret), headers, body)
    assert not scope["is_ours"](signing.shown(secret), headers, body + b" ")
    old = signing.headers("msg_1", int(time.time()) - 400, body, [secret])
    assert not scope["is_ours"](signing.shown(secret), old, body)
