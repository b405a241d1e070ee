"""`/api/v1/complaints`, policies, calendars and previews: the worked examples of the SLA page over HTTP."""

import json
from datetime import UTC, datetime, timedelta

import pytest

SHANGHAI = "+08:00"
REFLECTED = {"whys": ["来料未检"], "cause_code": "product.batch", "prevention": "入库抽检", "due": "2099-01-31"}
FIVE = {"who": "店员", "when": "昨天", "where": "西溪店", "what": "换屏后闪屏", "evidence": "照片", "signed": True}


def call(client, method, path, body=None, **headers):
    if method == "get":
        return client.get(f"/api/v1{path}", headers=headers)
    return getattr(client, method)(
        f"/api/v1{path}", data=json.dumps(body), content_type="application/json", headers=headers
    )


def file(client, **fields):
    body = {"channel": "phone", "text": "换屏后三天再次闪屏，要求退机", "unit": "S001", **fields}
    answer = call(client, "post", "/complaints", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def move(client, ticket, name, **fields):
    return call(client, "post", f"/complaints/{ticket['number']}/moves", {"move": name, **fields})


def clocks(ticket, cycle=1):
    return {clock["clause"]: clock for clock in ticket["clocks"] if clock["cycle"] == cycle}


def levels(ticket, clause="solution", cycle=1):
    return {
        row["level"]: row for row in ticket["escalations"] if (row["clause"], row["cycle"]) == (clause, cycle)
    }


def at(text):
    return datetime.fromisoformat(text)


def test_a_complaint_opens_with_the_default_promise(shop):
    ticket = file(shop.api(), severity="high", customer={"name": "陈建国", "phone": "138 1234 6629"})
    found = clocks(ticket)
    assert (ticket["state"], ticket["severity"], ticket["policy"], ticket["cycle"]) == ("new", "high", "promise", 1)
    assert {clause: clock["target_seconds"] for clause, clock in found.items()} == {
        "executives": 60, "reconstruction": 3600, "solution": 7200, "reflection": 604800,
    }  # fmt: skip
    assert {clause: clock["state"] for clause, clock in found.items()} == {
        "executives": "running", "reconstruction": "running", "solution": "running", "reflection": "waiting",
    }  # fmt: skip
    start = at(ticket["received_at"])
    assert at(found["solution"]["due_at"]) == start + timedelta(hours=2)
    assert [at(w) for w in found["solution"]["warn_at"]] == [start + timedelta(hours=1), start + timedelta(minutes=90)]
    assert found["executives"]["warn_at"] == []


def test_the_same_complaint_twice_is_one_ticket(shop):
    client = shop.api()
    first = file(client, external_id="crm-1")
    again = call(client, "post", "/complaints", {"channel": "phone", "text": "换屏", "external_id": "crm-1"})
    assert (again.status_code, again.json()["number"]) == (200, first["number"])


def test_the_whole_road_to_acceptance(shop):
    client = shop.api()
    ticket = file(client)
    assert move(client, ticket, "assign", assignee="E001").status_code == 422
    assert move(client, ticket, "assign", assignee=shop.members["frontline"].user.email).json()["state"] == "handling"
    assert move(client, ticket, "reconstruct", **{**FIVE, "signed": False}).json()["code"] == "not_signed"
    assert move(client, ticket, "reconstruct", **{**FIVE, "evidence": " "}).json()["errors"][0]["field"] == "evidence"
    done = move(client, ticket, "reconstruct", **FIVE).json()
    assert clocks(done)["reconstruction"]["state"] == "met"
    offered = move(client, ticket, "propose", text="换新机", compensation="延保 6 个月", wait=True).json()
    assert (offered["state"], clocks(offered)["solution"]["state"]) == ("waiting", "paused")
    accepted = move(client, ticket, "accept", consent="customer").json()
    assert (accepted["state"], clocks(accepted)["solution"]["state"]) == ("resolved", "met")
    assert clocks(accepted)["reflection"]["state"] == "running"
    reflected = move(client, ticket, "reflect", **REFLECTED, owner=shop.members["frontline"].user.email).json()
    assert clocks(reflected)["reflection"]["state"] == "met"
    assert move(client, ticket, "close").json()["state"] == "closed"
    refused = move(client, ticket, "propose", text="再来")
    assert (refused.status_code, refused.json()["code"]) == (409, "move_not_allowed")


@pytest.mark.parametrize(
    ("name", "fields", "status", "code"),
    [
        ("accept", {"consent": "customer"}, 409, "move_not_allowed"),
        ("resume", {}, 200, None),
        ("reopen", {"reason": "x"}, 409, "move_not_allowed"),
        ("dance", {}, 422, "unknown_move"),
        ("notified", {}, 422, "unknown_move"),
        ("hold", {"reason": "lunch"}, 422, "unknown_value"),
        ("reply", {"text": 5}, 422, "wrong_type"),
        ("reply", {}, 422, "missing"),
        ("excuse", {"clause": "solution", "reason": "x"}, 422, "not_breached"),
        ("change_severity", {"severity": "huge", "reason": "x"}, 422, "unknown_value"),
    ],
)
def test_moves_are_refused_by_name(shop, name, fields, status, code):
    client = shop.api()
    answer = move(client, file(client), name, **fields)
    assert answer.status_code == status
    assert answer.json().get("code") == code


def test_closing_waits_for_the_reconstruction(shop):
    client = shop.api()
    ticket = file(client)
    assert move(client, ticket, "resolve", reason="no_answer").json()["state"] == "resolved"
    refused = move(client, ticket, "close")
    assert (refused.status_code, refused.json()["code"]) == (409, "move_not_allowed")
    solved = call(client, "get", f"/complaints/{ticket['number']}").json()
    assert (clocks(solved)["solution"]["state"], clocks(solved)["solution"]["cause"]) == ("met", "no_answer")
    assert clocks(solved)["reconstruction"]["state"] == "running"


def test_a_stale_write_is_412_and_loses_nothing(shop):
    client = shop.api()
    ticket = file(client)
    etag = call(client, "get", f"/complaints/{ticket['number']}")["ETag"]
    body = {"move": "note", "text": "第一条"}
    assert call(client, "post", f"/complaints/{ticket['number']}/moves", body, if_match=etag).status_code == 200
    stale = call(client, "post", f"/complaints/{ticket['number']}/moves", {**body, "text": "第二条"}, if_match=etag)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")


# ---- history: clocks and verdicts come out as if the moves had been made then --------------------------------------


def past(client, received, *steps, **fields):
    return file(client, received_at=received, moves=[{"at": when, "move": name, **more} for when, name, more in steps], **fields)


def accept_at(when, offered):
    return [(offered, "propose", {"text": "换新"}), (when, "accept", {"consent": "verbal"})]


def test_e1_history_that_was_met_has_the_warnings_and_no_breach(shop):
    ticket = past(shop.api(), f"2026-03-02T10:00:00{SHANGHAI}", *accept_at(f"2026-03-02T12:00:00{SHANGHAI}", f"2026-03-02T11:40:00{SHANGHAI}"))  # fmt: skip
    found = clocks(ticket)["solution"]
    assert (found["state"], found["met_at"], found["breached_at"]) == ("met", "2026-03-02T04:00:00Z", None)
    assert {level: row["fire_at"] for level, row in levels(ticket).items()} == {
        "0.5": "2026-03-02T03:00:00Z", "0.75": "2026-03-02T03:30:00Z",
    }  # fmt: skip
    assert all(row["late_seconds"] > 0 for row in ticket["escalations"])


def test_e19_history_that_was_three_seconds_late_is_breached_by_the_stop(shop):
    ticket = past(shop.api(), f"2026-03-02T10:00:00{SHANGHAI}", *accept_at(f"2026-03-02T12:00:03{SHANGHAI}", f"2026-03-02T11:40:00{SHANGHAI}"))  # fmt: skip
    found = clocks(ticket)["solution"]
    assert (found["state"], found["breached_at"], found["late_seconds"]) == ("breached", "2026-03-02T04:00:00Z", 3)
    assert set(levels(ticket)) == {"0.5", "0.75", "1"}


def test_e7_a_hold_moves_the_due_instant(shop):
    steps = (
        (f"2026-03-02T10:40:00{SHANGHAI}", "hold", {"reason": "waiting_customer"}),
        (f"2026-03-02T14:10:00{SHANGHAI}", "resume", {}),
        *accept_at(f"2026-03-02T15:30:00{SHANGHAI}", f"2026-03-02T15:00:00{SHANGHAI}"),
    )
    ticket = past(shop.api(), f"2026-03-02T10:00:00{SHANGHAI}", *steps)
    found = clocks(ticket)["solution"]
    assert (found["due_at"], found["state"]) == ("2026-03-02T07:30:00Z", "met")
    assert levels(ticket)["0.5"]["fire_at"] == "2026-03-02T06:30:00Z"


def test_e13_reopening_is_a_new_cycle_or_an_undone_stop(shop):
    client = shop.api()
    call(client, "put", "/policies/classic", {"name": "经典", "clauses": [{"code": "solve", "kind": "resolution", "target_seconds": 7200, "calendar": "always"}]})  # fmt: skip
    steps = (
        (f"2026-03-02T11:20:00{SHANGHAI}", "resolve", {"text": "修好了"}),
        (f"2026-03-02T15:00:00{SHANGHAI}", "reopen", {"reason": "又坏了"}),
    )
    ticket = past(client, f"2026-03-02T10:00:00{SHANGHAI}", *steps, policy="classic")
    first, second = clocks(ticket)["solve"], clocks(ticket, 2)["solve"]
    assert (first["state"], first["elapsed_seconds"]) == ("met", 80 * 60)
    assert second["due_at"] == "2026-03-02T09:00:00Z"
    undone = past(client, f"2026-03-02T10:00:00{SHANGHAI}", steps[0], (steps[1][0], "reopen", {"reason": "点错了", "mode": "undo"}), policy="classic")  # fmt: skip
    assert clocks(undone)["solve"]["due_at"] == "2026-03-02T07:40:00Z"
    assert undone["cycle"] == 1


def test_e10_a_graver_case_measures_the_new_target_from_the_same_start(shop):
    client = shop.api()
    for code, severity, target in (("medium", "normal", 14400), ("high", "high", 7200)):
        clause = {"code": "solve", "kind": "resolution", "target_seconds": target, "calendar": "always"}
        call(client, "put", f"/policies/{code}", {"name": code, "match": {"severity": severity}, "clauses": [clause]})
    ticket = file(client, severity="normal")
    changed = move(client, ticket, "change_severity", severity="high", reason="安全").json()
    assert changed["policy"] == "high"
    assert at(clocks(changed)["solve"]["due_at"]) == at(ticket["received_at"]) + timedelta(hours=2)


def test_history_tells_nobody_and_needs_its_scope(shop, work):
    from alerts.models import Notice

    past(shop.api(), f"2026-03-02T10:00:00{SHANGHAI}")
    work()
    with shop.scope():
        assert Notice.objects.count() == 0
    plain = shop.api("complaints:write", "complaints:read")
    body = {"channel": "phone", "text": "旧事", "received_at": f"2026-03-02T10:00:00{SHANGHAI}"}
    refused = call(plain, "post", "/complaints", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


def test_history_in_the_wrong_order_is_refused_whole(shop):
    client = shop.api()
    body = {
        "channel": "phone",
        "text": "旧事",
        "received_at": f"2026-03-02T10:00:00{SHANGHAI}",
        "moves": [
            {"at": f"2026-03-02T12:00:00{SHANGHAI}", "move": "reply", "text": "a"},
            {"at": f"2026-03-02T11:00:00{SHANGHAI}", "move": "reply", "text": "b"},
        ],
    }
    answer = call(client, "post", "/complaints", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "moves[1].at")
    assert call(client, "get", "/complaints").json()["results"] == []


# ---- calendars, policies, preview ----------------------------------------------------------------------------------

OFFICE = {
    "timezone": "Asia/Shanghai",
    "weekly": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": [
        *(f"2026-01-{d:02d}" for d in (1, 2, 3)),
        *(f"2026-02-{d}" for d in range(15, 24)),
        *(f"2026-10-{d:02d}" for d in range(1, 8)),
    ],
    "workdays": {day: [["09:00", "18:00"]] for day in ("2026-01-04", "2026-02-14", "2026-02-28", "2026-10-10")},
}  # fmt: skip
EXAMPLES = [
    ("always", "2026-03-02T10:00:00+08:00", 7200, ["03:00", "03:30"], "2026-03-02T04:00:00Z", "2026-03-02T04:30:00Z"),
    ("office", "2026-02-13T17:30:00+08:00", 7200, ["01:30", "02:00"], "2026-02-14T02:30:00Z", "2026-02-14T03:00:00Z"),
    ("office", "2025-12-31T17:00:00+08:00", 7200, ["10:00", "01:30"], "2026-01-04T02:00:00Z", "2026-01-04T02:30:00Z"),
    ("office", "2026-09-30T17:15:00+08:00", 7200, ["01:15", "01:45"], "2026-10-08T02:15:00Z", "2026-10-08T02:45:00Z"),
]


@pytest.mark.parametrize(("calendar", "start", "target", "warn", "due", "after"), EXAMPLES)
def test_previews_of_the_worked_examples(shop, calendar, start, target, warn, due, after):
    client = shop.api()
    assert call(client, "put", "/calendars/office", OFFICE).status_code == 200
    body = {"calendar": calendar, "started_at": start, "target_seconds": target}
    found = call(client, "post", "/promises/preview", body).json()
    fires = [level["fire_at"] for level in found["levels"]]
    assert found["due_at"] == due
    assert [fire[11:16] for fire in fires[:2]] == warn
    assert fires[2:] == ([due, after] if len(fires) == 4 else [after])


def test_preview_of_a_pause_that_never_ends_and_of_a_stop(shop):
    client = shop.api()
    body = {"calendar": "always", "started_at": "2026-03-02T10:00:00+08:00", "target_seconds": 7200}
    held = call(client, "post", "/promises/preview", {**body, "pauses": [["2026-03-02T10:40:00+08:00", None]]}).json()
    assert held["due_at"] is None
    late = call(client, "post", "/promises/preview", {**body, "stopped_at": "2026-03-02T12:00:03+08:00"}).json()
    assert (late["verdict"], late["late_seconds"], late["breached_at"]) == ("breached", 3, "2026-03-02T04:00:00Z")
    met = call(client, "post", "/promises/preview", {**body, "stopped_at": "2026-03-02T12:00:00+08:00"}).json()
    assert (met["verdict"], met["breached_at"]) == ("met", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"calendar": "nope"}, "calendar"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "2026-03-02T10:00:00"}, "started_at"),
        ({"target_seconds": "2h"}, "target_seconds"),
        ({"target_seconds": 10**30}, "target_seconds"),
        ({"warn_shares": [2]}, "warn_shares"),
        ({"pauses": [["2026-03-02T10:00:00+08:00"]]}, "pauses[0]"),
        ({"calendar": {"timezone": "Mars/Base"}}, "timezone"),
    ],
)
def test_bad_previews_name_their_field(shop, body, field):
    good = {"calendar": "always", "started_at": "2026-03-02T10:00:00+08:00", "target_seconds": 7200}
    answer = call(shop.api(), "post", "/promises/preview", {**good, **body})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_policies_are_versioned_ordered_and_checked(shop):
    client = shop.api()
    clause = {"code": "solve", "kind": "resolution", "target_seconds": 600, "calendar": "always"}
    made = call(client, "put", "/policies/vip", {"name": "贵宾", "match": {"tier": "A"}, "clauses": [clause]})
    assert (made.status_code, made.json()["version"]) == (201, 1)
    same = call(client, "put", "/policies/vip", {"name": "贵宾", "match": {"tier": "A"}, "clauses": [clause]})
    assert (same.status_code, same.json()["version"]) == (200, 1)
    edited = call(client, "put", "/policies/vip", {"name": "贵宾", "match": {"tier": "A"}, "clauses": [{**clause, "target_seconds": 300}]})  # fmt: skip
    assert edited.json()["version"] == 2
    codes = [row["code"] for row in call(client, "get", "/policies").json()["results"]]
    assert codes == ["vip", "promise"]
    ticket = file(client, customer={"external_id": "c9", "tier": "A"})
    assert (ticket["policy"], ticket["policy_version"]) == ("vip", 2)
    for bad, field in (
        ({"clauses": []}, "clauses"),
        ({"clauses": [{**clause, "kind": "magic"}]}, "clauses[0].kind"),
        ({"clauses": [{**clause, "calendar": "nope"}]}, "clauses[0].calendar"),
        ({"clauses": [{**clause, "target_seconds": 0}]}, "clauses[0].target_seconds"),
        ({"clauses": [clause], "match": {"mood": "bad"}}, "match.mood"),
    ):
        answer = call(client, "put", "/policies/x", {"name": "x", **bad})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_a_strangers_ticket_never_existed(shop, stranger):
    ticket = file(shop.api())
    other = stranger.api()
    for method, path, body in (
        ("get", f"/complaints/{ticket['number']}", None),
        ("post", f"/complaints/{ticket['number']}/moves", {"move": "note", "text": "x"}),
    ):
        foreign = call(other, method, path, body)
        unknown = call(other, method, path.replace(ticket["number"], "C-000000-000"), body)
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.content == unknown.content


def test_triage_opens_a_ticket_for_a_complaint_and_for_nothing_else(shop, work):
    client = shop.api()
    rows = [
        {"channel": "app", "text": "换了电池还是坏的，气死我了，我要投诉，马上退款！", "unit": "S001"},
        {"channel": "app", "text": "店员很耐心，非常满意，谢谢", "unit": "S001"},
        {"channel": "review", "text": "充电器冒烟起火了，差点烧到孩子的手！", "unit": "S001"},
        {"channel": "app", "text": "换了电池还是坏的，我要投诉，要求退款！", "occurred_at": "2025-01-01T00:00:00Z"},
    ]
    call(client, "post", "/feedback/bulk", rows)
    work()
    found = call(client, "get", "/complaints").json()["results"]
    assert sorted((row["title"][:4], row["severity"]) for row in found) == [("充电器冒", "critical"), ("换了电池", "high")]


def test_now_is_the_databases(shop):
    ticket = file(shop.api())
    assert abs((at(ticket["opened_at"]) - datetime.now(UTC)).total_seconds()) < 5
