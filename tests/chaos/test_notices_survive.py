"""kill -9 around a notice: told exactly once as rows, sent at least once, at most once more per crash, with the same id."""

import signal
from datetime import timedelta

import pytest

from alerts import rings
from alerts.models import Hop, Notice, Ring
from complaints import moves
from complaints.models import Approval
from cxms.lib import clock
from ledger.models import Delivery, Fact
from tests.alerts.test_rings import MINUTE, filed, fire
from tests.chaos.test_kill_points import DRAIN, SETUP, python

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("chaos")]
TIMERS = SETUP + "from ledger import clockwork; clockwork.run_timers()"
# the control: the hop is settled before it is sent, as one who is sure of himself would
SURE = (
    SETUP
    + "from alerts import delivery, passing; from cxms.lib import clock, failpoints; from alerts.models import Hop\n"
    + "from tenancy.scope import organisation_scope\n"
    + "def perform(self, parcel):\n"
    + "    with organisation_scope(%d):\n"
    + "        for hop in Hop.objects.filter(id__in=parcel.hops):\n"
    + "            passing.accepted(hop, organisation=hop.organisation_id, now=clock.now())\n"
    + "    failpoints.reach('control')\n"
    + "    return delivery.Outcome(True)\n"
    + "delivery.DeliverFollower.perform = perform\n"
    + "from ledger import runner; runner.drain(seconds=20)"
)


@pytest.fixture(autouse=True)
def nothing_waits(work):
    work()


@pytest.fixture
def mailing(mailbox, settings):
    """The environment of processes that mail, and this process told the same."""
    settings.SMTP_URL = f"smtp://127.0.0.1:{mailbox.port}"
    return {"CXMS_SMTP_URL": settings.SMTP_URL}


def due_again(shop):
    """The lease of whoever died is over."""
    with shop.scope():
        Delivery.objects.filter(done_at__isnull=True).update(run_at=clock.now() - timedelta(seconds=1))


def hop(shop):
    ticket = filed(shop)
    with shop.scope():
        rings.begin_direct(ticket.id, organisation=shop.id, now=clock.now())
        # the opening's own follower finds the ring there and tells nobody again
        return Hop.objects.get()


def mails(shop, mailbox):
    email = shop.members["executive"].user.email
    return [key for recipient, _, key in mailbox.mails if recipient == email]


def test_killed_between_the_servers_250_and_our_commit_it_is_sent_once_more_with_the_same_id(shop, mailbox, mailing):
    made = hop(shop)
    died = python(DRAIN, CXMS_FAILPOINT="ledger.performed:1", **mailing)
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    assert len(mails(shop, mailbox)) == 1
    for _ in range(3):
        due_again(shop)
        assert python(DRAIN, **mailing).returncode == 0
    sent = mails(shop, mailbox)
    assert (len(sent), len(set(sent))) == (2, 1)
    assert made.id.hex in sent[0]
    with shop.scope():
        assert [row.state for row in Hop.objects.all()] == ["accepted"]
        assert Notice.objects.filter(purpose="executives").count() == 1


def test_killed_before_it_is_sent_it_is_sent_once(shop, mailbox, mailing):
    hop(shop)
    died = python(DRAIN, CXMS_FAILPOINT="ledger.after_commit:1", **mailing)
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    for _ in range(3):
        due_again(shop)
        assert python(DRAIN, **mailing).returncode == 0
    assert len(mails(shop, mailbox)) == 1


def test_the_control_settled_before_it_is_sent_it_is_lost(shop, mailbox, mailing):
    hop(shop)
    died = python(SURE % shop.id, CXMS_FAILPOINT="control:1", **mailing)
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    for _ in range(2):
        due_again(shop)
        assert python(DRAIN, **mailing).returncode == 0
    assert mails(shop, mailbox) == [], "the harness must be able to see a loss"


@pytest.mark.parametrize("point", ["rings.before_commit:1", "hops.before_commit:1"])
def test_a_timer_killed_before_its_commit_is_made_up_once(shop, mailbox, mailing, point):
    ticket = filed(shop)
    past = clock.now() - 11 * MINUTE
    fire(shop, ticket, "1", at=past)
    died = python(TIMERS, CXMS_FAILPOINT=point, **mailing)
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    for _ in range(3):
        assert python(TIMERS, **mailing).returncode == 0
    with shop.scope():
        assert Ring.objects.get(level="1").n_told == 2
        told = list(Notice.objects.filter(purpose="escalation").values_list("recipient__name", "data__again"))
        hops = list(Hop.objects.values_list("notice_id", "position"))
    assert sorted(told) == sorted([(name, n) for n in (0, 1) for name in ("frontline", "region_manager", "store_manager")])
    assert len(hops) == len(set(hops)) == 6, "what no worker has tried yet is passed to nobody"


def test_the_timer_that_asks_again_killed_before_its_commit_asks_once(shop, mailbox, mailing):
    ticket = filed(shop)
    member = shop.members["frontline"]
    fields = {"options": [{"text": "退款", "kind": "refund", "amount": "1500"}]}
    with shop.scope():
        moves.apply(ticket.id, "propose", fields, organisation=shop.id, actor=f"user:{member.user.email}", actor_name=member.name)
        Approval.objects.update(next_fire_at=clock.now() - MINUTE)
    died = python(TIMERS, CXMS_FAILPOINT="approvals.before_commit:1", **mailing)
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    for _ in range(2):
        assert python(TIMERS, **mailing).returncode == 0
    with shop.scope():
        assert Approval.objects.get().n_again == 1
        assert Fact.objects.filter(kind="approval.waited").count() == 1
