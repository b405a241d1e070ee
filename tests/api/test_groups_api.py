"""`GET /metrics/{code}?hierarchy=&by=group`: what it answers and what it refuses."""

from datetime import timedelta

from tests.metrics.test_groups import MONDAY, grow, place
from tests.metrics.voices import mix, receive

SPAN = f"from={MONDAY}&to={MONDAY + timedelta(days=7)}"


def test_the_points_by_group(shop, stranger, now):
    row = grow(shop, now)
    grow(stranger, now, code="foreign")
    for unit, group, n in (("S001", "P1", 9), ("S002", "P2", 12), ("S003", "", 14)):
        if group:
            place(shop, now, row, unit, group)
        receive(shop, mix(MONDAY, n, 0, 0, unit=unit), now=now)
    client = shop.api("metrics:read")

    def ask(query):
        return client.get(f"/api/v1/metrics/nps?{SPAN}&{query}")

    def told(query):
        answer = ask(query)
        assert answer.status_code == 200, answer.content
        return [(point["by"], point["n"]) for point in answer.json()["points"]]

    assert told("hierarchy=partner&by=group") == [({"group": "P1"}, 9), ({"group": "P2"}, 12), ({"group": None}, 14)]
    assert told("hierarchy=partner&by=group&depth=1") == [({"group": "SOUTH"}, 21), ({"group": None}, 14)]
    assert told("hierarchy=partner&by=group&group=P1") == [({"group": "P1"}, 9)]
    assert told("hierarchy=partner&group=SOUTH") == [({}, 21)]
    assert told("hierarchy=partner&group=~") == [({}, 14)]
    assert told("hierarchy=partner&group=SOUTH&by=unit") == [({"unit": "S001"}, 9), ({"unit": "S002"}, 12)]
    for query, code in (
        ("by=group", "no_hierarchy"),
        ("group=P1", "no_hierarchy"),
        ("hierarchy=foreign&by=group", "unknown_hierarchy"),
        ("hierarchy=partner&group=P9", "unknown_group"),
        ("hierarchy=partner&by=group&depth=9", "unknown_depth"),
        ("hierarchy=partner&by=group,channel", "groups_alone"),
        ("hierarchy=partner&by=group&unit=EAST", "groups_alone"),
    ):
        answer = ask(query)
        assert (answer.status_code, answer.json()["code"]) == (422, code), query
    answer = client.get(f"/api/v1/metrics/nps_relationship?{SPAN}&hierarchy=partner")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_additive")
