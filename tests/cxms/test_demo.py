"""`load_demo`, small: every part of the demo is there, the second call only adds fresh complaints."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from alerts.models import MetricRule
from complaints.models import Approval, AxesCode, CaseRules, Handover, LeavingRecord, Reflection, Ticket
from cxms.lib import clock
from cxms.lib.periods import Period
from feedback.models import Coding, Feedback, Taxonomy
from feedback.point_models import PointRoute
from improvement.models import Action
from journeys.models import JourneyMap
from metrics.models import ModelVersion
from metrics.series import series
from reports.models import Annotation, Dashboard, WeeklyRun
from surveys.models import Survey
from tenancy import queries
from tests.shop import Shop, close

ROOT = Path(__file__).resolve().parents[2]
PARTS = (Feedback, Coding, Taxonomy, Ticket, Approval, CaseRules, Handover, Reflection, Action, JourneyMap, Survey, WeeklyRun, ModelVersion, Dashboard, Annotation, MetricRule, PointRoute, LeavingRecord, AxesCode)


def load():
    command = [sys.executable, "manage.py", "load_demo", "--voices", "400", "--cases", "300"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)


def test_it_loads_whole_and_then_only_adds_fresh_complaints():
    first = load()
    assert first.returncode == 0, first.stderr[-6000:]
    demo = Shop(queries.organisation_by_slug("demo"))
    with demo.scope():
        counts = {part.__name__: part.objects.count() for part in PARTS}
        today = clock.now().date()
        covered = series(organisation=demo.id, metric="touchpoint_coverage", period=Period(today - timedelta(days=200), today), now=clock.now(), by=["touchpoint"])
    assert [name for name, n in counts.items() if n == 0] == []
    assert sum((point.n or 0) >= 5 for point in covered.points) >= 4, "the coverage map holds something"
    again = load()
    assert again.returncode == 0, again.stderr[-6000:]
    with demo.scope():
        after = {part.__name__: part.objects.count() for part in PARTS}
    assert after["Ticket"] > counts["Ticket"]
    assert {name: after[name] for name in ("Handover", "Reflection", "Survey")} == {
        name: counts[name] for name in ("Handover", "Reflection", "Survey")
    }
    close(demo)
    close(Shop(queries.organisation_by_slug("harbour") or demo.organisation))
