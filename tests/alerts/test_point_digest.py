"""The owner of a list hears once a day how many points came to it; the link opens as many rows; nothing new, no notice."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest

from alerts import choices, point_digest
from alerts.digest_models import PointDigest
from alerts.models import Notice
from alerts.wording import words
from feedback import first, points
from feedback.models import Analysis
from tenancy.models import Organisation
from tests.metrics.voices import ZONE, receive, voice


@pytest.fixture
def owned(shop, now, work):
    """Today's dear and slow voices of the east and a slow one of the west: the manager keeps the price, the region's the waiting."""
    day = (now + timedelta(hours=8)).date()
    with shop.scope():
        for topic, side, role in (("price", "product", "cx_manager"), ("waiting_time", "service", "region_manager")):
            points.send(topic, side, str(shop.members[role].id), organisation=shop.id, version=0, now=now, actor="t")
    work()
    made = [("S001", ["price"]), ("S001", ["price", "waiting_time"]), ("S003", ["waiting_time"])]
    keys = receive(shop, [voice(day - timedelta(days=i), text=f"今天说一句{i}", unit=unit, hour=0) for i, (unit, _codes) in enumerate(made)], now=now)
    work()
    with shop.scope():
        for key, (_unit, codes) in zip(keys, made, strict=True):
            mentions = [{"code": code, "sentiment": -0.6, "start": 0, "end": 2} for code in codes]
            Analysis.objects.filter(feedback_id=key, is_current=True).update(kind="other", topics=mentions, topic_codes=codes)
    return day, keys


def nine(day):
    return datetime(day.year, day.month, day.day, 9, tzinfo=ZONE)


def run(shop, at):
    with shop.scope():
        n = point_digest.run(organisation=shop.id, now=at)
        return n, {(row.recipient.name, row.data["n"]) for row in Notice.objects.filter(purpose="points").select_related("recipient")}


def test_owners_hear_once_a_day_of_what_is_new(shop, stranger, owned):
    day, _keys = owned
    with shop.scope():
        row = PointDigest.objects.get()
        assert (row.next_at, row.told_until) == (nine(day + timedelta(days=1)), day)
    assert run(shop, nine(day + timedelta(days=1)) - timedelta(minutes=1)) == (0, set())
    assert run(shop, nine(day + timedelta(days=1))) == (1, {("cx_manager", 2), ("region_manager", 1)})
    assert run(shop, nine(day + timedelta(days=1)) + timedelta(hours=1)) == (0, {("cx_manager", 2), ("region_manager", 1)})
    # the next day brought nothing: nobody is told
    assert run(shop, nine(day + timedelta(days=2))) == (1, {("cx_manager", 2), ("region_manager", 1)})
    with stranger.scope():
        assert not PointDigest.objects.exists() and not Notice.objects.filter(purpose="points").exists()
    # in words, and the link opens as many rows as it says
    with shop.scope():
        for role, n in (("cx_manager", 2), ("region_manager", 1)):
            notice = Notice.objects.select_related("ticket").get(purpose="points", recipient=shop.members[role])
            said = words(notice, language="zh-hans")
            assert f"新来 {n} 条" in said.subject and said.link in said.body and ("产品改进点 2" in said.line) == (n == 2)
            assert words(notice, language="en").subject == ("[Points] 2 new on your list" if n == 2 else "[Points] 1 new on your list")
            page = shop.page(role)
            assert unescape(page.get(said.link).content.decode()).count('<li id="p-') == n
            assert re.search(r"/feedback/points/\?owner=me&state=open&new_from=", unescape(page.get("/notices/").content.decode()))
        member = shop.members["cx_manager"]
        kept = {(str(member.id), purpose) for purpose in choices.PURPOSES if purpose != "points"}
        assert choices.choose([member], kept, organisation=shop.id, now=nine(day), actor="t") == 1
        assert not choices.wants_mail(member.id, "points", organisation=shop.id)
    settings = unescape(shop.page("admin").get("/settings/notices/").content.decode())
    assert "清单的负责人" in settings


def test_what_an_owner_may_not_see_is_not_counted_for_him(shop, owned, now):
    day, keys = owned
    with shop.scope():
        first.choose("person", organisation=shop.id, version=None, now=now - timedelta(days=5), actor="t")
        Organisation.objects.filter(id=shop.id).update(classify_first_at=now - timedelta(days=5))
        first.hold(keys, organisation=shop.id)
        points.decide(keys[0], "price", "taken", "", organisation=shop.id, member=shop.members["cx_manager"], version=0, now=now, actor="user:m@x")
    assert run(shop, nine(day + timedelta(days=1)))[1] == {("cx_manager", 1)}
