"""Who answered and who did not: page, API and file tell one number, worked by hand; few are hidden; every number opens as many rows."""

import csv
import io
import uuid
from datetime import timedelta

import pytest

from customers import customers
from customers.cards import Card
from customers.customers import Put
from metrics.statistics import same_rate
from surveys.enums import Decision
from surveys.models import Invitation
from tests.surveys.conftest import publish

__all__ = ["publish"]
URL, API = "/metrics/response_rate/nonresponse", "/api/v1/metrics/response_rate/nonresponse"


def ask(shop, survey, now, tier, unit, n, n_answered, back=20):
    """n invitations that arrived, n_answered of them answered a day later."""
    at = now - timedelta(days=back)
    with shop.scope():
        one = customers.put(Put(Card(external_id=f"{tier}-{unit}", tier=tier)), organisation=shop.id, now=now, actor="t")[0]
        Invitation.objects.bulk_create(
            Invitation(
                organisation_id=shop.id, survey=survey, event=uuid.uuid4(), event_external_id=f"{tier}{i}", occurred_at=at, customer=one,
                unit=shop.units[unit], decision=Decision.INVITED, decided_at=at, mailed_at=at, answered_at=at + timedelta(days=1) if i < n_answered else None,
            )
            for i in range(n)
        )  # fmt: skip


def lines_of(page, more=""):
    return list(csv.DictReader(io.StringIO(page.get(f"{URL}?format=csv{more}").content.decode("utf-8-sig"))))


def test_by_hand(shop, stranger, publish, now):
    page = shop.page()
    assert "这段时间没有满 7 天的邀请" in page.get(URL).content.decode()
    survey = publish(quiet_days=0)
    for tier, unit, n, answered in (("gold", "S001", 40, 20), ("plain", "S003", 60, 15), ("plain", "S002", 20, 5)):
        ask(shop, survey, now, tier, unit, n, answered)
    ask(shop, survey, now, "gold", "S001", 7, 7, back=2)  # still running
    answer = page.get(URL)
    span = f"from={answer.context['period'].from_date}&to={answer.context['period'].to_date}"
    told = shop.api().get(f"{API}?{span}").json()
    # 40 of 120 answered; χ² over (20, 40) and (20, 80): z² = ((0.5 − 0.25)/√(1/3·2/3·(1/40 + 1/80)))² = 7.5
    assert (told["whole"]["n"], told["whole"]["answered"], told["whole"]["value"]) == (120, 40, pytest.approx(100 / 3))
    cuts = {cut["dimension"]: cut for cut in told["cuts"]}
    tier = cuts["tier"]
    assert [(one["code"], one["n"], one["answered"], one["not_answered"], one["value"]) for one in tier["groups"]] == [("plain", 80, 20, 60, 25), ("gold", 40, 20, 20, 50)]
    assert [(round(one["asked_share"], 2), one["answered_share"]) for one in tier["groups"]] == [(66.67, 50), (33.33, 50)]
    assert (tier["chi_square"], tier["freedom"], tier["verdict"]) == (pytest.approx(7.5), 1, "differs")
    # units: EAST 25 of 60, WEST 15 of 60: z² = (1/6)²/(2/9/30) = 3.75, p 0.0528; Holm over two: tier 2·0.00617, unit 0.0528
    unit = cuts["unit"]
    assert [(one["code"], one["n"], one["answered"]) for one in unit["groups"]] == [("EAST", 60, 25), ("WEST", 60, 15)]
    assert (unit["chi_square"], unit["p"], unit["verdict"]) == (pytest.approx(3.75), pytest.approx(0.0528, abs=1e-4), "unseen")
    assert tier["p"] == pytest.approx(0.01234, abs=1e-5)
    # one group is nothing to compare
    assert [(cuts[name]["verdict"], cuts[name]["p"], len(cuts[name]["groups"])) for name in ("touchpoint", "channel")] == [("unknown", None, 1)] * 2
    text = answer.content.decode()
    assert "按客户等级：gold 回答了 50.0，plain 只有 25.0" in text.replace("%", "") and "NPS 加权" in text
    # the file says the same to the last bit, and every number opens as many rows
    lines = {(line["dimension"], line["code"]): line for line in lines_of(page)}
    for cut in told["cuts"]:
        for one in cut["groups"]:
            line = lines[(cut["dimension"], one["code"] or "")]
            assert [line[name] for name in ("n", "answered", "value", "low", "high", "asked_share")] == [repr(one[name]) for name in ("n", "answered", "value", "low", "high", "asked_share")]
    rows = [row for one in answer.context["cuts"] for row in one["rows"]]
    for row in [*rows, answer.context["whole"]]:
        for part, n in (("n", row["point"].n), ("answered", row["answered"])):
            assert page.get(row["urls"][part]).context["n"] == n
    assert "购后一问" in page.get(rows[0]["urls"]["n"]).content.decode()
    # narrowed to a tier, that dimension is gone; below a region its stores stand; nobody else sees any
    inside = page.get(f"{URL}?tier=plain&unit=EAST").context["cuts"]
    assert [(one["cut"].dimension, [group.point.n for group in one["cut"].groups]) for one in inside if one["cut"].dimension in {"tier", "unit"}] == [("unit", [20])]
    assert page.get(inside[0]["rows"][0]["urls"]["n"]).context["n"] == 20
    assert [one["cut"].dimension for one in stranger.page().get(URL).context["cuts"]] == []
    assert stranger.api().get(f"{API}?{span}").json()["whole"]["n"] == 0
    assert shop.page("frontline").get(URL).status_code == shop.page("frontline").get("/metrics/response_rate").status_code


def test_few_are_hidden(shop, publish, now):
    survey = publish(quiet_days=0)
    for tier, unit, n, answered in (("gold", "S001", 30, 20), ("plain", "S001", 30, 10), ("odd", "S003", 3, 1)):
        ask(shop, survey, now, tier, unit, n, answered)
    page = shop.page()
    groups = {group.code: group for cut in page.get(URL).context["cuts"] for group in cut["cut"].groups if cut["cut"].dimension in {"tier", "unit"}}
    assert groups["odd"].point.suppressed and groups["odd"].n_answered is None and groups["odd"].asked_share is None
    assert sum(group.point.suppressed for code, group in groups.items() if code in {"gold", "plain"}) == 1, "the next smallest goes with it"
    assert groups["WEST"].point.suppressed and groups["EAST"].point.suppressed
    hidden = [line for line in lines_of(page) if line["suppressed"] == "true"]
    assert hidden and all(line[name] == "" for line in hidden for name in ("n", "answered", "not_answered", "value", "asked_share", "answered_share"))


def test_groups_too_small_to_expect_five_are_left_out():
    # three groups of 100, 100 and 8, a tenth answers: the third would expect 0.8
    found = same_rate([(15, 100), (5, 100), (1, 8)])
    assert found.used == (0, 1) and found.freedom == 1 and found.chi_square == pytest.approx(100 / 18, rel=1e-9)
    # R: chisq.test(matrix(c(30, 70, 20, 80, 10, 90), 2)): X² = 12.5, df = 2, p = 0.00193
    found = same_rate([(30, 100), (20, 100), (10, 100)])
    assert (found.chi_square, found.freedom, found.p) == (pytest.approx(12.5), 2, pytest.approx(0.0019305, abs=1e-7))
    assert same_rate([(3, 10)]).p is None and same_rate([(0, 50), (0, 60), (0, 70)]).p == 1
    assert same_rate([(0, 0), (3, 10)]).used == (1,)
    with pytest.raises(ValueError):
        same_rate([(4, 3)])
