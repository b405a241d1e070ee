"""The isolation walk: every route × another tenant's ids is a 404 with the bytes of an id that never existed.

A route whose parameter has no sample here fails the walk, so nobody forgets one.
"""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from complaints.intake import Complaint, file
from cxms.lib import clock
from feedback.intake import Source
from feedback.shapes import RawVoice

PUBLIC_PREFIXES = (
    "accounts/", "e/", "healthz", "readyz", "prometheus", "language/", "theme/", "p/", "s/", "f/", "a/", "invited/", "static/",
)  # fmt: skip
# routes whose parameter names something each organisation has of its own, or a table of the house
OWN = {"code", "slug"}
# the contract itself is no secret
WITHOUT_KEY = {"/api/v1/openapi.json"}
METHODS = ("get", "post", "put", "patch", "delete")


def routes(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry


def parameters(route):
    return re.findall(r"<(?:(?:\w+):)?(\w+)>", route)


def intake_one(shop, voice, now):
    from feedback import intake

    (receipt,) = intake.receive([voice], organisation=shop.id, source=Source(b"[]", "x", "t"), now=now)
    return receipt.id


@pytest.fixture
def treasure(shop):
    """One of everything of `shop`, with a marker that must never be seen elsewhere."""
    from alerts import accounts, metric_check, metric_rules
    from alerts.models import MetricAlert, MetricCell, Notice
    from complaints import bulk, file_kinds, leaving, moves, reply_templates, saved_views
    from complaints.leaving import RawLeaving
    from complaints.models import Attachment, Cause
    from complaints.reply_templates import Wanted as TemplateWanted
    from complaints.saved_views import Wanted
    from customers import customers, exposures, merging
    from customers.cards import Card
    from customers.customers import Put
    from customers.likeness import Likeness
    from customers.models import ExposureBatch
    from feedback import appeals
    from feedback.models import CodingSample
    from integrations import endpoints
    from ledger.models import Delivery
    from metrics import published, targets
    from reports import saved_dashboards, segments, widgets
    from surveys import inspections, surveys
    from surveys import links as survey_links
    from surveys.inspection_scoring import Item
    from surveys.models import PulseRound
    from tenancy import hierarchies, invitations
    from tenancy.models import ApiKey, Staff, Touchpoint
    from tests.surveys.conftest import spec

    now = clock.now()
    with shop.scope():
        voice = RawVoice(channel="phone", text="秘密标记-X7Q 要求退款", unit="S001", external_id="X7Q-1")
        ticket, _ = file(Complaint(voice), organisation=shop.id, source=Source(b"{}", "x", "t"), now=now)
        moves.apply(ticket.id, "note", {}, organisation=shop.id, actor="t", files=[file_kinds.clean("X7Q.txt", b"X7Q")])
        notice = Notice.objects.create(
            organisation_id=shop.id, recipient=shop.members["executive"], ticket=ticket, purpose="executives", key="k",
            created_at=now,
        )  # fmt: skip
        invitation = invitations.invite(
            organisation=shop.id, email="x7q@x.example", name="", roles=[("analyst", "HQ")], now=now, actor="t"
        )
        shop.key()
        api_key = ApiKey.objects.get()
        dead = Delivery.objects.order_by("id").first()
        hook, _ = endpoints.create(
            organisation=shop.id, url="https://hooks.example.com/X7Q", kinds=["*"], now=now, actor="t",
            resolver=lambda *_: ["93.184.215.14"],
        )  # fmt: skip
        view = saved_views.add(
            uuid.uuid4(), Wanted("X7Q", ""), shop.members["cx_manager"], organisation=shop.id, now=now, actor="t"
        )
        run = bulk.start(
            uuid.uuid4(), [ticket.id], "note", {"text": "X7Q"}, organisation=shop.id, member=shop.members["cx_manager"],
            language="zh-hans", now=now, actor="t",
        )  # fmt: skip
        saying = reply_templates.add(uuid.uuid4(), TemplateWanted("X7Q", "您好"), organisation=shop.id, now=now, actor="t")
        account = accounts.save(
            None, {"url": "https://oapi.dingtalk.com/robot/send?access_token=X7Q"}, kind="dingtalk", label="X7Q", unit=shop.units["HQ"],
            organisation=shop.id, now=now, actor="t", resolver=lambda *_: ["93.184.215.14"],
        )  # fmt: skip
        hierarchy = hierarchies.add(organisation=shop.id, code="X7Q", name="X7Q", now=now, actor="t")
        exposures.carry_out(exposures.plan([(1, {"day": "2026-01-05", "unit": "S001", "kind": "order", "count": "7", "source": "X7Q"})], organisation=shop.id), organisation=shop.id, now=now, actor="t")
        batch = ExposureBatch.objects.get()
        segment = segments.add(uuid.uuid4(), segments.Wanted("X7Q", {"tier": "gold"}), shop.seat("cx_manager"), organisation=shop.id, now=now, actor="t")
        rule = metric_rules.put(
            uuid.uuid4(), metric_check.check({"name": "X7Q", "metric": "nps", "kind": "absence"}, organisation=shop.id), version=None,
            organisation=shop.id, now=now, actor="t",
        ).rule  # fmt: skip
        alert = MetricAlert.objects.create(
            organisation_id=shop.id, rule=rule, rule_version=1, name="X7Q", metric="nps", definition="nps v1", condition=rule.condition,
            grain="week", from_date="2026-01-05", to_date="2026-01-12", as_of=now, n_cells=1, is_told=True,
        )  # fmt: skip
        MetricCell.objects.create(organisation_id=shop.id, alert=alert, position=0, unit=shop.units["HQ"], figures={"value": None, "n": 0, "state": "fires", "why": "silent"})
        survey = surveys.create(spec(name="X7Q"), code="x7q", organisation=shop.id, now=now, actor="t")
        (link,) = survey_links.provide(survey, [shop.units["S001"]], organisation=shop.id, now=now, actor="t")
        board = saved_dashboards.add(
            uuid.uuid4(), "X7Q", [widgets.made("number", "nps")], shop.seat("cx_manager"),
            organisation=shop.id, now=now, actor="t",
        )  # fmt: skip
        drawn = CodingSample.objects.create(
            organisation_id=shop.id, name="X7Q", seed=1, is_stratified=False, voices=[ticket.feedback_id],
            coders=[shop.members["admin"].id, shop.members["cx_manager"].id], drawn_at=now, drawn_by="t",
        )  # fmt: skip
        target = targets.put(uuid.uuid4(), targets.Wanted("nps", "25", "2026-01-01", note="X7Q"), organisation=shop.id, now=now, actor="t")
        public = published.add(
            uuid.uuid4(), {"name": "X7Q", "publisher": "X7Q", "metric": "csi", "year": "2025", "value": "80", "source": "X7Q"},
            organisation=shop.id, now=now, actor="t",
        )  # fmt: skip
        kept = customers.put(Put(Card(external_id="X7Q-K", name="X7Q")), organisation=shop.id, now=now, actor="t")[0]
        gone = customers.put(Put(Card(external_id="X7Q-G")), organisation=shop.id, now=now, actor="t")[0]
        joined = merging.merge(kept.id, gone.id, Likeness(0.5, ()), organisation=shop.id, now=now, actor="t")
        asked = PulseRound.objects.create(organisation_id=shop.id, local_day="2026-01-05", opened_at=now, opened_by="t", closes_at=now, n_asked=5)
        contested = appeals.make(
            intake_one(shop, RawVoice(channel="phone", text="X7Q 他态度不好", unit="S001", staff="E001"), now), "X7Q 那天我不在",
            Staff.objects.get(employee_no="E001"), organisation=shop.id, now=now, actor="t",
        )  # fmt: skip
        inspections.save([Item("x7q", "X7Q", 1)], on=0, organisation=shop.id, now=now, actor="t")
        walked = inspections.inspect(
            uuid.uuid4(), shop.units["S001"], 1, {"x7q": 1}, "X7Q", organisation=shop.id, now=now, actor="t", actor_name="X7Q"
        )
        left = leaving.record(
            uuid.uuid4(), RawLeaving("", now.date() - timedelta(days=2), "price", customer="X7Q", note="X7Q"), version=0, organisation=shop.id, now=now, actor="t"
        )
        return {
            "desk/leaving/records/": str(left.id),
            "people/pulse/": str(asked.id),
            "people/appeals/": str(contested.id),
            "inspections/": str(walked.id),
            "targets/": str(target.id),
            "published/": str(public.id),
            "api/v1/targets/": str(target.id),
            "coding/": str(drawn.id),
            "customers/merges/": str(joined.id),
            "api/v1/customers/merges/": str(joined.id),
            "customers/": str(kept.id),
            "dashboards/": str(board.id),
            "part": board.widgets[0]["id"],
            "promises/<str:number>/files/": str(Attachment.objects.get().id),
            "api/v1/complaints/<str:number>/files/": str(Attachment.objects.get().id),
            "settings/notices/accounts/": str(account.id),
            "segments/": str(segment.id),
            "settings/exposures/": str(batch.id),
            "settings/causes/": str(Cause.objects.order_by("code")[0].id),
            "settings/metric-rules/": str(rule.id),
            "api/v1/metric-rules/": str(rule.id),
            "api/v1/metric-alerts/": str(alert.id),
            "alerts/": str(alert.id),
            "surveys/": str(survey.id),
            "survey-links/": str(link.id),
            "promises/views/": str(view.id),
            "settings/templates/": str(saying.id),
            "settings/assignment/": str(shop.members["analyst"].id),
            "promises/bulk/": str(run.id),
            "settings/invitations/": str(invitation.id),
            "settings/members/": str(shop.members["analyst"].id),
            "settings/hierarchies/": str(hierarchy.id),
            "settings/units/": str(shop.units["S001"].id),
            "settings/staff/": str(Staff.objects.get(employee_no="E001").id),
            "settings/touchpoints/": str(Touchpoint.objects.get(code="payment").id),
            "api/v1/webhooks/": str(hook.id),
            "connect/webhooks/": str(hook.id),
            "connect/keys/": str(api_key.id),
            "delivery": str(dead.id),
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
    if name == "version":
        return "1"
    if name == "code":  # a topic, which every organisation has
        return "price"
    if name == "part":
        return treasure["part"] if known else "nothing"
    if name == "delivery":
        return treasure["delivery"] if known else "999999999999"
    if name == "external_id":
        return treasure["external_id"] if known else "nobody-1"
    if name in {"key", "feedback_id", "notice_id", "ticket_id", "pk", "id"}:
        own = next((head for head in treasure if head.endswith("/") and route.startswith(head)), "")
        kind = own or ("notice" if "notice" in route else "ticket" if "ticket" in route else "feedback")
        return treasure[kind] if known else str(uuid.uuid4())
    pytest.fail(f"the isolation walk has no sample for <{name}> of {route}: add one")
    return None


def filled(route, treasure, known):
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
            # a token against forgery is 64 random letters, and one day it says the marker
            said = re.sub("[A-Za-z0-9]{64}", "", theirs.content.decode(errors="replace"))
            assert "X7Q" not in said.replace(treasure["external_id"], ""), route
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
        if path in WITHOUT_KEY:
            assert answer.status_code == 200
            continue
        assert answer.status_code in {401, 405}, route
        if answer.status_code == 401:
            assert answer.json()["code"] == "unauthenticated"
