"""Personal data on every road out: pages, API, mails, webhooks, logs. One text holds all seven kinds; none of it leaves."""

import contextlib
import csv
import io
import json
import logging
import uuid
from dataclasses import replace
from datetime import date, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from alerts.models import Notice
from complaints import moves, reply_templates
from complaints.models import Ticket
from customers import customers
from customers.cards import Card
from customers.customers import Put
from cxms.lib import clock
from feedback import masking
from feedback.models import Feedback, ImportJob
from integrations import endpoints
from integrations.models import WebhookDelivery
from tenancy.capabilities import API_SCOPES
from tenancy.models import AuditEvent
from tests.metrics.voices import receive, voice
from tests.walls.test_isolation import parameters, routes

RAW = {
    "mobile": "13912340077", "id_card": "11010519491231002X", "bank_card": "6222021234567890128", "plate": "沪A12345",
    "email": "chen.xm@example.com", "address": "杭州市西湖区文三路478号3幢502室", "name": "陈晓明",
}  # fmt: skip
TEXT = (
    f"我叫{RAW['name']}，耳机坏了要求退款，不退就投诉到12315。电话{RAW['mobile']}，身份证{RAW['id_card']}，"
    f"卡号{RAW['bank_card']}，车牌{RAW['plate']}，邮箱{RAW['email']}，地址：{RAW['address']}。"
)
DOCUMENT = {
    "note": TEXT, "customer": {"name": RAW["name"], "phones": [int(RAW["mobile"])], "id_no": RAW["id_card"]},
    "付款": {"银行卡号": RAW["bank_card"]}, "送到": [{"地址": RAW["address"]}, RAW["plate"]], "reply_to": f"<{RAW['email']}>", "order_no": "20260907001", "waited": 95,
}  # fmt: skip
# what is the customer's own page, or a file somebody else's bytes
OWN = ("accounts/", "static/", "p/", "s/", "f/", "a/", "invited/", "language/", "theme/")


def leaks(body):
    """What of the text's personal data is in a body, JSON escapes undone."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    with contextlib.suppress(ValueError):
        text += json.dumps(json.loads(text), ensure_ascii=False)
    return [value for value in RAW.values() if value in text]


def roads(keys):
    """Every GET route, with the keys of what the text made where one is asked for."""
    for route, _ in routes():
        names = parameters(route)
        if route.startswith(OWN) or "^" in route or "(?P" in route:
            continue
        head = "/" + route
        for name in names:
            known = keys["number"] if name == "number" else keys["feedback"] if "feedback" in route else ""
            known = {"code": "nps", "external_id": "K-77", "version": "1", "slug": "x"}.get(name, known)
            head = head.replace(next(part for part in (f"<uuid:{name}>", f"<str:{name}>", f"<slug:{name}>", f"<int:{name}>", f"<path:{name}>", f"<{name}>") if part in head), known or "0")
        yield head


def test_no_road_carries_personal_data(shop, now, work, caplog):
    caplog.set_level(logging.DEBUG)
    day = clock.now().date() - timedelta(days=1)
    with shop.scope():
        endpoints.create(organisation=shop.id, url="https://hooks.example.com/x", kinds=["*"], now=now, actor="t", resolver=lambda *_: ["93.184.215.14"])
        # the customer's own card holds them too, and so do documents of his system
        customers.put(Put(Card("K-77", RAW["name"], RAW["mobile"], RAW["email"])), organisation=shop.id, now=now, actor="crm")
    made = [replace(voice(day, 2, text=TEXT, customer="K-77", staff="E001"), metadata=DOCUMENT)] + [voice(day, 3, text=f"{TEXT}第{n}次等太久") for n in range(9)]
    key = receive(shop, made, now=now)[0]
    work()
    with shop.scope():
        ticket = Ticket.objects.get(feedback_id=key)
        moves.apply(ticket.id, "message", {"text": TEXT}, organisation=shop.id, actor="customer")
        moves.apply(ticket.id, "note", {"text": f"已打 {RAW['mobile']}，没人接"}, organisation=shop.id, actor="t")
        assert not leaks(ticket.title)
        reply_templates.add(uuid.uuid4(), reply_templates.Wanted("先致歉", "{客户称呼}，您好"), organisation=shop.id, now=now, actor="t")
    work()
    keys = {"number": ticket.number, "feedback": str(key)}
    page, api, seen, opened = shop.page("admin"), shop.api(*set(API_SCOPES) - {"customers:write", "originals:read"}), [], 0
    for road in roads(keys):
        answer = (api if road.startswith("/api/") else page).get(road)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        opened += answer.status_code == 200
        seen += [(road, found) for found in [leaks(body)] if found and not road.endswith("/original")]
    person, tail, greets = f"/customers/{ticket.customer_id}/", RAW["mobile"][-4:], f"/promises/{ticket.number}/templates/"
    others = (person, f"/customers/?q={tail}", f"/log/customers/?q={tail}", f"/log/customers/{ticket.customer_id}/")
    seen += [(road, found) for road in others for found in [leaks(page.get(road).content)] if found]
    # who may see originals greets by name
    assert (greets, [RAW["name"]]) in seen
    seen = [(road, found) for road, found in seen if road != greets] + [("frontline", found) for found in [leaks(shop.page("frontline").get(greets).content)] if found]
    for role in ("frontline", "store_manager", "executive"):
        for road in ("/", "/feedback/", f"/feedback/{key}/", "/promises/", f"/promises/{ticket.number}/", "/notices/", *others):
            seen += [(role, road, found) for found in [leaks(shop.page(role).get(road).content)] if found]
    assert seen == []
    assert opened > 60
    assert all("139 **** 0077" in page.get(road).content.decode() for road in others)
    # the letters, the messages to other systems and the logs
    with shop.scope():
        sent = list(WebhookDelivery.objects.all())
        assert len(sent) > 10
        assert not [row.kind for row in sent if leaks(bytes(row.body))]
        notices = list(Notice.objects.all())
        assert not [row.purpose for row in notices if leaks(json.dumps(row.data, ensure_ascii=False))]
        assert {"executives", "praise"} & {row.purpose for row in notices}
    assert not leaks("\n".join(record.getMessage() for record in caplog.records))
    # the negative control: the text is there, and who looks with a right sees it
    with shop.scope():
        assert leaks(Feedback.objects.get(id=key).text) == list(RAW.values())


def test_the_original_needs_a_right_a_reason_and_leaves_a_line(shop, stranger, now, work):
    key = receive(shop, [replace(voice(date(2026, 9, 7), 2, text=TEXT), metadata=DOCUMENT)], now=now)[0]
    work()
    road = f"/feedback/{key}/original/"
    assert shop.page("analyst").post(road, {"reason": "给客户回电"}).status_code == 403
    assert "没有看原文的权限" in shop.page("analyst").get(f"/feedback/{key}/").content.decode()
    assert stranger.page("admin").post(road, {"reason": "给客户回电"}).status_code == 404
    manager = shop.page("store_manager")
    assert manager.post(road, {"reason": " x "}).status_code == 302
    with shop.scope():
        assert not AuditEvent.objects.filter(action="original.read")
    answer = manager.post(road, {"reason": f"给客户回电 {RAW['mobile']}"})
    assert leaks(answer.content) == list(RAW.values())
    assert answer.headers["Cache-Control"] == "no-store"
    assert not leaks(manager.get(f"/feedback/{key}/").content)
    with shop.scope():
        line = AuditEvent.objects.get(action="original.read")
    assert (line.subject, line.detail) == (str(key), {"reason": "给客户回电 " + "*" * 11})
    assert "store_manager" in line.actor
    api, asked = shop.api("originals:read"), f"/api/v1/feedback/{key}/original"
    assert api.get(asked).status_code == 422
    assert api.get(asked, {"reason": "工单 A1"}).json() == {"id": str(key), "text": TEXT, "metadata": DOCUMENT}
    assert shop.api("feedback:read").get(asked, {"reason": "工单 A1"}).status_code == 403
    answers = [api.get(asked, {"reason": "再看一次"}).status_code for _ in range(31)]
    assert set(answers) == {200, 429}
    row = shop.api("feedback:read").get(f"/api/v1/feedback/{key}").json()
    assert len(row["text"]) == len(TEXT)
    assert not leaks(json.dumps(row["metadata"], ensure_ascii=False))
    assert (row["metadata"]["order_no"], row["metadata"]["waited"]) == ("20260907001", 95)
    assert {span["type"] for span in row["analysis"]["pii"]} == set(RAW)
    assert all(set(row["text"][span["start"] : span["end"]]) == {"*"} for span in row["analysis"]["pii"])


def test_colleagues_names_stay_in_their_own_words():
    said = f"我是店长王磊，请打 {RAW['mobile']}"
    assert masking.hidden(said, names=False) == "我是店长王磊，请打 【手机号】"
    assert masking.covered_deep({"a": [RAW["mobile"], 3, None]}) == {"a": ["*" * 11, 3, None]}


def test_how_a_customer_is_reached_needs_a_right_a_reason_and_leaves_a_line(shop, stranger, now):
    with shop.scope():
        row = customers.put(Put(Card("K-77", RAW["name"], RAW["mobile"], RAW["email"])), organisation=shop.id, now=now, actor="crm")[0]
        customers.put(Put(Card("K-78", RAW["name"], RAW["mobile"], RAW["email"])), organisation=shop.id, now=now, actor="crm")
    page, road = f"/customers/{row.id}/", f"/customers/{row.id}/contact/"
    assert shop.page("frontline").post(road, {"reason": "给客户回电"}).status_code == 403
    assert "要联系这位客户" not in shop.page("frontline").get(page).content.decode()
    assert stranger.page("admin").post(road, {"reason": "给客户回电"}).status_code == 404
    manager = shop.page("store_manager")
    assert manager.post(road, {"reason": " x "}).status_code == 302
    with shop.scope():
        assert not AuditEvent.objects.filter(action="contact.read")
    answer = manager.post(road, {"reason": f"回电 {RAW['mobile']}"})
    assert set(leaks(answer.content)) == {RAW["name"], RAW["mobile"], RAW["email"]}
    assert answer.headers["Cache-Control"] == "no-store"
    assert "要联系这位客户" in manager.get(page).content.decode()
    assert not leaks(manager.get(page).content)
    with shop.scope():
        line = AuditEvent.objects.get(action="contact.read")
    assert (line.subject, line.detail) == (str(row.id), {"reason": "回电 " + "*" * 11})
    assert "看了客户的联系方式" in shop.page("admin").get("/settings/audit/?action=contact").content.decode()


def test_a_key_that_only_reads_sees_customers_reduced(shop, now):
    with shop.scope():
        for key in ("K-77", "K-78"):
            customers.put(Put(Card(key, RAW["name"], RAW["mobile"], RAW["email"])), organisation=shop.id, now=now, actor="crm")
    reader, keeper, looker = shop.api("customers:read"), shop.api("customers:read", "customers:write"), shop.api("originals:read")
    for asked in ("K-77", "K-77/summary", "duplicates"):
        assert not leaks(reader.get(f"/api/v1/customers/{asked}").content), asked
        assert RAW["name"] in leaks(keeper.get(f"/api/v1/customers/{asked}").content), asked  # the register's own
    said = reader.get("/api/v1/customers/K-77").json()
    assert (said["name"], said["phone"], said["email"]) == ("陈**", "139 **** 0077", "c***@example.com")
    asked = "/api/v1/customers/K-77/contact"
    assert reader.get(asked, {"reason": "回电给他"}).status_code == 403
    assert looker.get(asked).status_code == 422
    with shop.scope():
        assert not AuditEvent.objects.filter(action="contact.read")
    assert looker.get(asked, {"reason": "回电给他"}).json()["phone"] == "+86" + RAW["mobile"]
    with shop.scope():
        assert AuditEvent.objects.get(action="contact.read").actor.startswith("key:")


def test_refused_records_of_an_import_leave_covered_or_with_a_reason(shop, stranger, work):
    head, cells = ["时间", "推荐意愿", "内容", "客户姓名", "列五"], ["昨天", "3", TEXT, "李芳", "5566 7788"]
    made = io.StringIO()
    csv.writer(made).writerows([head, cells])
    admin = shop.page("admin")
    admin.post("/imports/", {"file": SimpleUploadedFile("评价.csv", made.getvalue().encode())})
    with shop.scope():
        job = ImportJob.objects.get()
    road, file = f"/imports/{job.id}/", f"/imports/{job.id}/rejected.csv"
    first = admin.get(road).content.decode()  # the first values of each column
    columns = {f"column-{at}": field for at, field in enumerate(("occurred_at", "nps", "text", "customer.name", "customer.phone"))}
    admin.post(f"{road}step/", {"version": job.version, "channel": "review", **columns})
    work()
    checked, taken = admin.get(road).content.decode(), b"".join(admin.get(file).streaming_content).decode()
    assert [(leaks(body), "李芳" in body, "耳机坏了" in body) for body in (first, checked, taken)] == [([], False, True)] * 3
    assert "5566" in first  # nothing says what this column holds yet
    assert "5566" not in checked + taken
    assert shop.page("analyst").post(file, {"reason": "改好再导入"}).status_code == 403
    assert stranger.page("admin").post(file, {"reason": "改好再导入"}).status_code == 404
    assert admin.post(file, {"reason": "x"}).status_code == 400
    with shop.scope():
        assert not AuditEvent.objects.filter(action="rejects.read")
    answer = admin.post(file, {"reason": "改好再导入"})
    assert leaks(b"".join(answer.streaming_content)) == list(RAW.values())
    assert answer.headers["Cache-Control"] == "no-store"
    with shop.scope():
        line = AuditEvent.objects.get(action="rejects.read")
    assert (line.subject, line.detail) == (str(job.id), {"reason": "改好再导入"})
