"""`/finance`: customers' money, coming back and silence beside what they say. The page shows the same figures."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import DATE, INSTANT, Operation, Parameter, listed, maybe, obj, text
from api.door import Endpoint
from api.metrics import NPS, period_of, where_of
from api.shapes import instant
from metrics.statistics import Estimate
from reports import lifetime, money
from reports.money import Gap, Group, Money, Silence

ROW = obj({}, additionalProperties=True)


class FinanceOne(Endpoint):
    """`GET /finance`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "Money and retention by kind of customer, what is at stake, and who stays silent",
            obj(
                {"as_of": INSTANT, "problem": text(), "value": maybe(ROW), "groups": listed(ROW), "differences": listed(ROW),
                 "iceberg": maybe(ROW), "lifetime": maybe(ROW), "assumptions": ROW},
            ),
            description="Customers by their latest NPS answer of the period; amounts in minor units of one currency. basis: own (200 linked "
            "customers of the kind, Wilson), assumed (a published rule), events or typed for a customer's value. verdict of a difference of "
            "promoters and detractors: more, less, unseen in your data, unknown (fewer than 30 a side); p after Holm. iceberg: complaints × "
            "(m − 1), m from own surveys at n ≥ 100. lifetime: ARPU ÷ churn of one window of return_days, basis own from 200 linked customers on (interval by "
            "the delta method), beside a year's revenue ÷ the published shares who leave. problem: hidden (a kind has 1 to 4 customers), empty.",
            query=(
                Parameter("from", "first day", DATE),
                Parameter("to", "the day after the last", DATE),
                *(Parameter(name, f"only this {name}", text()) for name in ("unit", "staff", "channel", "touchpoint", "tier")),
            ),
        )
    }  # fmt: skip

    def get(self, request: Request) -> Response:
        """The last 28 days unless asked otherwise."""
        found = money.money(
            organisation=self.organisation, period=period_of(request, organisation=self.organisation, now=self.now),
            where=where_of(request, NPS, organisation=self.organisation), now=self.now,
        )  # fmt: skip
        return Response({"as_of": instant(self.now), **_body(found)})


def _body(found: Money) -> dict[str, Any]:
    value, held = found.value, found.assumed
    return {
        "problem": found.problem,
        "value": None if value is None else {
            "each_minor": value.each_minor, "currency": value.currency, "basis": value.basis, "n_customers": value.n_customers, "source": value.source,
        },
        "groups": [_group(group) for group in found.groups],
        "differences": [_gap(gap) for gap in found.gaps],
        "iceberg": None if found.silence is None else _silence(found.silence),
        "lifetime": _lifetime(found),
        "assumptions": {
            "version": held.version, "arpu_minor": held.arpu_minor, "currency": held.currency, "source": held.source,
            "return_days": held.return_days, "multiplier": float(held.multiplier), "multiplier_source": held.multiplier_source,
        },
    }  # fmt: skip


def _group(group: Group) -> dict[str, Any]:
    stake, is_known = group.stake, group.is_known
    return {
        "kind": group.kind, "n": group.n, "mean_minor": _estimate(group.mean), "n_linked": group.n_linked, "n_left": group.n_left,
        "retention": None if group.retention is None else _estimate(group.retention), "worth_minor": group.worth_minor if is_known else None,
        "stake_minor": {"value": stake.amount if is_known else None, "low": stake.low if is_known else None, "high": stake.high if is_known else None, "share": stake.share, "basis": stake.basis, "n": stake.n},
    }  # fmt: skip


def _gap(gap: Gap) -> dict[str, Any]:
    return {"name": gap.name, "difference": _estimate(gap.gap), "p": gap.p, "verdict": gap.verdict}


def _lifetime(found: Money) -> dict[str, Any] | None:
    held = lifetime.lifetime(found)
    return None if held is None else {
        "basis": held.basis, "own_minor": _estimate(held.own), "n_spending": held.n_spending, "n_left": held.n_left, "days": held.days,
        "assumed_minor": held.assumed_minor, "assumed_churn": held.assumed_churn, "currency": held.currency,
    }  # fmt: skip


def _silence(row: Silence) -> dict[str, Any]:
    found = row.found
    return {
        "complaints": row.n_complaints, "hidden": {"value": found.hidden, "low": found.low, "high": found.high}, "multiplier": found.multiplier,
        "basis": found.basis, "n_problems": found.n if found.n >= 5 else None, "n_told": row.n_told if found.n >= 5 else None,
        "money_minor": {"value": row.money_minor, "low": row.money_low_minor, "high": row.money_high_minor},
    }  # fmt: skip


def _estimate(found: Estimate) -> dict[str, Any]:
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}
