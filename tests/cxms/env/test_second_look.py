"""What may be asked twice: few, and only those that race a browser or a killed process."""

import json

import pytest

from cxms.env import second_look

CHAOS, BROWSER, PURE = "tests/chaos/test_a.py::test_b", "tests/browser/test_c.py::test_d[360]", "tests/metrics/test_e.py::test_f"


@pytest.mark.parametrize(
    ("failed", "asked"),
    [([], []), ([CHAOS], [CHAOS]), ([CHAOS, BROWSER], [CHAOS, BROWSER]), ([PURE], []), ([CHAOS, PURE], []), ([f"{CHAOS}{n}" for n in range(4)], [])],
)
def test_only_a_few_that_race_are_asked_again(failed, asked):
    assert second_look.again(failed) == asked


def test_no_record_of_failures_asks_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert second_look.main() == 1
    second_look.CACHE.parent.mkdir(parents=True)
    second_look.CACHE.write_text(json.dumps({CHAOS: True}))
    assert second_look.main() == 0
    assert capsys.readouterr().out.strip() == CHAOS
