"""Means from additive sums: what CES, CSI and sentiment have in common."""

from metrics import statistics
from metrics.definitions.definition import Components, Measures, count
from metrics.statistics import Estimate

MEASURES = {"n": "sum(n)", "sum": "sum(total)", "sum_of_squares": "sum(squares)"}


def components(measures: Measures) -> Components:
    """n, sum, sum of squares."""
    return {
        "n": count(measures["n"]),
        "sum": float(measures["sum"] or 0),
        "sum_of_squares": float(measures["sum_of_squares"] or 0),
    }


def estimate(found: Components, low: float, high: float) -> Estimate:
    """The mean with Student's t interval, clipped to the scale."""
    return statistics.mean_estimate(found["n"], found["sum"], found["sum_of_squares"], low_clip=low, high_clip=high)
