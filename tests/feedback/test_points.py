"""Points of voices: the pure rule and the list say the same; sides, owners and decisions; what is no point any more."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback import corrections, point_list, points, topics, voices
from feedback.enums import PointState
from feedback.models import Analysis, Feedback
from feedback.point_list import Filters
from feedback.point_models import PointMark
from feedback.points import PointError
from tenancy import members
from tenancy.models import AuditEvent
from tenancy.versions import Stale
from tests.metrics.voices import receive, voice

TEXTS = ("价格太贵了，不划算", "店员态度特别好，谢谢", "希望增加夜间配送", "等了两个小时，太慢了")


@pytest.fixture
def heard(shop, now, work):
    """Four voices of yesterday: dear, praised, wished for, slow; the last one in the west."""
    day = (now + timedelta(hours=8)).date() - timedelta(days=1)
    keys = receive(shop, [voice(day, 2, text=text, unit="S003" if i == 3 else "S001", customer=f"c{i}") for i, text in enumerate(TEXTS)], now=now)
    work()
    return day, keys


def asked(day, **more):
    return Filters(day - timedelta(days=7), day + timedelta(days=1), **more)


def listed(shop, day, **more):
    with shop.scope():
        return point_list.rows(asked(day, **more), organisation=shop.id)


def label(shop, key, kind, mentions):
    with shop.scope():
        Analysis.objects.filter(feedback_id=key, is_current=True).update(
            kind=kind, topics=[{"code": code, "sentiment": feel, "start": 0, "end": 1} for code, feel in mentions], topic_codes=[code for code, _ in mentions]
        )


def decide(shop, key, topic, state, note="", *, now, version=0, who="cx_manager"):
    with shop.scope():
        return points.decide(key, topic, state, note, organisation=shop.id, member=shop.members[who], version=version, now=now, actor="user:m@x")


def send(shop, topic, side, who, *, now, version=0):
    with shop.scope():
        owner = str(shop.members[who].id) if who else ""
        return points.send(topic, side, owner, organisation=shop.id, version=version, now=now, actor="user:m@x")


RULE = [
    ("complaint", [("price", -0.6)], {("product", "price")}),
    ("complaint", [("price", -0.6), ("price", -0.2), ("price", 0.5)], {("product", "price")}),
    ("complaint", [("waiting_time", -0.01), ("staff_attitude", 0.0)], {("service", "waiting_time")}),
    ("suggestion", [], {("need", "")}),
    ("suggestion", [("stock", -0.3), ("other", -0.3)], {("need", ""), ("product", "stock"), ("service", "other")}),
    ("praise", [("price", 0.6)], set()),
    ("other", [("a_topic_of_tomorrow", -1)], {("service", "a_topic_of_tomorrow")}),
]


def test_the_rule_and_the_list_say_the_same(shop, now, heard):
    day, keys = heard
    sides = {topic: points.shipped_side(topic) for topic in topics.LABELS}
    for kind, mentions, expected in RULE:
        label(shop, keys[0], kind, mentions)
        assert points.points_of(kind, [{"code": code, "sentiment": feel} for code, feel in mentions], sides) == expected
        found = [(row.type, row.topic) for row in listed(shop, day) if row.feedback_id == keys[0]]
        assert len(found) == len(set(found)) and set(found) == expected, kind
    mention = st.tuples(st.sampled_from([*topics.LABELS]), st.floats(-1, 1).map(lambda x: round(x, 3)))

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["complaint", "suggestion", "praise"]), st.lists(mention, max_size=5))
    def same(kind, mentions):
        label(shop, keys[0], kind, mentions)
        said = points.points_of(kind, [{"code": code, "sentiment": feel} for code, feel in mentions], sides)
        assert {(row.type, row.topic) for row in listed(shop, day) if row.feedback_id == keys[0]} == said

    same()
    assert len(points.PRODUCT) == 8 and set(points.PRODUCT) < set(topics.LABELS)


def test_the_list_narrows_counts_and_turns_pages(shop, stranger, now, heard):
    day, keys = heard
    label(shop, keys[0], "complaint", [("price", -0.6), ("stock", -0.2)])
    label(shop, keys[1], "praise", [("staff_attitude", 0.9)])
    label(shop, keys[2], "suggestion", [])
    label(shop, keys[3], "complaint", [("waiting_time", -0.6)])
    every = listed(shop, day)
    told = {(row.feedback_id, row.topic) for row in every}
    assert told == {(keys[0], "price"), (keys[0], "stock"), (keys[2], ""), (keys[3], "waiting_time")}
    with shop.scope():
        assert point_list.counts(asked(day, type="need"), organisation=shop.id) == {"need": 1, "product": 2, "service": 1}
        east = asked(day, paths=(shop.units["EAST"].path,))
        assert point_list.counts(east, organisation=shop.id) == {"need": 1, "product": 2, "service": 0}
        walked, before = [], None
        for _ in range(5):  # one more than there are
            page = point_list.rows(asked(day), organisation=shop.id, most=1, before=before)
            walked, before = walked + page, page[-1].place if page else before
        assert walked == every == [row for at in range(4) for row in point_list.rows(asked(day), organisation=shop.id, most=1, offset=at)]
        assert point_list.rows(Filters(day - timedelta(days=7), day), organisation=shop.id) == []
    for more, n in (({"type": "product"}, 2), ({"topic": "price"}, 1), ({"topic": "need"}, 1), ({"unit": "WEST"}, 1), ({"unit": "EAST", "type": "service"}, 0), ({"state": "open"}, 4), ({"owner": "nobody"}, 4)):
        assert len(listed(shop, day, **more)) == n, more
    with stranger.scope():  # another organisation's key opens nothing, whatever number it gives
        assert point_list.rows(asked(day), organisation=shop.id) == []
    with shop.scope():
        voices.exclude(keys[0], "测试", organisation=shop.id, now=now, actor="t")
        voices.delete(keys[2], organisation=shop.id, now=now, actor="t")
    assert [row.topic for row in listed(shop, day)] == ["waiting_time"]


def test_days_asked_for():
    from datetime import date

    today = date(2026, 11, 23)
    for given_days, expected in [
        ((None, None), (date(2026, 10, 25), date(2026, 11, 24))),
        ((date(2026, 11, 1), None), (date(2026, 11, 1), date(2026, 11, 24))),
        ((None, date(2026, 3, 2)), (date(2026, 1, 31), date(2026, 3, 2))),
        ((date.min, date.max), (point_list.FIRST, point_list.LAST)),
        ((None, date.min), (point_list.FIRST, point_list.FIRST)),
        ((date.max, None), (point_list.LAST, point_list.LAST)),
    ]:
        assert point_list.window(*given_days, today) == expected


def test_sides_and_owners_route_at_once(shop, stranger, now, heard):
    day, keys = heard
    label(shop, keys[0], "suggestion", [("price", -0.6)])
    assert send(shop, "price", "service", "store_manager", now=now).version == 1
    assert send(shop, "", "need", "cx_manager", now=now).version == 1
    found = {row.topic: row for row in listed(shop, day) if row.feedback_id == keys[0]}
    assert (found["price"].type, found["price"].owner) == ("service", "store_manager")
    assert (found[""].type, found[""].owner_id) == ("need", shop.members["cx_manager"].id)
    assert [row.topic for row in listed(shop, day, owner=str(shop.members["store_manager"].id))] == ["price"]
    with shop.scope():
        assert [(p.topic, p.type, p.owner.name) for p in points.of_voice(keys[0], organisation=shop.id)] == [("", "need", "cx_manager"), ("price", "service", "store_manager")]
    # the same again writes nothing; another on an old form is refused; what cannot be is refused
    assert send(shop, "price", "service", "store_manager", now=now, version=1).version == 1
    with pytest.raises(Stale):
        send(shop, "price", "product", "store_manager", now=now, version=0)
    for topic, side, who in (("price", "need", ""), ("", "product", ""), ("price", "x", ""), ("nothing", "product", ""), ("price", "product", "analyst")):
        with pytest.raises(PointError):
            send(shop, topic, side, who, now=now, version=1)
    with shop.scope(), pytest.raises(PointError):
        points.send("price", "product", str(stranger.members["cx_manager"].id), organisation=shop.id, version=1, now=now, actor="t")
    with shop.scope():
        assert AuditEvent.objects.filter(action="point_route.saved").count() == 2
        # who leaves keeps no list: its points are nobody's
        members.leave(shop.members["store_manager"].id, organisation=shop.id, version=None, now=now, actor="t")
        held = points.routes(organisation=shop.id)["price"]
        assert (held.owner, held.former.name) == (None, "store_manager")
    assert len(listed(shop, day, topic="price", owner="nobody")) == 1


def test_decisions_hold_are_taken_back_and_are_written_once(shop, now, heard):
    day, keys = heard
    label(shop, keys[0], "complaint", [("price", -0.6)])
    row = decide(shop, keys[0], "price", "taken", now=now)
    assert (row.state, row.version, row.decided_by_id) == ("taken", 1, shop.members["cx_manager"].id)
    assert decide(shop, keys[0], "price", "taken", now=now).version == 1  # a second tap of the same old form
    with pytest.raises(Stale):
        decide(shop, keys[0], "price", "set_aside", "已在别处处理", now=now, version=0)
    for note in ("", " 。 ", "长" * 401):
        with pytest.raises(PointError):
            decide(shop, keys[0], "price", "set_aside", note, now=now, version=1)
    assert decide(shop, keys[0], "price", "set_aside", " 同行都是\n这个价 ", now=now, version=1).note == "同行都是 这个价"
    (line,) = listed(shop, day, state="set_aside")
    assert (line.topic, line.note, line.decided_by, line.version) == ("price", "同行都是 这个价", "cx_manager", 2)
    assert decide(shop, keys[0], "price", "open", now=now, version=2).state == PointState.OPEN
    assert [row.topic for row in listed(shop, day, state="open", topic="price")] == ["price"]
    assert decide(shop, keys[0], "price", "open", now=now, version=0).version == 3
    for topic in ("stock", ""):
        with pytest.raises(PointError, match="现在没有"):
            decide(shop, keys[0], topic, "taken", now=now)
    with pytest.raises(PointError):
        decide(shop, keys[0], "price", "gone", now=now)
    with pytest.raises(voices.VoiceUnknown):
        decide(shop, uuid.uuid4(), "price", "taken", now=now)
    with shop.scope():
        assert AuditEvent.objects.filter(action="point.decided").count() == 3


def test_a_correction_changes_the_points_at_once(shop, now, heard):
    day, keys = heard
    key = keys[2]
    with shop.scope():
        assert "" in {point.topic for point in points.of_voice(key, organisation=shop.id)}
        decide(shop, key, "", "taken", now=now)
        corrections.correct(key, "kind", "praise", organisation=shop.id, version=None, now=now, actor="t")
        assert "" not in {point.topic for point in points.of_voice(key, organisation=shop.id)}
    assert [row for row in listed(shop, day, type="need") if row.feedback_id == key] == []
    with shop.scope():
        # the decision waits for the point to come back
        corrections.undo(key, 1, organisation=shop.id, now=now, actor="t")
        assert PointMark.objects.get().state == "taken"
        assert Feedback.objects.filter(id=key).exists()
    assert [row.state for row in listed(shop, day, type="need") if row.feedback_id == key] == ["taken"]
