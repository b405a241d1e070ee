"""Geometry: what does not exist leaves a gap, what exists lies where its number says."""

import pytest

from reports import figures
from reports.figures import Sample


def samples(*values):
    return [Sample(i, v, None if v is None else v - 2, None if v is None else v + 2) for i, v in enumerate(values)]


def test_ticks_are_round_and_cover():
    assert figures.ticks(37.2, 51.9) == [35, 40, 45, 50, 55]
    assert figures.ticks(0, 1, 4) == [0, 0.5, 1]
    assert figures.ticks(-13.3, -4.6)[0] <= -13.3
    assert len(figures.ticks(5, 5)) >= 1


def test_no_line_is_drawn_through_a_gap():
    trend = figures.trend(samples(40, 42, None, None, 41, 44, None), [39, None, 38, 37, 36, 35, 34], width=700, left=50, right=50)
    assert len(trend.lines) == 2
    assert len(trend.bands) == 2
    assert [(gap.n, gap.x) for gap in trend.gaps] == [(2, 300.0), (1, 650.0)]
    assert len(trend.previous) == 1  # a lone value is no line
    assert [mark.y is None for mark in trend.marks] == [False, False, True, True, False, False, True]
    assert [mark.is_last for mark in trend.marks].index(True) == 5


def test_higher_is_further_up_and_steps_are_equal():
    trend = figures.trend(samples(10, 20, 30), width=250, left=50, right=0)
    assert [mark.x for mark in trend.marks] == [50.0, 150.0, 250.0]
    ys = [mark.y for mark in trend.marks]
    assert ys == sorted(ys, reverse=True)
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2], abs=0.2)


def test_an_empty_trend_draws_nothing():
    trend = figures.trend(samples(None, None))
    assert (trend.lines, trend.bands, [mark.y for mark in trend.marks]) == ([], [], [None, None])


def test_tiers_are_rows_with_heads_and_long_ones_fold():
    tiers = [samples(60, 58), samples(*range(40, 52))]
    dots = figures.dots(tiers, samples(10), 2, 45.0, fold=8)
    kinds = [row.kind for row in dots.rows]
    assert kinds == ["tier", *["unit"] * 2, "tier", *["unit"] * 8, "more", "outside", "grey", "hidden"]
    heads = [(row.tier, row.first, row.last) for row in dots.rows if row.kind == "tier"]
    assert heads == [(1, 1, 2), (2, 3, 14)]
    assert dots.rows[12].n_more == 4
    assert all(b.y > a.y for a, b in zip(dots.rows, dots.rows[1:], strict=False))
    assert all(dots.left <= row.x1 < row.x < row.x2 <= dots.right for row in dots.rows if row.x is not None)


def test_a_spark_needs_two_values():
    assert figures.sparkline(samples(None, 5)).now_x is None
    spark = figures.sparkline(samples(5, 7, None, 6))
    assert (len(spark.lines), spark.now_x) == (1, 194.0)


def test_bars_grow_from_the_axis_with_their_whiskers():
    bars = figures.bars((0.3, 0.2, 0.4), (0.1, 0.05, 0.2), 0.4)
    assert bars.left_x + bars.left_width == bars.axis - 1
    assert bars.left_high < bars.left_x < bars.left_low
    assert bars.right_low < bars.right_x + bars.right_width < bars.right_high
    assert figures.bars((0, 0, 0), (0, 0, 0), 0).left_width == 0


def test_a_mix_fills_the_bar():
    parts = figures.mix([56, 30, 14])
    assert parts[-1].x + parts[-1].width == pytest.approx(260, abs=0.2)
    assert figures.mix([5, 0, 5], width=100)[1].width == 0
    assert figures.mix([0, 0, 0]) == [figures.Slice(0.0, 0.0)] * 3
