"""客户终身价值: ARPU ÷ churn, of one's own customers where two hundred are linked, beside what the published rules would say."""

from dataclasses import dataclass

from metrics import statistics
from metrics.statistics import Estimate
from metrics.statistics.unheard import LINKED_FROM, RULE_OF_THUMB
from reports.money import Money

LEAST_SPENDING = 30


@dataclass(frozen=True)
class Lifetime:
    """Minor units of one currency. basis: own or assumed (then `own` holds no value, and its n says how many are linked).

    own: this period's customers, their mean spending in a window of return_days ÷ the share who left within one; assumed_minor: a year's
    revenue per customer ÷ assumed_churn, the share a year by the published rules for the same mix (promoters stay); None where it divides by 0.
    """

    basis: str
    own: Estimate
    n_spending: int
    n_left: int
    days: int
    assumed_minor: float | None
    assumed_churn: float
    currency: str


def lifetime(found: Money) -> Lifetime | None:
    """None where nothing is shown or nobody's spending is known."""
    if found.value is None or not found.groups:
        return None
    spent = (sum(g.spent[0] for g in found.groups), sum(g.spent[1] for g in found.groups), sum(g.spent[2] for g in found.groups))
    linked, left = sum(g.n_linked for g in found.groups), sum(g.n_left for g in found.groups)
    days = found.assumed.return_days
    own = Estimate(None, None, None, linked)
    if found.value.basis == "events" and linked >= LINKED_FROM and spent[0] >= LEAST_SPENDING:
        own = statistics.lifetime_value(spent, left, linked, days / 365)
    churn = sum(g.n * RULE_OF_THUMB[g.kind] for g in found.groups if g.kind != "promoter") / sum(g.n for g in found.groups)
    rule = found.value.each_minor / churn if churn else None
    return Lifetime("assumed" if own.value is None else "own", own, spent[0], left, days, rule, churn, found.value.currency)
