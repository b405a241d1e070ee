"""From an empty organisation to the home page in a real browser: the invitation by mail, seven steps, a colleague who joins."""

import os
import re
import subprocess
import sys
import uuid

import pytest

from tests.browser.conftest import ROOT, serving
from tests.smtp import Box, posting

PASSWORD = "seven-green-lamps-9"


class Invitations(Box):
    """What an SMTP server took, and the link of an invitation in it."""

    def link(self, address):
        (mail,) = self.to(address)
        return re.search(r"https?://\S+/invited/\S+/", mail.get_content()).group(0)


@pytest.fixture
def post(settings):
    """A real SMTP server, known to this process, which works the queue, and to the pages' server."""
    with posting(settings, Invitations()) as box, serving(CXMS_SMTP_URL=settings.SMTP_URL) as address:
        settings.SITE_URL = address
        box.address = address
        yield box


def open_page(chromium, **options):
    page = chromium.new_context(locale="zh-CN", **options).new_page()
    page.set_default_timeout(25_000)
    return page


def log_in(page, address, email):
    page.goto(f"{address}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)


def take(page, link, name):
    page.goto(link)
    page.fill("#f-name", name)
    page.fill("#f-password1", PASSWORD)
    page.fill("#f-password2", PASSWORD)
    page.press("#f-password2", "Enter")
    page.wait_for_load_state("load")


def test_from_an_empty_organisation_to_the_first_day(chromium, post, work, tmp_path):
    slug = f"new-{uuid.uuid4().hex[:8]}"
    boss, helper = f"boss@{slug}.example", f"manager@{slug}.example"
    command = [sys.executable, "manage.py", "create_organisation", slug, "--name", "新店", "--admin-email", boss]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    assert "/invited/" in made.stdout.splitlines()[-1]
    work()

    page = open_page(chromium)
    take(page, post.link(boss), "老板")
    assert page.url == f"{post.address}/start/"
    assert "做好了 0 / 7" in page.inner_text("main")

    page.click("[data-main]")
    page.fill("#f-name", "北屿咖啡")
    page.press("#f-name", "Enter")
    page.check("input[value=restaurant]")
    page.click("text=用这一行，下一步")

    units = tmp_path / "门店.csv"
    units.write_bytes("代码,上级,类型,名称\nEAST,,大区,华东区\nS001,EAST,门店,西溪店\n".encode("gb18030"))
    page.set_input_files("#up-file-units", units)
    page.click("text=先预览，不写入")
    assert "GB18030" in page.inner_text("main")
    assert "西溪店" in page.inner_text("table")
    page.click("text=导入这些行")
    page.fill("#up-text-staff", "工号\t门店\t姓名\nE001\tS001\t谢子昂\n")
    page.click("form:has(#up-text-staff) >> text=先预览，不写入")
    page.click("text=导入这些行")

    page.fill("#e1", helper)
    page.fill("#n1", "林晚")
    page.select_option("#r1", "cx_manager")
    page.select_option("#u1", "HQ")
    page.click("text=邀请，下一步")
    page.check("input[value=always]")
    page.click("text=就用它，下一步")
    page.fill("#c1", "45")
    page.select_option("select[name=c_unit] >> nth=1", "m")
    page.click("text=就这样承诺，下一步")
    assert "问客户第一个问题" in page.inner_text("h1")
    page.goto(f"{post.address}/start/")
    assert "做好了 6 / 7" in page.inner_text("main")
    page.click("text=就这样，完成设置")
    page.wait_for_url(f"{post.address}/")
    assert "今日" in page.inner_text("h1")
    assert "北屿咖啡" in page.inner_text(".cx-brand")

    work()
    colleague = open_page(chromium)
    take(colleague, post.link(helper), "林晚")
    assert colleague.url == f"{post.address}/"
    colleague.goto(f"{post.address}/log/")
    assert "西溪店" in colleague.inner_text("main")
    again = open_page(chromium)
    log_in(again, post.address, helper)
    assert again.url == f"{post.address}/"
    again.goto(post.link(helper))
    assert "打不开" in again.inner_text("h1")
    for opened in (page, colleague, again):
        opened.context.close()


def test_the_whole_of_it_by_keyboard_alone(chromium, post):
    """Every control of a step is reached by Tab in reading order, and Enter takes it."""
    slug = f"key-{uuid.uuid4().hex[:8]}"
    command = [sys.executable, "manage.py", "create_organisation", slug, "--name", "新店", "--admin-email", f"b@{slug}.example"]
    env = {**os.environ, "CXMS_SITE_URL": post.address}
    link = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, env=env).stdout.splitlines()[-1]
    page = open_page(chromium, viewport={"width": 360, "height": 780})
    take(page, link, "老板")
    page.goto(f"{post.address}/start/industry/")
    page.focus("input[value=retail]")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "restaurant"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").startswith("用这一行")
    page.keyboard.press("Enter")
    page.wait_for_url("**/start/units/")
    page.context.close()
