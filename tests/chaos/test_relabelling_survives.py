"""kill -9 in the middle of reading history anew: what was read stays read once, and the next worker goes on from there."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from cxms.lib import clock
from feedback import nlp, relabelling
from feedback.models import Analysis, Relabelling
from feedback.tree import Node
from ledger.models import Fact
from tests.chaos.conftest import ROOT
from tests.metrics.voices import receive, voice

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("chaos")]
DRAIN = "import django; django.setup(); from feedback import relabelling; relabelling.SLICE = 2; from ledger import runner; runner.drain(seconds=20)"


def python(**environment):
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "cxms.settings", **environment}
    return subprocess.run([sys.executable, "-c", DRAIN], cwd=ROOT, env=env, capture_output=True, timeout=120)


def test_a_killed_worker_is_taken_over_where_it_stood(shop, work):
    now = clock.now()
    texts = [f"等配件等了{i}个月" for i in range(1, 6)]
    receive(shop, [voice(now.date() - timedelta(days=1), 3, text=text, customer=f"c{i}") for i, text in enumerate(texts)], now=now)
    work()
    with shop.scope():
        node = Node("waiting_time/parts", "配件", ("等配件",))
        relabelling.change(node, was="", organisation=shop.id, version=0, now=now, actor="t")
    died = python(CXMS_FAILPOINT="relabelling.before_commit:2")
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    with shop.scope():
        job = Relabelling.objects.get()
        # the first slice is there, the second, which was written and not committed, is not
        assert (job.n_seen, job.finished_at) == (2, None)
        assert Analysis.objects.filter(engine=f"{nlp.ENGINE}/t1").count() == 2
    again = python()
    assert again.returncode == 0, again.stderr[-500:]
    with shop.scope():
        job.refresh_from_db()
        assert (job.n_seen, job.n_changed, job.finished_at is not None) == (5, 5, True)
        assert Analysis.objects.filter(engine=f"{nlp.ENGINE}/t1", is_current=True).count() == 5
        assert Fact.objects.filter(kind="taxonomy.relabelled").count() == 1
