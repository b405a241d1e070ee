"""The whole mission in one sitting, in a real browser: from an empty organisation to its first weekly report.

Invite, upload stores and staff, promise, publish a survey; three customers answer a mail, one complains at the store's
page; staff reconstruct and propose, he accepts; the manager draws a journey and plans an action; the weekly report is
mailed; a webhook is verified by the official package. Real SMTP, a real receiver, the queue worked as a worker would.
"""

import json
import re
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from standardwebhooks import Webhook

from cxms.lib import clock
from feedback.models import Feedback
from improvement.models import Action
from integrations.sending import Sender
from reports import weekly_issue
from reports.models import WeeklyReport
from tenancy import queries
from tenancy.scope import organisation_scope
from tests.browser.conftest import ROOT, serving
from tests.browser.test_setting_up import Invitations, open_page, take
from tests.integrations.conftest import receiver as receiver
from tests.smtp import posting

UNITS = "代码,上级,类型,名称\nEAST,,大区,华东区\nS001,EAST,门店,西溪店\n"
SCORES = (10, 9, 2)


@pytest.fixture
def post(settings):
    """A real SMTP server, and pages that may call a receiver on this machine."""
    with (
        posting(settings, Invitations()) as box,
        serving(CXMS_SMTP_URL=settings.SMTP_URL, CXMS_WEBHOOK_ALLOW="127.0.0.1") as address,
    ):
        settings.SITE_URL = address
        box.address = address
        yield box


def body_of(mail, kind="plain"):
    return mail.get_body(preferencelist=(kind,)).get_content()


def set_up(page, post, tmp_path, colleagues):
    """The wizard's first six steps."""
    page.goto(f"{post.address}/start/organisation/")
    page.fill("#f-name", "北屿咖啡")
    page.press("#f-name", "Enter")
    page.check("input[value=retail]")
    page.click("text=用这一行，下一步")
    units = tmp_path / "门店.csv"
    units.write_bytes(UNITS.encode("gb18030"))
    page.set_input_files("#up-file-units", units)
    page.click("text=先预览，不写入")
    page.click("text=导入这些行")
    page.fill("#up-text-staff", "工号\t门店\t姓名\nE001\tS001\t谢子昂\n")
    page.click("form:has(#up-text-staff) >> text=先预览，不写入")
    page.click("text=导入这些行")
    for n, (email, name, role, unit) in enumerate(colleagues, start=1):
        page.fill(f"#e{n}", email)
        page.fill(f"#n{n}", name)
        page.select_option(f"#r{n}", role)
        page.select_option(f"#u{n}", unit)
    page.click("text=邀请，下一步")
    page.check("input[value=always]")
    page.click("text=就用它，下一步")
    page.click("text=就这样承诺，下一步")


def publish_survey(page, post):
    page.goto(f"{post.address}/surveys/new/?template=order")
    page.fill("[name=delay_minutes]", "0")
    page.click("button[name=publish]")
    page.wait_for_selector("text=已发布")


def connect(page, post, receiver):
    """A webhook and a key; gives the secret and the token, each shown once."""
    page.goto(f"{post.address}/connect/webhooks/new/")
    page.fill("#f-url", receiver.url("/crm"))
    page.check("input[name=every][value='1']")
    page.click("text=登记，生成签名密钥")
    secret = page.input_value("#secret")
    page.goto(f"{post.address}/connect/keys/new/")
    page.fill("#f-name", "CRM")
    for scope in ("events:write", "metrics:read"):
        page.check(f"input[value='{scope}']")
    page.click("text=签发，显示一次")
    return secret, page.input_value("#secret")


def order(token, n, email):
    """The CRM tells an order of a customer over REST."""
    body = {
        "external_id": f"O-{n}", "kind": "order", "occurred_at": clock.now().isoformat(), "unit": "S001",
        "customer": {"external_id": f"K-{n}", "name": f"客{n}", "email": email}, "amount_minor": 19900, "currency": "CNY",
    }  # fmt: skip
    client = Client(headers={"authorization": f"Bearer {token}"})
    answer = client.post("/api/v1/events", body, content_type="application/json")
    assert answer.status_code == 201, answer.content


def answer_mail(page, mail, score):
    link = re.search(r"https?://\S+/s/[^\s?]+", body_of(mail)).group(0)
    page.goto(link)
    page.click(f".scale button >> text='{score}'")
    page.wait_for_selector(f"text=已收到 {score} 分")
    page.fill("#text", "店员热情" if score > 6 else "排队四十分钟没人理")
    page.click("text='送出'")
    page.wait_for_selector(f"text={score} 分已收到")


def test_from_the_wizard_to_the_first_weekly_report(chromium, post, receiver, work, tmp_path):
    slug = f"mission-{uuid.uuid4().hex[:8]}"
    boss, manager, clerk = (f"{name}@{slug}.example" for name in ("boss", "manager", "clerk"))
    command = [sys.executable, "manage.py", "create_organisation", slug, "--name", "新店", "--admin-email", boss]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    work()
    page = open_page(chromium)
    take(page, post.link(boss), "老板")
    set_up(page, post, tmp_path, [(manager, "林晚", "cx_manager", "HQ"), (clerk, "谢子昂", "store_manager", "S001")])
    publish_survey(page, post)
    secret, token = connect(page, post, receiver)
    work()
    organisation = queries.organisation_by_slug(slug)

    # three customers are asked by mail and answer on a phone
    people = [f"c{n}@{slug}.example" for n in range(3)]
    for n, email in enumerate(people):
        order(token, n, email)
    work()
    phone = open_page(chromium, viewport={"width": 360, "height": 780})
    for email, score in zip(people, SCORES, strict=True):
        (mail,) = post.to(email)
        answer_mail(phone, mail, score)
    work()
    with organisation_scope(organisation.id):
        assert Feedback.objects.filter(channel="survey").count() == 3
    api = Client(headers={"authorization": f"Bearer {token}"})
    today = clock.now() + timedelta(hours=8)
    span = f"from={(today - timedelta(days=1)).date()}&to={(today + timedelta(days=1)).date()}"
    (point,) = api.get(f"/api/v1/metrics/nps?{span}").json()["points"]
    assert (point["suppressed"], point["n"]) == (True, None), "three answers are too few to be shown"

    # one complains at the store's own page and sees his clock
    page.goto(f"{post.address}/surveys/pages/")
    page.click("text=给 1 家店开反馈页")
    page.wait_for_selector("text=有自己的链接了")
    store = page.locator("a[href*='/f/'], input[value*='/f/']").first
    link = store.get_attribute("href") or store.get_attribute("value")
    phone.goto(link if link.startswith("http") else post.address + link)
    phone.click(".kinds >> text=投诉")
    phone.fill("#text", "耳机左边没有声音，店员不给换，我要退款")
    phone.click("text='送出'")
    phone.wait_for_url(re.compile("/p/"))
    promise = phone.url
    assert phone.get_attribute(".hero .cx-clock.xl", "data-state") == "run"
    work()

    # the store reconstructs and proposes, he accepts on his page
    desk = open_page(chromium)
    take(desk, post.link(clerk), "谢子昂")
    desk.goto(f"{post.address}/promises/?view=open")
    desk.click("td.c2 a:has-text('耳机左边没有声音')")
    desk.fill("[name=what]", "耳机左侧排线松脱，店员误解了换货规则")
    for name in ("who", "when", "where"):
        if not desk.input_value(f"[name={name}]"):
            desk.fill(f"[name={name}]", "西溪店")
    desk.fill("[name=evidence]", "顾客留言与店内登记")
    desk.click("text=完成还原并签字")
    desk.wait_for_selector("text=已还原并签字")
    desk.fill("#p-text", "马上换新\n延保半年")
    desk.click("text=把方案给客户")
    desk.wait_for_selector("text=方案已给客户")
    phone.goto(promise)
    phone.click("text=接受这个方案")
    phone.wait_for_selector("text=谢谢您")
    work()

    # the manager draws, and acts
    lead = open_page(chromium)
    take(lead, post.link(manager), "林晚")
    lead.goto(f"{post.address}/journeys/new/")
    lead.fill("#j-name", "买咖啡的路")
    lead.press("#j-name", "Enter")
    lead.wait_for_url(re.compile("edit=1"))
    lead.fill("#pain-0", "排队太久")
    lead.press("#pain-0", "Enter")
    lead.wait_for_selector("td >> text=排队太久")
    lead.goto(f"{post.address}/actions/new/?metric=nps&topic=waiting_time")
    lead.press("#a-title", "Enter")
    lead.wait_for_selector("text=建立并记下基线")
    with organisation_scope(organisation.id):
        assert Action.objects.get().where == {"topic": "waiting_time"}

    # Monday comes: the report is frozen and mailed, each to his own scope
    local = clock.now() + timedelta(hours=8)
    week = (local - timedelta(days=local.weekday())).date()
    with organisation_scope(organisation.id):
        weekly_issue.begin(week, organisation=organisation.id, now=clock.now())
    work()
    reports = [mail for mail in post.to(manager) if "周报" in mail["Subject"]]
    assert len(reports) == 1
    assert "本周回答不足 5 份，NPS 已隐藏" in reports[0]["Subject"]
    assert [part.get_content_type() for part in reports[0].iter_attachments()] == ["application/pdf"]
    with organisation_scope(organisation.id):
        report = WeeklyReport.objects.select_related("unit").get(unit__code="HQ")
    lead.goto(f"{post.address}/reports/{report.id}/")
    sheet = lead.inner_text(".sheet")
    assert "2 小时方案" in sheet
    assert "n < 5" in sheet, "one kept promise is too few to be a share"
    (mine,) = [mail for mail in post.to(clerk) if "周报" in mail["Subject"]]
    assert "西溪店" in body_of(mine)

    # every fact was told to the CRM, each signed; the official package verifies what came
    sender = Sender(threads=4)
    sender.until_idle(30)
    sender.pool.shutdown()
    kinds = []
    for _path, headers, body in receiver.of("/crm"):
        Webhook(secret).verify(body, headers)
        kinds.append(json.loads(body)["type"])
    assert {"survey.answered", "complaint.opened", "complaint.moved", "report.issued"} <= set(kinds)
    with pytest.raises(Exception, match=r".*"):
        Webhook(secret).verify(b"{}", receiver.of("/crm")[0][1])
    for opened in (page, phone, desk, lead):
        opened.context.close()
