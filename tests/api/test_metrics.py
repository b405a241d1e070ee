"""`/api/v1/metrics` as a BI tool sees it: the register, exact points, refusals by name, isolation, suppression."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.metrics.voices import mix, receive

MONDAY = date(2026, 9, 7)
SPAN = "from=2026-09-07&to=2026-09-14"


def get(client, path):
    return client.get(f"/api/v1/metrics{path}")


def post(client, path, body):
    answer = client.post(f"/api/v1{path}", data=json.dumps(body), content_type="application/json")
    assert answer.status_code in {200, 201}, answer.json()
    return answer.json()


def test_the_register_defines_every_metric(shop):
    rows = get(shop.api("metrics:read"), "").json()["results"]
    codes = [row["metric"] for row in rows]
    assert codes == [
        "nps", "nps_relationship", "csat", "ces", "csi", "sentiment", "volume", "complaint_rate",
        "promise_attainment", "resolution_rate", "first_response", "reopen_rate", "repeat_rate", "closed_loop_rate",
        "resolution_throughput", "time_to_acknowledge", "pause_rate", "response_rate", "coverage", "waiting_time", "enps",
        "touchpoint_coverage", "service_environment",
    ]  # fmt: skip
    assert all(row["formula"] and row["denominator"] and row["exclusions"] and row["source"] for row in rows)
    assert rows[0]["definition"] == "nps v1"
    assert "clause" in rows[8]["dimensions"]


def test_a_point_has_value_interval_and_n(shop, now):
    receive(shop, mix(MONDAY, 291, 476, 395), now=now)
    body = get(shop.api("metrics:read"), f"/nps?{SPAN}").json()
    assert (body["metric"], body["definition"], body["unit"]) == ("nps", "nps v1", "points")
    assert datetime.fromisoformat(body["as_of"]).tzinfo == UTC
    (point,) = body["points"]
    assert {key: point[key] for key in ("from", "to", "by", "n", "suppressed", "components")} == {
        "from": "2026-09-07", "to": "2026-09-14", "by": {}, "n": 1162, "suppressed": False,
        "components": {"promoters": 291, "passives": 476, "detractors": 395},
    }  # fmt: skip
    assert [round(point[key], 2) for key in ("value", "low", "high")] == [-8.95, -13.31, -4.55]


def test_by_gives_codes_and_filters_narrow(shop, now):
    rows = mix(MONDAY, 5, 0, 0, unit="S001", staff="E001", channel="app")
    receive(shop, rows + mix(MONDAY, 0, 0, 6, unit="S003", channel="qr"), now=now)
    client = shop.api("metrics:read")
    points = get(client, f"/nps?{SPAN}&by=unit,channel").json()["points"]
    assert [(point["by"], point["n"]) for point in points] == [
        ({"unit": "S001", "channel": "app"}, 5), ({"unit": "S003", "channel": "qr"}, 6),
    ]  # fmt: skip
    for query, n in (("unit=EAST", 5), ("unit=HQ", 11), ("channel=qr", 6), ("staff=E001", 5), ("topic=price", 0)):
        assert get(client, f"/nps?{SPAN}&{query}").json()["points"][0]["n"] == n, query
    staff = get(client, f"/nps?{SPAN}&by=staff&grain=week").json()["points"]
    assert [(point["by"]["staff"], point["n"]) for point in staff] == [("E001", 5)]


def test_empty_days_are_points(shop):
    points = get(shop.api("metrics:read"), f"/csat?{SPAN}&grain=day").json()["points"]
    assert [(point["value"], point["n"], point["suppressed"]) for point in points] == [(None, 0, False)] * 7


def test_the_default_is_the_last_28_days_with_today(shop, now):
    today = (now + timedelta(hours=8)).date()
    receive(shop, mix(today, 5, 0, 0, hour=0) + mix(today - timedelta(days=27), 0, 0, 5), now=now)
    receive(shop, mix(today - timedelta(days=28), 0, 0, 5), now=now)
    (point,) = get(shop.api("metrics:read"), "/nps").json()["points"]
    assert (point["n"], point["value"]) == (10, 0.0)
    assert date.fromisoformat(point["to"]) - date.fromisoformat(point["from"]) == timedelta(days=28)


def test_small_points_are_hidden_from_all_but_raw_keys(shop, now):
    receive(shop, mix(MONDAY, 3, 0, 1), now=now)
    (point,) = get(shop.api("metrics:read"), f"/nps?{SPAN}").json()["points"]
    assert point == {
        "from": "2026-09-07", "to": "2026-09-14", "by": {}, "value": None, "n": None, "low": None, "high": None,
        "suppressed": True, "components": None, "target": None, "verdict": None,
    }  # fmt: skip
    (seen,) = get(shop.api("metrics:read", "metrics:raw"), f"/nps?{SPAN}").json()["points"]
    assert (seen["suppressed"], seen["n"], seen["value"]) == (False, 4, 50.0)


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("from=soon", "from", "bad_date"),
        ("to=2026-13-01", "to", "bad_date"),
        ("from=2026-09-08&to=2026-09-07", "to", "empty_period"),
        ("from=1970-01-01&to=2500-01-01", "from", "period_too_long"),
        ("grain=hour", "grain", "unknown_grain"),
        ("grain=day&from=2010-01-01&to=2026-01-01", "grain", "too_many_points"),
        ("by=mood", "by", "unknown_dimension"),
        ("by=clause", "by", "unknown_dimension"),
        ("unit=NOPE", "unit", "unknown_unit"),
        ("staff=NOPE", "staff", "unknown_staff"),
        ("touchpoint=NOPE", "touchpoint", "unknown_touchpoint"),
        ("channel=pigeon", "channel", "unknown_channel"),
        ("topic=NOPE", "topic", "unknown_topic"),
    ],
)
def test_bad_parameters_are_named(shop, query, field, code):
    answer = get(shop.api("metrics:read"), f"/nps?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == field


def test_unknown_metrics_and_foreign_keys(shop, stranger, now):
    receive(shop, mix(MONDAY, 9, 0, 0), now=now)
    assert get(shop.api("metrics:read"), "/happiness").status_code == 404
    assert get(stranger.api(), f"/nps?{SPAN}").json()["points"][0]["n"] == 0
    assert get(shop.api("feedback:read"), "/nps").status_code == 403
    assert get(shop.api("feedback:read"), "").status_code == 403
    from django.test import Client

    assert get(Client(), "/nps").status_code == 401


# ---- complaints and promises: cohorts by the day of receipt ---------------------------------------------------------


def complain(client, hours_ago, now, *, moves=(), **more):
    received = now - timedelta(hours=hours_ago)
    body = {"channel": "app", "text": "手机坏了没人管，要求退款", "unit": "S001", "severity": "normal", **more}
    body |= {"received_at": received.isoformat(), "moves": [
        {"move": move, "at": (received + timedelta(minutes=minutes)).isoformat(), **fields} for move, minutes, fields in moves
    ]}  # fmt: skip
    return post(client, "/complaints", body)


FACTS = {"who": "张", "when": "昨天", "where": "店里", "what": "坏了", "evidence": "照片", "signed": True}
KEPT = (("reconstruct", 30, FACTS), ("reply", 40, {"text": "您好"}), ("propose", 60, {"text": "换新"}),
        ("accept", 90, {"consent": "customer"}))  # fmt: skip
LATE = (("reply", 100, {"text": "您好"}), ("reconstruct", 120, FACTS), ("propose", 200, {"text": "换新"}),
        ("accept", 300, {"consent": "customer"}))  # fmt: skip


def test_promises_are_kept_broken_or_still_running(shop, now):
    client = shop.api()
    for _ in range(6):
        complain(client, 48, now, moves=KEPT)
    for _ in range(2):
        complain(client, 48, now, moves=LATE)
    complain(client, 0.1, now)
    points = get(client, "/promise_attainment?by=clause").json()["points"]
    found = {point["by"]["clause"]: point for point in points}
    solution = found["solution"]
    assert solution["components"] == {"met": 6, "breached": 2, "running": 1, "excused": 0, "cancelled": 0, "paused": 0}
    assert (solution["n"], solution["value"]) == (8, 75.0)
    assert found["reconstruction"]["components"] == {"met": 6, "breached": 2, "running": 1, "excused": 0, "cancelled": 0, "paused": 0}
    (alone,) = get(client, "/promise_attainment?clause=solution").json()["points"]
    assert alone["value"] == 75.0


def test_a_running_promise_past_its_instant_is_broken_before_any_sweep(shop, now):
    client = shop.api()
    complain(client, 0.5, now)
    complain(client, 30, now)
    points = get(client, "/promise_attainment?by=clause").json()["points"]
    found = {point["by"]["clause"]: point["components"] for point in points}
    assert (found["solution"]["breached"], found["solution"]["running"]) == (1, 1)


def test_complaints_per_ten_thousand_orders(shop, now):
    client = shop.api()
    (empty,) = get(client, "/complaint_rate").json()["points"]
    assert (empty["value"], empty["n"], empty["components"]) == (None, 0, {"complaints": 0, "exposures": 0})
    for _ in range(3):
        complain(client, 5, now)
    assert get(client, "/complaint_rate").json()["points"][0]["value"] is None
    orders = [
        {"external_id": f"o{i}", "kind": "order", "occurred_at": now.isoformat(), "unit": "S001"} for i in range(200)
    ]
    visits = [{"external_id": f"v{i}", "kind": "visit", "occurred_at": now.isoformat()} for i in range(9)]
    for start in range(0, 200, 100):
        post(client, "/events", orders[start : start + 100])
    post(client, "/events", visits)
    (point,) = get(client, "/complaint_rate").json()["points"]
    assert (point["value"], point["n"]) == (150.0, 200)
    assert (round(point["low"], 2), round(point["high"], 2)) == (30.93, 438.36)  # Garwood: 0.6187, 8.7673 of 200
    (cell,) = get(client, "/complaint_rate?by=channel").json()["points"]
    assert cell["components"] == {"complaints": 3, "exposures": 200}
    (east,) = get(client, "/complaint_rate?unit=WEST").json()["points"]
    assert (east["value"], east["components"]) == (None, {"complaints": 0, "exposures": 0})


def test_first_response_counts_those_who_still_wait(shop, now):
    client = shop.api()
    for minutes in (10, 20, 30, 40):
        complain(client, 48, now, moves=(("reply", minutes, {"text": "您好"}),))
    (point,) = get(client, "/first_response").json()["points"]
    assert (point["value"], point["components"]["p90"], point["n"]) == (25.0, 40.0, 4)
    complain(client, 48, now)
    (point,) = get(client, "/first_response").json()["points"]
    assert (point["value"], point["components"]["p90"], point["components"]["open"]) == (30.0, None, 1)
    assert point["components"]["histogram"] == [0, 1, 2, 1, 0, 0, 0, 0, 0]


def test_resolution_and_reopening(shop, now):
    client = shop.api()
    complain(client, 24 * 20, now, moves=KEPT)
    back = (*KEPT, ("reopen", 90 + 24 * 60, {"reason": "又坏了", "mode": "new_cycle"}))
    complain(client, 24 * 20, now, moves=back)
    complain(client, 24 * 2, now, moves=back)
    complain(client, 24 * 20, now)
    (point,) = get(client, "/resolution_rate").json()["points"]
    assert (point["components"], point["value"]) == ({"resolved": 1, "received": 4}, 25.0)
    (point,) = get(client, "/reopen_rate").json()["points"]
    assert (point["components"], point["value"]) == ({"reopened": 1, "complete": 2}, 50.0)


def test_an_excluded_voice_takes_its_complaint_out(shop, now):
    client = shop.api()
    ticket = complain(client, 5, now, moves=())
    post(client, f"/feedback/{ticket['feedback']}/exclude", {"reason": "演练"})
    (point,) = get(client, "/resolution_rate").json()["points"]
    assert point["n"] == 0
