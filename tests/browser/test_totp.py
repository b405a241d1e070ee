"""The second factor in a real browser: switched on with the code a phone would show, then asked for at the door."""

import time

from tests.conftest import PASSWORD
from tests.web.test_me import code_of


def test_switched_on_in_settings_and_asked_for_at_the_next_log_in(shop, visit):
    member = shop.members["admin"]
    member.user.set_password(PASSWORD)
    member.user.save(update_fields=["password"])

    def log_in(width=1440):
        page = visit("", width=width)
        page.goto("/accounts/login/")
        page.fill("input[name=login]", member.user.email)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_load_state("load")
        return page

    page = log_in()
    page.goto("/settings/me/")
    page.click("a.set-row:has-text('双重验证')")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector(".qr img")
    assert page.evaluate("document.querySelector('.qr img').naturalWidth") > 0
    secret = page.input_value("#secret")
    page.fill("#id_code", code_of(secret))
    page.press("#id_code", "Enter")
    page.wait_for_selector(".codes li")
    assert page.locator(".codes li").count() == 10

    phone = log_in(width=360)
    phone.wait_for_url("**/2fa/authenticate/")
    phone.fill("#id_code", code_of(secret, time.time() + 30))
    phone.press("#id_code", "Enter")
    phone.wait_for_url(lambda url: "accounts" not in url)
    assert "今日" in phone.inner_text("h1")
