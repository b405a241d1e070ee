"""Praise reaches the employee it names within the pass of a worker, his store manager by the bell, personal data masked."""

import pytest

from alerts.models import Hop, Notice
from cxms.lib import clock
from feedback import intake
from feedback.intake import Source
from feedback.models import Feedback
from feedback.shapes import RawVoice
from tenancy.models import Member, Staff

TEXT = "谢子昂服务非常热情耐心，特别满意，五星好评，谢谢！我的电话 13812346629"


@pytest.fixture
def employee(shop):
    with shop.scope():
        Member.objects.filter(name="frontline").update(staff=Staff.objects.get(employee_no="E001"))


def say(shop, work, text=TEXT, staff="E001", **fields):
    with shop.scope():
        voice = RawVoice(channel="store", text=text, unit="S001", staff=staff, external_id=text[:8] + staff, **fields)
        intake.receive([voice], organisation=shop.id, source=Source(b"x", "x", "t"), now=clock.now())
    work()


def told(shop):
    with shop.scope():
        return {n.recipient.name: n for n in Notice.objects.filter(purpose="praise").select_related("recipient")}


def test_the_employee_and_his_store_manager_are_told_with_the_customers_words(shop, employee, work, post):
    say(shop, work)
    rows = told(shop)
    assert set(rows) == {"frontline", "store_manager"}
    assert "13812346629" not in rows["frontline"].data["quote"]
    assert "服务非常热情耐心" in rows["frontline"].data["quote"]
    assert post.to(shop.members["frontline"].user.email) == ["【表扬】有客户表扬你"]
    assert post.to(shop.members["store_manager"].user.email) == []
    with shop.scope():
        assert [hop.state for hop in Hop.objects.filter(notice=rows["frontline"])] == ["accepted"]
        key = Feedback.objects.get().id
    text = shop.page("frontline").get("/notices/").content.decode()
    assert f"/feedback/{key}/" in text
    assert "有客户表扬你" in text


def test_without_a_log_in_the_store_manager_alone_is_told_and_nobody_of_a_complaint(shop, work):
    say(shop, work)
    assert set(told(shop)) == {"store_manager"}
    say(shop, work, text="态度太差了，我要投诉", staff="E002")
    assert len(told(shop)) == 1


def test_once_however_often_the_fact_comes(shop, employee, work, now):
    from alerts import praise

    say(shop, work)
    with shop.scope():
        first = str(Feedback.objects.get().id)
        assert praise.tell([(first, first)], organisation=shop.id, now=now) == 0
    assert len(told(shop)) == 2


def test_praise_of_long_ago_is_told_to_nobody(shop, employee, work, now):
    from datetime import timedelta

    say(shop, work, occurred_at=now - timedelta(days=8))
    assert told(shop) == {}
