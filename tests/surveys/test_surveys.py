"""Versions, states and what a survey refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.models import Fact
from surveys import content, queries, surveys
from surveys.surveys import SurveyError
from tests.surveys.conftest import spec

LANGUAGES = ("zh-hans", "zh-hant", "en")


def versions(shop, row):
    with shop.scope():
        return [(v.version, v.is_comparable) for v in reversed(queries.versions(row))]


def change(shop, row, now, **fields):
    with shop.scope():
        row = queries.one(row.id, organisation=shop.id)
        return surveys.change(row.id, spec(**fields), revision=row.revision, organisation=shop.id, now=now, actor="t")


def test_a_published_survey_is_never_overwritten(shop, publish, now):
    row = publish()
    change(shop, row, now, delay_minutes=30)
    assert versions(shop, row) == [(1, True)], "when and how often is no wording"
    follow = {**spec().texts, "ask_low": dict.fromkeys(LANGUAGES, "怎么了？")}
    change(shop, row, now, texts=follow)
    assert versions(shop, row) == [(1, True), (2, True)]
    asked = {**follow, "question": dict.fromkeys(LANGUAGES, "还会再来吗？")}
    change(shop, row, now, texts=asked)
    assert versions(shop, row) == [(1, True), (2, True), (3, False)]
    change(shop, row, now, kind="csat", texts=asked)
    assert versions(shop, row)[-1] == (4, False)
    with shop.scope():
        first = queries.versions(row)[-1]
        assert first.texts == spec().texts
        assert queries.one(row.id, organisation=shop.id).version == 4
        assert Fact.objects.filter(kind="survey.changed").count() == 4


def test_a_draft_is_still_paper(shop, now):
    with shop.scope():
        row = surveys.create(spec(), code="x", organisation=shop.id, now=now, actor="t")
    change(shop, row, now, kind="ces", texts=content.default_texts("ces"))
    assert versions(shop, row) == [(1, True)]
    with shop.scope():
        assert queries.one(row.id, organisation=shop.id).kind == "ces"


def test_two_hands_do_not_overwrite_each_other(shop, publish, now):
    row = publish()
    change(shop, row, now, name="甲")
    with shop.scope(), pytest.raises(SurveyError) as caught:
        surveys.change(row.id, spec(name="乙"), revision=row.revision, organisation=shop.id, now=now, actor="t")
    assert caught.value.code == "changed_meanwhile"


def test_a_life(shop, publish, now):
    row = publish()

    def move(state):
        with shop.scope():
            return surveys.move(row.id, state, organisation=shop.id, now=now, actor="t").state

    assert [move(state) for state in ("paused", "paused", "published", "closed")] == [
        "paused", "paused", "published", "closed",
    ]  # fmt: skip
    with pytest.raises(SurveyError):
        move("published")
    with pytest.raises(SurveyError):
        change(shop, row, now, name="不行")


def test_empty_traditional_is_made_from_simplified(shop, now):
    texts = {**spec().texts, "question": {"zh-hans": "您满意吗？", "zh-hant": "", "en": "Are you satisfied?"}}
    with shop.scope():
        row = surveys.create(spec(texts=texts), code="x", organisation=shop.id, now=now, actor="t")
        assert queries.versions(row)[0].texts["question"]["zh-hant"] == "您滿意嗎？"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"kind": "stars"}, "kind"),
        ({"event_kind": "Order!"}, "event_kind"),
        ({"sample_percent": 0}, "sample_percent"),
        ({"expiry_days": 91}, "expiry_days"),
        ({"quiet_days": -1}, "quiet_days"),
        ({"delay_minutes": 10**6}, "delay_minutes"),
        ({"unit": "NOPE"}, "unit"),
        ({"touchpoint": "NOPE"}, "touchpoint"),
        ({"texts": {**spec().texts, "question": {"zh-hans": "问？", "zh-hant": "問？", "en": ""}}}, "question.en"),
        ({"texts": {**spec().texts, "ask_low": dict.fromkeys(LANGUAGES, "长" * 201)}}, "ask_low.zh-hans"),
        ({"reasons": {"low": list(content.reason_codes())}}, "reasons.low"),
    ],
)
def test_what_is_wrong_is_named(shop, now, fields, field):
    with shop.scope(), pytest.raises(SurveyError) as caught:
        surveys.create(spec(**fields), code="x", organisation=shop.id, now=now, actor="t")
    assert caught.value.field == field


def test_a_code_that_is_taken_gets_a_number(shop, stranger, now):
    with shop.scope():
        codes = [surveys.create(spec(), code="nps", organisation=shop.id, now=now, actor="t").code for _ in range(3)]
    with stranger.scope():
        assert surveys.create(spec(), code="nps", organisation=stranger.id, now=now, actor="t").code == "nps"
    assert codes == ["nps", "nps-2", "nps-3"]


@given(kind=st.sampled_from(["nps", "csat", "ces"]), data=st.data())
def test_every_score_has_one_band_and_bands_rise(kind, data):
    scale = content.scale(kind)
    low, high = sorted(data.draw(st.lists(st.sampled_from(list(scale)), min_size=2, max_size=2)))
    order = ["low", "middle", "high"]
    assert order.index(content.band(kind, low)) <= order.index(content.band(kind, high))
    assert {content.band(kind, score) for score in scale} == set(order)


def test_the_bands_are_those_of_the_definitions():
    assert [content.band("nps", score) for score in range(11)] == ["low"] * 7 + ["middle"] * 2 + ["high"] * 2
    assert [content.band("csat", score) for score in range(1, 6)] == ["low", "low", "middle", "high", "high"]
    assert [content.band("ces", score) for score in range(1, 8)] == ["low"] * 3 + ["middle"] * 2 + ["high"] * 2


def test_shipped_texts_are_whole_in_three_languages():
    for kind in ("nps", "csat", "ces"):
        texts = content.default_texts(kind)
        assert set(texts) == set(content.FIELDS)
        assert all(texts[field][language] for field in texts for language in LANGUAGES)
    from feedback.nlp.taxonomy import TOPIC_CODES

    assert set(content.reason_codes()) == set(TOPIC_CODES)
    assert all(content.reason_label(c, b, lang) for c in TOPIC_CODES for b in ("low", "high") for lang in LANGUAGES)
