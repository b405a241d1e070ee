"""The measure of analysis runs through with real processes at a tiny size, and its texts are its own. No figure is judged.

Its load of POSTs starts a web server, two workers and the clockwork more: CXMS_NIGHTLY=1 runs that too.
"""

import os
import re
from collections import Counter

import pytest

from bench import analysis, stage

NIGHTLY = int(os.environ.get("CXMS_NIGHTLY", "0"))


def test_texts_are_all_different_and_the_same_again():
    made = stage.texts(3000, 4)
    assert max(Counter(made).values()) == 1
    assert made == stage.texts(3000, 4)
    assert not set(made) & set(stage.texts(3000, 5))


def test_quantiles_are_values_that_were_seen():
    assert stage.quantiles([float(n) for n in range(100, 0, -1)]) == {"p50": 51.0, "p95": 96.0, "p99": 100.0}
    assert stage.quantiles([3.0]) == {"p50": 3.0, "p95": 3.0, "p99": 3.0}


def test_a_condition_that_never_comes_is_named():
    with pytest.raises(AssertionError, match="the moon did not come"):
        stage.until(lambda: False, 0.0, "the moon")


@pytest.mark.services
@pytest.mark.xdist_group("chaos")
def test_the_part_runs_and_says_its_figures(monkeypatch, capsys):
    for name, value in {"VOICES": "40", "PEER": "5", "SECONDS": str(NIGHTLY), "RATE": "5", "WORKERS": "1"}.items():
        monkeypatch.setenv(f"CXMS_BENCH_{name}", value)
    analysis.main()
    said = capsys.readouterr().out
    lines = [r"engine alone.* \d+ of 5 are", r"SnowNLP.*n = 5", r"1 worker\(s\): .*\(40 in ", r"MB after 40"]
    load = [r"offered 5/s for 1 s .*: 5 answered 201 .*, 0 refused, 5 analysed", r"201 → analysed: p50 .* p95 .* p99"]
    for line in lines + load * NIGHTLY:
        assert re.search(line, said), (line, said)
