"""还原 over HTTP: ticks survive as a draft, a refusal names what lacks, the record page keeps every version."""

from complaints.models import Draft, Ticket
from customers.cards import Card

FIVE = {"who": "客户陈", "when": "昨天下午", "where": "杭州西溪店", "what": "质检漏了一项", "evidence": ""}


def test_from_ticks_to_a_signed_record_and_its_correction(shop, stranger, complain):
    ticket = complain()
    page, url = shop.page("frontline"), f"/promises/{ticket.number}/"
    assert 'value="move:1"' in page.get(url).content.decode()
    page.post(f"{url}draft/", {"form": "reconstruct", "what": "质检", "cites": "move:1"})
    assert 'value="move:1" checked' in page.get(url).content.decode()
    short = page.post(f"{url}moves/", {"move": "reconstruct", "version": 1, "signed": "1", **FIVE, "what": "", "cites": "move:1"})
    text = short.content.decode()
    assert short.status_code == 400
    assert "还缺：何事。请填写" in text and 'value="move:1" checked' in text and "昨天下午" in text
    done = page.post(f"{url}moves/", {"move": "reconstruct", "version": 1, "signed": "1", **FIVE, "cites": "move:1", "cite": "move:1"})
    assert done.status_code == 302
    with shop.scope():
        record = Ticket.objects.get().reconstruction
        assert (record["signer"], [one["key"] for one in record["cited"]]) == ("frontline", ["move:1"])
        assert not Draft.objects.exists()
    kept = f"{url}reconstruction/"
    stale = page.post(kept, {**FIVE, "version": 1, "what": "配件有问题", "cite": "move:1", "reason": "查到批次"})
    assert stale.status_code == 412
    assert "配件有问题" in stale.content.decode()
    assert page.post(kept, {**FIVE, "version": 2, "what": "配件有问题", "cite": "move:1", "reason": ""}).status_code == 400
    assert page.post(kept, {**FIVE, "version": 2, "what": "配件有问题", "cite": "move:1", "reason": "查到批次"}).status_code == 302
    text = page.get(kept).content.decode()
    for part in ("第 2 版", "第 1 版", "配件有问题", "质检漏了一项", "更正原因：查到批次"):
        assert part in text
    assert stranger.page("admin").get(kept).status_code == 404
    assert shop.page("executive").get(kept).status_code == 200


def test_a_correction_keeps_the_number_it_does_not_show(shop, complain):
    ticket = complain()
    page, url = shop.page("frontline"), f"/promises/{ticket.number}/"
    said = {**FIVE, "what": "打 13912345678 说好上门，没有来；又留了 13800138000"}
    page.post(f"{url}moves/", {"move": "reconstruct", "version": 1, "signed": "1", **said, "cites": "move:1", "cite": "move:1"})
    text = page.get(f"{url}reconstruction/").content.decode()
    assert "13912345678" not in text and text.count("打 【手机号】 说好上门，没有来；又留了 【手机号】</textarea>") == 1
    typed = {**FIVE, "what": "打 【手机号】 说好上门，人没有来；又留了 【手机号】，改到 13700137000", "version": 2, "cite": "move:1", "reason": "查到批次"}
    refused = page.post(f"{url}reconstruction/", {**typed, "reason": ""}).content.decode()
    assert "改到 13700137000</textarea>" in refused and "13912345678" not in refused  # what he types he sees as he typed it
    assert page.post(f"{url}reconstruction/", typed).status_code == 302
    with shop.scope():
        assert Ticket.objects.get().reconstruction["what"] == "打 13912345678 说好上门，人没有来；又留了 13800138000，改到 13700137000"


def test_times_are_the_stores_own(shop, complain):
    from datetime import datetime

    from tenancy.models import Unit

    with shop.scope():
        Unit.objects.filter(code="S001").update(timezone="Europe/Berlin")
    ticket = complain(received_at=datetime.fromisoformat("2026-11-20T10:00:00+08:00"))
    text = shop.page("frontline").get(f"/promises/{ticket.number}/").content.decode()
    assert "Europe/Berlin" in text
    assert "11-20 03:00 收到投诉" in text


def test_earlier_voices_of_other_stores_are_shown_to_who_may_read_them(shop, complain):
    def about(text, unit):
        return complain(text, unit=unit, customer=Card(external_id="K-77", name="何静"))

    about("成都店的收银员让我多付了钱", "S003")
    about("西溪店的门口没有车位", "S001")
    url = f"/promises/{about('西溪店修了三次还没修好', 'S001').number}/"
    frontline, manager = (shop.page(role).get(url).content.decode() for role in ("frontline", "cx_manager"))
    assert "门口没有车位" in frontline and "门口没有车位" in manager
    assert "多付了钱" not in frontline and "多付了钱" in manager
