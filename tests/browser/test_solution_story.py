"""From ticks to a signature to an offer above one's authority to a yes on the phone, with the taps counted."""

import re

from playwright.sync_api import expect

from alerts.models import Notice
from alerts.wording import words
from complaints import links
from complaints.models import Clock, Ticket
from customers import events
from customers.cards import Card
from customers.events import RawEvent
from ledger import runner
from tests.complaints.test_attachments import located

COUNT = """addEventListener('pointerdown', function (event) {
  if (event.isTrusted) sessionStorage.setItem('taps', Number(sessionStorage.getItem('taps') || 0) + 1);
}, true);"""


def taps(page):
    n = int(page.evaluate("sessionStorage.getItem('taps') || 0"))
    page.evaluate("sessionStorage.setItem('taps', 0)")
    return n


def test_reconstruct_sign_offer_approve_accept(shop, complain, visit, work, now, tmp_path):
    ticket = complain()
    runner.beat("clockwork")
    with shop.scope():
        card = Card(external_id="K-1", name="陈建国", phone="13812346629")
        events.receive([RawEvent("R-77120", "repair", now, card, unit="S001")], organisation=shop.id, now=now, announce=False)
    desk = visit("frontline")
    desk.add_init_script(COUNT)
    desk.goto(f"/promises/{ticket.number}/")
    expect(desk.locator("[data-filled]")).to_contain_text("3 / 5")
    # 1: two ticks, one sentence, one press: who, when and where were there already
    desk.locator(".cite", has_text="证据").nth(0).click()
    desk.locator(".cite", has_text="证据").nth(1).click()
    expect(desk.locator("[data-cited]")).to_have_text("已引 2 项")
    desk.fill("#f-what", "质检漏了一项，换上的配件是同一批")
    expect(desk.locator("[data-filled]")).to_have_text("5 / 5")
    desk.screenshot(path=str(tmp_path / "ticks.png"))
    desk.keyboard.press("Escape")
    desk.click("text=完成还原并签字")
    desk.get_by_text("已还原并签字，这条承诺停钟").wait_for()
    assert taps(desk) == 3
    # 2: an offer above his authority: kind by the keyboard, one press
    desk.fill("#p-text", "全额退款\n今天原路退回")
    desk.select_option("#p-kind", "refund")
    desk.fill("#p-amount", "1500")
    desk.click("text=再给客户一个选择")
    desk.fill("#p-text2", "换一台新的")
    expect(desk.locator("form [data-over]")).to_be_visible()
    desk.click("text=送去批准")
    desk.get_by_text("CNY 1,500，等批准").wait_for()
    assert taps(desk) == 2
    with shop.scope():
        assert Ticket.objects.get().proposal == {}
    work()
    with shop.scope():
        notice = Notice.objects.select_related("ticket", "ticket__unit").get(purpose="approval")
        url = re.search(r"(/a/approve/\S+/)", words(notice, language="zh-hans").body)[1]
        phone_url = f"/p/{links.token_for(ticket.id, organisation=shop.id)}/"
    # 3: one tap from the mail, without a log-in
    boss = visit("", width=360)
    boss.add_init_script(COUNT)
    boss.goto(url)
    boss.click("text=批准，马上给客户")
    boss.get_by_text("批准，方案已给客户").wait_for()
    assert taps(boss) == 1
    # 4: the customer takes the second option, sends a photo, rates
    phone = visit("", width=360, dark=True)
    phone.add_init_script(COUNT)
    phone.goto(phone_url)
    phone.click("text=接受方案 2")
    phone.get_by_text("您选了这个").wait_for()
    photo = tmp_path / "现场.jpg"
    photo.write_bytes(located())
    phone.set_input_files("#me-files", str(photo))
    expect(phone.locator(".filelist")).to_contain_text("现场.jpg")
    phone.click("[aria-label=发出]")
    phone.locator(".cx-files.mine img").scroll_into_view_if_needed()
    expect(phone.locator(".cx-files.mine img")).to_have_js_property("naturalWidth", 40)
    phone.click("text=很满意")
    phone.get_by_text("您评了 5 分").wait_for()
    assert taps(phone) == 3
    with shop.scope():
        found = {row.kind: row.state for row in Clock.objects.filter(ticket=ticket)}
        assert (found["reconstruction"], found["solution"]) == ("met", "met")
        assert Ticket.objects.get().proposal["chosen"] == 2
