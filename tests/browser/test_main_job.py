"""The main job in a browser: log a complaint in two clicks and twelve keys, handle it, the customer accepts."""

import re

from playwright.sync_api import expect

TEXT = "昨天换的电池，今天两个小时就掉到四成，要求退货"


class Hands:
    """A person's hands: every click and every key is counted, the told text apart."""

    def __init__(self, page):
        self.page, self.clicks, self.keys = page, 0, 0

    def click(self, selector):
        self.page.click(selector)
        self.clicks += 1

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += len(key.split("+")) if len(key) > 1 and "+" in key else 1

    def tell(self, text):
        self.page.keyboard.insert_text(text)


def test_a_known_customers_complaint_takes_two_clicks_and_twelve_keys_and_ends_accepted(shop, complain, visit, work):
    complain()
    page = visit("store_manager")
    page.goto("/")
    hands = Hands(page)
    hands.click(".cx-head a[href='/log/']")
    page.wait_for_selector("#q:focus")
    hands.press("6", "6", "2", "9")
    page.wait_for_selector(".hit.on")
    hands.press("Enter")
    page.wait_for_selector("#who-picked input[name=customer]", state="attached")
    assert page.evaluate("document.activeElement.id") == "text"
    hands.tell(TEXT)
    page.wait_for_selector("[name=topic] option[selected]:not([value=''])", state="attached")
    hands.press("Control+Enter")
    page.wait_for_url(re.compile("/log/done/"))
    assert hands.clicks <= 2
    assert hands.keys <= 12

    number = re.search(r"C-\d{6}-\d{3}", page.inner_text("h1")).group()
    link = page.input_value("#link")
    page.goto(f"/promises/{number}/")
    page.fill("[name=what]", "电池批次有缺陷，后盖没有压紧")
    page.locator(".cite", has_text="证据").first.click()
    expect(page.locator("[data-cited]")).to_have_text("已引 1 项")
    expect(page.locator("[data-filled]")).to_have_text("5 / 5")
    page.click("text=完成还原并签字")
    page.wait_for_selector("text=已还原并签字")
    page.fill("#p-text", "为您换新电池\n今天下午三点前送到")
    page.click("text=把方案给客户")
    page.wait_for_selector("text=方案已给客户")

    customer = visit("", width=360)
    customer.goto(link)
    assert "今天下午三点前送到" in customer.inner_text(".offer")
    customer.click("text=接受这个方案")
    customer.wait_for_selector("text=谢谢您")
    assert customer.get_attribute(".hero .cx-clock.xl", "data-state") == "met"

    page.reload()
    assert "已解决" in page.inner_text(".case header")
    page.click(".cx-tabs >> text=方案")
    assert "客户已接受" in page.inner_text(".recon")


def test_keyboard_only_from_the_door_to_a_filed_complaint(shop, complain, visit):
    complain()
    user = shop.members["frontline"].user
    user.set_password("right-horse-battery-7")
    user.save()
    page = visit("")
    page.goto("/")
    assert "/accounts/login/" in page.url
    page.wait_for_selector("#id_login:focus")
    page.keyboard.insert_text(user.email)
    page.keyboard.press("Tab")
    page.keyboard.insert_text("right-horse-battery-7")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/log/$"))
    page.wait_for_selector("#q:focus")
    page.keyboard.type("6629")
    page.keyboard.press("Enter")
    page.wait_for_selector("#who-picked input[name=customer]", state="attached")
    page.keyboard.insert_text(TEXT)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=已登记，开始计时")


def test_keys_move_through_the_queue_and_rest_in_fields(shop, complain, visit):
    first, second = complain(), complain("退款九天没有到账", unit="S002")
    page = visit()
    page.goto(f"/promises/{first.number}/")
    page.keyboard.press("j")
    page.wait_for_url(re.compile(second.number))
    page.keyboard.press("k")
    page.wait_for_url(re.compile(first.number))
    page.keyboard.press("r")
    page.wait_for_selector(".say textarea:focus")
    page.keyboard.type("j")
    assert page.input_value(".say textarea") == "j"
    assert first.number in page.url


def test_what_was_typed_outlives_a_reload_and_a_change_is_offered(shop, complain, visit):
    from complaints import moves

    ticket = complain()
    page = visit()
    page.goto(f"/promises/{ticket.number}/")
    page.fill("[name=what]", "还没写完的经过")
    with shop.scope():
        moves.apply(ticket.id, "note", {"text": "别人的备注"}, organisation=shop.id, actor="user:y", actor_name="唐雨")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('cx:due'))")
    page.wait_for_selector("[data-live-bar]:visible")
    page.click("[data-live-bar]")
    page.wait_for_selector("text=别人的备注")
    assert page.input_value("[name=what]") == "还没写完的经过"


def test_a_change_elsewhere_is_offered_by_the_live_channel(shop, complain, visit):
    from complaints import moves

    ticket = complain()
    page = visit()
    with page.expect_response(re.compile("/live")) as listening:
        page.goto("/promises/")
    assert listening.value.status == 200
    page.wait_for_timeout(500)
    with shop.scope():
        moves.apply(ticket.id, "note", {"text": "别人的备注"}, organisation=shop.id, actor="user:y", actor_name="唐雨")
    page.wait_for_selector("[data-live-bar]:visible")
    page.click("[data-live-bar]")
    page.wait_for_selector("[data-live-bar]", state="hidden")
    assert ticket.number in page.inner_text("[data-live]")


def test_the_clock_moves_on_by_itself(shop, complain, visit):
    ticket = complain()
    page = visit()
    page.goto(f"/promises/{ticket.number}/")
    before = page.inner_text(".clause .cx-clock[data-ticks=down] .time")
    page.wait_for_timeout(2200)
    after = page.inner_text(".clause .cx-clock[data-ticks=down] .time")
    assert before != after
    assert after.startswith("剩 ")
