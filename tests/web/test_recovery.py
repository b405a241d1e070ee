"""Asked again after a solution: on in one press from either page, asked like by any survey, and whether he would come back."""

from datetime import timedelta

import pytest
from django.test import Client

from customers.cards import Card
from feedback.models import Feedback
from surveys import links, recovery, surveys
from surveys.models import Invitation, Response, Survey, SurveyVersion


@pytest.mark.parametrize(("path", "back"), [("/surveys/", "surveys"), ("/settings/case-rules/", "rules")])
def test_one_press_switches_it_on_and_another_off(shop, stranger, path, back):
    page = shop.page()
    assert "打开，一键发布" in page.get(path).content.decode()
    for _ in range(2):
        answer = page.post("/surveys/recovery/", {"do": "on", "back": back})
        assert answer.url == f"{path}#recovery"
    with shop.scope():
        row = Survey.objects.get()
        version = SurveyVersion.objects.get()
        assert (row.state, row.event_kind, row.delay_minutes, row.sample_percent) == ("published", "recovery", 1440, 100)
        assert (version.kind, version.asks_return, version.texts["question"]["en"][:3]) == ("csat", True, "How")
    assert "先不问" in page.get(path).content.decode()
    for _ in range(2):
        page.post("/surveys/recovery/", {"do": "off", "back": back})
    with shop.scope():
        assert Survey.objects.get().state == "paused"
    page.post("/surveys/recovery/", {"do": "on"})
    with shop.scope():
        assert Survey.objects.get().state == "published"
        # a closed one stays closed: the next press makes another
        surveys.move(row.id, "closed", organisation=shop.id, now=row.created_at, actor="t")
        assert recovery.current(organisation=shop.id) is None
    assert shop.page("frontline").post("/surveys/recovery/", {"do": "on"}).status_code == 403
    with stranger.scope():
        assert not Survey.objects.exists()


def test_who_had_a_case_solved_is_asked_whether_he_would_come_back(shop, complain, work, now):
    page = shop.page()
    page.post("/surveys/recovery/", {"do": "on"})
    ticket = complain(customer=Card(external_id="K-9", name="陈建国", email="chen@example.com"))
    page.post(f"/promises/{ticket.number}/moves/", {"move": "resolve", "version": ticket.version, "text": "已换新"})
    work()
    with shop.scope():
        row = Invitation.objects.get(decision="invited")
        assert timedelta(hours=23) < row.release_at - row.occurred_at < timedelta(hours=25)
        Invitation.objects.update(release_at=None, released_at=now, expires_at=now + timedelta(days=9))
        token = links.invitation_token(row)
    client = Client()
    first = client.post(f"/s/{token}/", {"score": "4"}, follow=True).content.decode()
    assert "您还会再来吗？" in first and 'name="return"' in first
    client.post(f"/s/{token}/", {"score": "4", "return": "perhaps"})
    client.post(f"/s/{token}/", {"score": "4", "return": "yes", "done": "1"})
    with shop.scope():
        response = Response.objects.get()
        voice = Feedback.objects.get(id=response.feedback)
        assert (response.score, response.would_return, voice.metadata["would_return"]) == (4, "yes", "yes")
        survey = Survey.objects.get()
    assert "n 不足 5，已隐藏" in page.get(f"/surveys/{survey.id}/").content.decode()
    with shop.scope():
        for i in range(5):
            Response.objects.create(
                organisation_id=shop.id, survey=survey, version=response.version, score=3, would_return=("no" if i else "maybe"),
                language="zh-hans", started_at=now, touched_at=now, entered_at=now, feedback=voice.id,
            )  # fmt: skip
    shown = page.get(f"/surveys/{survey.id}/").content.decode()
    assert "<b>17%</b>" in shown and "n = 6" in shown
