"""An answer from the first tap to the one voice it becomes, through the public page."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from complaints.models import Ticket
from cxms.lib import clock
from feedback.models import Feedback, Score
from surveys import answers, surveys, timing
from surveys.models import Invitation, Response
from tests.surveys.conftest import spec


def voices(shop):
    with shop.scope():
        rows = Feedback.objects.filter(organisation_id=shop.id).order_by("received_at", "id")
        return [(row, [(s.kind, int(s.value)) for s in Score.objects.filter(feedback=row)]) for row in rows]


def only(model, shop):
    with shop.scope():
        (row,) = model.objects.filter(organisation_id=shop.id)
        return row


def test_a_tap_then_words_are_one_voice_with_one_score(client, shop, publish, invited):
    publish()
    invitation, token = invited()
    url = f"/s/{token}/"
    assert "点一下就算答完" in client.get(url).content.decode()
    tap = client.post(url, {"score": "9", "version": "1"})
    assert (tap.status_code, tap.url) == (303, url)
    page = client.get(url).content.decode()
    assert "已收到 9 分" in page
    assert "哪一点最该保持" in page
    assert voices(shop) == []
    client.post(url, {"done": "1", "text": "店员很耐心", "reasons": ["staff_attitude"]})
    ((voice, scores),) = voices(shop)
    assert (voice.channel, voice.text, scores) == ("survey", "态度好\n店员很耐心", [("nps", 9)])
    assert voice.metadata["survey"] == "nps-order"
    assert voice.metadata["survey_version"] == 1
    assert voice.metadata["reasons"] == ["staff_attitude"]
    assert (voice.unit_id, voice.customer_id) == (shop.units["S001"].id, invitation.customer_id)
    row = only(Response, shop)
    assert (row.feedback, row.text, row.enter_at) == (voice.id, "", None)
    assert voice.external_id == f"response:{row.id}"


def test_a_tap_alone_counts_after_ten_minutes_of_silence_and_not_before(client, shop, publish, invited):
    publish()
    _, token = invited()
    client.post(f"/s/{token}/", {"score": "3"})
    at = clock.now()
    with shop.scope():
        assert timing.sweep(organisation=shop.id, now=at + timedelta(minutes=9)) == 0
        assert timing.sweep(organisation=shop.id, now=at + timedelta(minutes=11)) == 1
        assert timing.sweep(organisation=shop.id, now=at + timedelta(minutes=30)) == 0
    ((voice, scores),) = voices(shop)
    assert (voice.text, scores) == ("", [("nps", 3)])
    assert voice.occurred_at <= at


def test_the_timer_finds_the_silent_by_itself(client, shop, publish, link_of, work, monkeypatch):
    link = link_of(publish())
    monkeypatch.setattr(answers, "SILENCE", timedelta(0))
    client.post(f"/s/{link.token}/", {"score": "10", "key": "0" * 31 + "1"})
    assert shop.id in timing.due_organisations()
    work()
    ((voice, scores),) = voices(shop)
    assert (voice.channel, scores) == ("qr", [("nps", 10)])
    assert shop.id not in timing.due_organisations()


def test_words_that_come_late_are_a_voice_without_a_score(client, shop, publish, invited):
    publish()
    _, token = invited()
    client.post(f"/s/{token}/", {"score": "2"})
    with shop.scope():
        timing.sweep(organisation=shop.id, now=clock.now() + timedelta(minutes=11))
    assert "2 分已计入" in client.get(f"/s/{token}/").content.decode()
    for _ in range(2):
        client.post(f"/s/{token}/", {"done": "1", "score": "10", "text": "其实是没人理我"})
    first, second = voices(shop)
    assert first[1] == [("nps", 2)]
    assert (second[0].text, second[1]) == ("其实是没人理我", [])
    assert second[0].metadata["response"] == first[0].metadata["response"]


def test_pressing_done_twice_changes_nothing(client, shop, publish, invited):
    publish()
    _, token = invited()
    form = {"score": "7", "done": "1", "text": "再快一点就好"}
    client.post(f"/s/{token}/", form)
    client.post(f"/s/{token}/", form)
    assert [(voice.text, scores) for voice, scores in voices(shop)] == [("再快一点就好", [("nps", 7)])]
    assert "7 分已收到" in client.get(f"/s/{token}/").content.decode()


def test_an_invitation_answered_on_two_devices_is_one_response(shop, publish, invited):
    publish()
    _, token = invited()
    phone, desk = Client(), Client()
    phone.post(f"/s/{token}/", {"score": "4"})
    assert "已收到 4 分" in desk.get(f"/s/{token}/").content.decode()
    desk.post(f"/s/{token}/", {"score": "8"})
    assert "已收到 8 分" in phone.get(f"/s/{token}/").content.decode()
    assert only(Response, shop).score == 8


def test_eight_presses_at_once_are_one_response(shop, publish, invited, link_of):
    survey = publish()
    _, token = invited()
    link = link_of(survey)
    said = []

    def press(url, form):
        said.append(Client().post(url, form).status_code)
        connection.close()

    presses = [(f"/s/{token}/", {"score": "9", "done": "1"}), (f"/s/{link.token}/", {"score": "1", "done": "1", "key": "a" * 32})]
    threads = [threading.Thread(target=press, args=each) for each in presses * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [303] * 16
    assert sorted(scores for _, scores in voices(shop)) == [[("nps", 1)], [("nps", 9)]]


def test_a_printed_link_is_for_many_and_remembers_a_browser(shop, publish, link_of):
    link = link_of(publish())
    url = f"/s/{link.token}/"
    first, second = Client(), Client()
    first.post(url, {"score": "5"})
    assert "已收到 5 分" in first.get(url).content.decode()
    assert "点一下就算答完" in second.get(url).content.decode()
    assert "杭州西溪店" in second.get(url).content.decode()
    second.post(url, {"score": "10", "done": "1"})
    assert "点一下就算答完" in second.get(url + "?again=1").content.decode()
    second.post(url, {"score": "6", "key": "b" * 32})
    with shop.scope():
        assert sorted(Response.objects.filter(organisation_id=shop.id).values_list("score", flat=True)) == [5, 6, 10]


def test_looking_never_saves_and_a_marked_score_waits_for_a_press(client, shop, publish, invited):
    publish()
    _, token = invited()
    page = client.get(f"/s/{token}/?score=9").content.decode()
    assert "就是 9 分，送出" in page
    assert "还没有记下" in page
    client.head(f"/s/{token}/?score=9")
    with shop.scope():
        assert Response.objects.filter(organisation_id=shop.id).count() == 0
    assert only(Invitation, shop).opened_at is None
    client.post(f"/s/{token}/", {"seen": "1"})
    assert only(Invitation, shop).opened_at is not None


@pytest.mark.parametrize("score", ["11", "-1", "x", "", "９", "5.5", "999"])
def test_a_score_that_is_none_is_refused_kindly(client, shop, publish, invited, score):
    publish()
    _, token = invited()
    answer = client.post(f"/s/{token}/", {"score": score})
    assert answer.status_code == 400
    assert "请先点一个分数" in answer.content.decode()
    with shop.scope():
        assert Response.objects.filter(organisation_id=shop.id).count() == 0


def test_zero_is_a_score(client, shop, publish, invited):
    publish()
    _, token = invited()
    client.post(f"/s/{token}/", {"score": "0", "done": "1"})
    assert voices(shop)[0][1] == [("nps", 0)]


def test_contact_is_kept_only_by_consent_and_the_call_is_owed(client, shop, publish, link_of, work):
    url = f"/s/{link_of(publish()).token}/"
    page = client.post(url, {"score": "2", "key": "c" * 32}, follow=True).content.decode()
    assert 'name="call" value="1">' in page, "never ticked beforehand"
    form = {"key": "c" * 32, "done": "1", "contact": "138 1234 6629", "text": "等了两个小时"}
    without = Client()
    without.post(url, {**form, "score": "2", "key": "d" * 32})
    work()
    with shop.scope():
        assert Feedback.objects.get(organisation_id=shop.id).customer_id is None
    missing = client.post(url, {**form, "call": "1", "contact": ""})
    assert missing.status_code == 400
    assert "请写手机号或邮箱" in missing.content.decode()
    assert "等了两个小时" in missing.content.decode()
    client.post(url, {**form, "call": "1"})
    work()
    with shop.scope():
        ticket = Ticket.objects.select_related("customer").get(organisation_id=shop.id, customer__isnull=False)
        assert ticket.customer.phone == "+8613812346629"
        assert ticket.severity in {"normal", "high"}
        row = Response.objects.get(wants_contact=True)
        assert (row.phone, row.email, row.text) == ("", "", "")


def test_a_call_without_a_word_makes_a_ticket_too_and_one_only(client, shop, publish, invited, work):
    publish()
    _, token = invited()
    for _ in range(2):
        client.post(f"/s/{token}/", {"score": "1", "done": "1", "call": "1"})
    work()
    with shop.scope():
        ticket = Ticket.objects.get(organisation_id=shop.id)
    assert ticket.title == "客户答完问卷，请店长联系"


def test_a_trap_keeps_what_a_machine_sent_out_of_the_figures(client, shop, publish, link_of):
    url = f"/s/{link_of(publish()).token}/"
    client.post(url, {"score": "0", "done": "1", "website": "http://spam.example", "key": "e" * 32})
    ((voice, _),) = voices(shop)
    assert voice.excluded_reason == "honeypot"
    with shop.scope():
        assert Score.objects.get(feedback=voice).excluded


def test_an_answer_counts_under_the_wording_it_was_given_to(client, shop, publish, invited, now):
    survey = publish()
    _, token = invited()
    texts = {**spec().texts, "question": dict.fromkeys(("zh-hans", "zh-hant", "en"), "新的问法？")}
    with shop.scope():
        surveys.change(survey.id, spec(texts=texts), revision=survey.revision, organisation=shop.id, now=now, actor="t")
    client.post(f"/s/{token}/", {"score": "9", "version": "1", "done": "1"})
    assert voices(shop)[0][0].metadata["survey_version"] == 1
    with shop.scope():
        assert Response.objects.get(organisation_id=shop.id).version.version == 1


def test_closed_expired_revoked_and_strange_links_lead_nowhere(client, shop, stranger, publish, invited, link_of, now):
    from surveys import links

    survey = publish()
    invitation, token = invited()
    link = link_of(survey)
    with shop.scope():
        fresh = links.rotate(link.id, organisation=shop.id, now=now, actor="t")
    assert client.get(f"/s/{link.token}/").status_code == 404
    assert client.post(f"/s/{link.token}/", {"score": "9"}).status_code == 404
    assert client.get(f"/s/{fresh.token}/").status_code == 200
    assert client.get(f"/f/{fresh.token}/").status_code == 404
    assert client.get("/s/nobody-knows-this-token/").status_code == 404
    invitation.organisation_id = stranger.id
    assert client.get(f"/s/{links.invitation_token(invitation)}/").status_code == 410
    with shop.scope():
        Invitation.objects.filter(id=invitation.id).update(expires_at=now - timedelta(minutes=1))
    over = client.get(f"/s/{token}/")
    assert over.status_code == 410
    assert "杭州西溪店" not in over.content.decode()
    with shop.scope():
        surveys.move(survey.id, "paused", organisation=shop.id, now=now, actor="t")
    assert client.get(f"/s/{fresh.token}/").status_code == 404


def test_the_page_tells_nobody_where_it_lies(client, publish, invited):
    publish()
    _, token = invited()
    for url in (f"/s/{token}/", f"/s/{token}/unsubscribe/", "/s/nothing/", "/f/nothing/"):
        answer = client.get(url)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize(
    ("language", "said", "lang"),
    [("zh-hans", "您有多大可能把我们推荐给朋友", "zh-Hans"), ("zh-hant", "您有多大可能把我們推薦給朋友", "zh-Hant"), ("en", "How likely are you", "en")],
)
def test_three_languages(client, publish, invited, language, said, lang):
    publish()
    _, token = invited()
    url = f"/s/{token}/"
    assert client.post(url, {"language": language}).url == url
    page = client.get(url).content.decode()
    assert said in page
    assert f'<html lang="{lang}"' in page


def test_a_channel_switched_off_asks_nobody(client, shop, publish, invited):
    publish()
    _, token = invited()
    shop.organisation.channels_off = ["survey"]
    shop.organisation.save()
    assert client.get(f"/s/{token}/").status_code == 410
