"""Statistics: numbers in, frozen dataclasses out. Every figure of the product is computed by these functions.

Called by the metric definitions, the series, the alert rules and the reports. They know no framework, no table and no
organisation; what a figure means is written in the definition register, which names the function it uses.

Never NaN or infinity: a figure that does not exist is None, input that cannot be is a ValueError.
"""

from metrics.statistics.agreement import Agreement, cohens_kappa
from metrics.statistics.associations import Association, KeyDrivers, key_drivers
from metrics.statistics.charts import moving_range_limit, p_chart, xmr
from metrics.statistics.comparisons import (
    compare_shares,
    competition_rank,
    holm,
    mean_difference,
    mean_gap,
    nps_difference,
    poisson_rates,
    same_rate,
    tiers,
    two_proportions,
)
from metrics.statistics.drivers import relative_weights, shapley_weights
from metrics.statistics.halo import Halo, partial_correlation
from metrics.statistics.impact import nps_impact, nps_impact_p
from metrics.statistics.importance import Ipa, bootstrap, inflation, ipa
from metrics.statistics.indices import acsi, ces, csi, csi_of, revenue_at_risk
from metrics.statistics.intervals import (
    mean_estimate,
    nps,
    poisson_rate,
    sample_size,
    weighted_nps,
    weighted_share,
    wilson,
)
from metrics.statistics.limits import broken_rules, laney_p, laney_u, overdispersion, u_chart
from metrics.statistics.ranks import Shrunk, shrink
from metrics.statistics.results import Alike, Chart, Drivers, Estimate, Test
from metrics.statistics.targets import against
from metrics.statistics.unheard import Iceberg, Stake, iceberg, lifetime_value, stakes
from metrics.statistics.weights import Weights, effective_n, rake

__all__ = [
    "Agreement",
    "Alike",
    "Association",
    "Chart",
    "Drivers",
    "Estimate",
    "Halo",
    "Iceberg",
    "Ipa",
    "KeyDrivers",
    "Shrunk",
    "Stake",
    "Test",
    "Weights",
    "acsi",
    "against",
    "bootstrap",
    "broken_rules",
    "ces",
    "cohens_kappa",
    "compare_shares",
    "competition_rank",
    "csi",
    "csi_of",
    "effective_n",
    "holm",
    "iceberg",
    "inflation",
    "ipa",
    "key_drivers",
    "laney_p",
    "laney_u",
    "lifetime_value",
    "mean_difference",
    "mean_estimate",
    "mean_gap",
    "moving_range_limit",
    "nps",
    "nps_difference",
    "nps_impact",
    "nps_impact_p",
    "overdispersion",
    "p_chart",
    "partial_correlation",
    "poisson_rate",
    "poisson_rates",
    "rake",
    "relative_weights",
    "revenue_at_risk",
    "same_rate",
    "sample_size",
    "shapley_weights",
    "shrink",
    "stakes",
    "tiers",
    "two_proportions",
    "u_chart",
    "weighted_nps",
    "weighted_share",
    "wilson",
    "xmr",
]
