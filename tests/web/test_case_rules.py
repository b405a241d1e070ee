"""Case rules over HTTP: tried before saved, versioned, a red line above them, nothing vanishes; strangers keep their own."""

import json
from datetime import timedelta

from complaints import case_rules_kept, case_rules_preview, case_rules_rows
from complaints.models import CaseRules, Clock, Move, PassedOver, Ticket
from tenancy.models import AuditEvent

VOICES = [
    {"channel": "survey", "text": "等了一個小時才有人理", "unit": "S001", "scores": [{"kind": "nps", "value": 3}]},
    {"channel": "survey", "text": "", "unit": "S001", "scores": [{"kind": "nps", "value": 2}]},
    {"channel": "survey", "text": "都挺好的，谢谢", "unit": "S002", "scores": [{"kind": "nps", "value": 9}]},
    {"channel": "review", "text": "充电器冒烟起火了，差点烧到孩子的手！", "unit": "S001"},
    {"channel": "app", "text": "换了电池还是坏的，我要投诉，要求退款！", "unit": "S003"},
]
RULE = {"name": "久等", "words": "一个小时", "open": "yes", "is_on": "on", "then_severity": "high", "then_unit": "EAST", "version": "0", "token": "t1"}


def send(shop, rows=VOICES):
    answer = shop.api().post("/api/v1/feedback/bulk", json.dumps(rows), content_type="application/json", headers={"idempotency-key": f"k{len(rows)}"})
    assert answer.json()["accepted"] == len(rows)


def first_move(title):
    return Move.objects.get(kind="opened", ticket__title__startswith=title).data


def test_every_voice_has_a_ticket_or_a_reason(shop, work, now):
    send(shop)
    with shop.scope():
        later = now + timedelta(hours=1)
        assert case_rules_rows.n_lost(organisation=shop.id, now=later) == len(VOICES)
    work()
    with shop.scope():
        assert case_rules_rows.n_lost(organisation=shop.id, now=later) == 0
        found = {t.title[:4]: t.severity for t in Ticket.objects.all()}
        assert found == {"等了一個": "normal", "充电器冒": "critical", "换了电池": "high"}
        assert first_move("等了") == {"channel": "survey", "severity": "normal", "reason": "detractor", "rule": "detractor", "rules_version": 0}
        assert sorted(PassedOver.objects.values_list("reason", flat=True)) == ["not_a_complaint", "not_a_complaint"]


def test_a_rule_is_tried_then_saved_then_works(shop, stranger, work, now):
    send(shop)
    work()
    page = shop.page()
    url = "/settings/case-rules/new/"
    tried = page.post(url, RULE | {"do": "try", "words": "挺好的"})
    text = tried.content.decode()
    assert tried.status_code == 200
    assert "5 条声音里，原来立案 3 宗，改后 4 宗" in text and "新立 1 宗" in text and "不再立 0 宗" in text
    with shop.scope():
        assert CaseRules.objects.count() == 0 and Ticket.objects.count() == 3
    saved = RULE | {"do": "save", "then_owner": shop.members["frontline"].user.email}
    assert page.post(url, saved).status_code == 302
    assert page.post(url, saved).status_code == 302
    with shop.scope():
        kept = case_rules_kept.current(organisation=shop.id)
        assert (kept.version, [rule["name"] for rule in kept.rules][-1], len(kept.rules)) == (1, "久等", 6)
        code = kept.rules[-1]["code"]
    for _ in range(5):
        with shop.scope():
            version = case_rules_kept.current(organisation=shop.id).version
        page.post("/settings/case-rules/", {"code": code, "do": "up", "version": version})
    send(shop, [{"channel": "survey", "text": "又等了一個小時", "unit": "S003"}])
    work()
    with shop.scope():
        ticket = Ticket.objects.get(title__startswith="又等了")
        assert (ticket.severity, ticket.unit.code, ticket.owner) == ("high", "EAST", shop.members["frontline"])
        assert first_move("又等了")["rule"] == code and first_move("又等了")["rules_version"] == 6
        assert Ticket.objects.get(title__startswith="等了").severity == "normal"
        assert AuditEvent.objects.filter(action="case_rules.saved").count() == 6
    with stranger.scope():
        assert case_rules_kept.current(organisation=stranger.id).version == 0
    assert stranger.page().get(f"/settings/case-rules/{code}/").status_code == 404
    assert shop.page("store_manager").get("/settings/case-rules/").status_code == 403


def test_a_slower_writer_is_told_and_a_bad_rule_keeps_its_text(shop):
    page = shop.page()
    assert page.post("/settings/case-rules/new/", RULE | {"do": "save"}).status_code == 302
    late = page.post("/settings/case-rules/detractor/", RULE | {"do": "save", "name": "晚到的"})
    assert late.status_code == 409 and "晚到的" in late.content.decode()
    bad = page.post("/settings/case-rules/new/", RULE | {"do": "save", "version": "1", "token": "t2", "open": "no", "name": "试试"})
    assert bad.status_code == 400 and "写明为什么不立案" in bad.content.decode() and 'value="试试"' in bad.content.decode()
    wrong = page.post("/settings/case-rules/new/", RULE | {"do": "try", "score_kind": "nps", "at_most": "六"})
    assert wrong.status_code == 400 and 'value="六"' in wrong.content.decode()
    assert page.post("/settings/case-rules/red_line/", {"do": "remove", "version": "1"}).status_code == 400


def test_no_rule_hides_a_red_line_nor_slows_it(shop, work, now):
    page = shop.page()
    page.post("/settings/case-rules/new/", RULE | {"do": "save", "words": "", "open": "no", "then_reason": "先不管"})
    with shop.scope():
        code = case_rules_kept.current(organisation=shop.id).rules[-1]["code"]
    for version in range(1, 6):
        page.post("/settings/case-rules/", {"code": code, "do": "up", "version": version})
    send(shop)
    work()
    with shop.scope():
        assert [t.severity for t in Ticket.objects.all()] == ["critical"]
        assert set(PassedOver.objects.values_list("reason", "rule")) == {("rule", code)}
        assert Clock.objects.filter(ticket__severity="critical", kind="solution", target_seconds=7200).count() == 1


def test_a_preview_of_many_says_its_sample(shop, work, now, monkeypatch):
    monkeypatch.setattr(case_rules_preview, "MOST", 40)
    rows = [{"channel": "survey", "text": f"一般吧 {i}", "scores": [{"kind": "nps", "value": 5}], "external_id": f"v{i}"} for i in range(160)]
    send(shop, rows)
    work()
    with shop.scope():
        rules = case_rules_kept.current(organisation=shop.id).rules
        found = case_rules_preview.run(rules, rules[:-1], organisation=shop.id, now=now + timedelta(minutes=5))
    assert found.n_all == 160 and found.is_sampled and 10 <= found.n_voices <= 90
    assert (found.n_before, found.n_after, found.n_no_longer) == (found.n_voices, 0, found.n_voices)
