"""The CSI index of one respondent, at write time. Pure. Definition: product DEFINITIONS, attribute model."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from feedback.shapes import RawScore

MIN_WEIGHT_SHARE = Decimal("0.6")
INDEX_SCALE = (0, 100)


def csi_index(scores: Sequence[RawScore], weights: Mapping[str, Decimal] | None = None) -> Decimal | None:
    """100 · Σ wᵢ · (xᵢ − min)/(max − min) over the answered items, weights renormalised; None below 60 % of the weight.

    weights: item → weight of the definition version; without them the answered items weigh alike.
    """
    items = [score for score in scores if score.kind == "csi" and score.item]
    if not items:
        return None
    answered = {score.item: (weights or {}).get(score.item, Decimal(0 if weights else 1)) for score in items}
    total = sum(weights.values(), Decimal(0)) if weights else Decimal(len(items))
    weight = sum(answered.values(), Decimal(0))
    if weight <= 0 or total <= 0 or weight / total < MIN_WEIGHT_SHARE:
        return None
    reached = sum(
        (
            answered[score.item] * (score.value - score.scale_min) / (score.scale_max - score.scale_min)
            for score in items
        ),
        Decimal(0),
    )
    return round(100 * reached / weight, 4)
