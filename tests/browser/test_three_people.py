"""A CRM, a clerk, an executive, a manager: a voice comes in over HTTP, people log in and do their part, an NPS comes out."""

import re

import httpx

from tests.conftest import PASSWORD

VOICES = [(10, "店员很耐心，讲得明白，谢谢"), (9, "送货很快，包装严实"), (8, ""), (10, ""), (9, ""), (0, "修了三次还是坏，没人管，我要投诉，要求退款")]


def log_in(page, member):
    member.user.set_password(PASSWORD)
    member.user.save(update_fields=["password"])
    page.goto("/accounts/login/")
    page.fill("input[name=login]", member.user.email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url, timeout=20_000)


def test_the_main_job_by_everyone_it_is_for(shop, site, visit, work):
    crm = httpx.Client(base_url=f"{site}/api/v1", headers={"Authorization": f"Bearer {shop.key()}"}, timeout=30)
    rows = [
        {"channel": "app", "text": text, "unit": "S001", "external_id": f"v{i}", "scores": [{"kind": "nps", "value": score}]}
        for i, (score, text) in enumerate(VOICES)
    ]
    assert crm.post("/feedback/bulk", json=rows).json()["accepted"] == 6
    work()
    (ticket,) = crm.get("/complaints").json()["results"]
    number = ticket["number"]

    executive = visit("", width=360)
    log_in(executive, shop.members["executive"])
    assert number in executive.inner_text("main")
    executive.click("text=我来负责 >> nth=0")
    executive.wait_for_load_state("load")
    work()
    told = crm.get(f"/complaints/{number}").json()
    assert told["owner"] == shop.members["executive"].user.email

    clerk = visit("")
    log_in(clerk, shop.members["frontline"])
    assert clerk.url.endswith("/log/")
    clerk.goto(f"/promises/{number}/")
    clerk.fill("[name=who]", "客户与当班店员")
    clerk.fill("[name=what]", "配件批次有缺陷")
    clerk.fill("[name=evidence]", "三张维修单")
    clerk.click("text=完成还原并签字")
    clerk.wait_for_selector("text=已还原并签字")
    clerk.fill("#p-text", "全额退款，今天到账")
    clerk.click("text=把方案给客户")
    clerk.wait_for_selector("text=方案已给客户")
    accepted = crm.post(f"/complaints/{number}/moves", json={"move": "accept", "consent": "verbal"}).json()
    states = {clock["clause"]: clock["state"] for clock in accepted["clocks"]}
    assert (accepted["state"], states["reconstruction"], states["solution"]) == ("resolved", "met", "met")

    manager = visit("")
    log_in(manager, shop.members["cx_manager"])
    assert re.search(r"今日", manager.inner_text("h1"))
    manager.goto("/metrics/nps")
    # five answers of six recommend or not: 4 promoters, 1 passive, 1 detractor
    point = crm.get("/metrics/nps", params={"from": "2020-01-01", "to": "2100-01-01"}).json()["points"][0]
    assert (point["value"], point["n"]) == (50, 6)
    assert point["components"] == {"promoters": 4, "passives": 1, "detractors": 1}
    assert "+50" in manager.inner_text("main")
