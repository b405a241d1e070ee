"""A person's notices of a day: above the budget the lesser ones go together at the full hour, the grave ones at once."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts import budget, notices, passing, usefulness
from alerts.models import Hop, Notice
from cxms.lib.errors import DomainError
from metrics import statistics
from tenancy.models import AuditEvent
from tests.alerts.test_hops import drain, wish
from tests.alerts.test_rings import MINUTE, filed, fire

HOUR = timedelta(hours=1)


@pytest.fixture
def noon(now):
    """Ten past twelve in Shanghai, so that a test knows no midnight."""
    return now.astimezone(ZoneInfo("Asia/Shanghai")).replace(hour=12, minute=10, second=0, microsecond=0)


@pytest.fixture
def ticket(shop):
    return filed(shop)


def most(shop, n, now, version=None):
    with shop.scope():
        return budget.save(str(n), organisation=shop.id, version=version, now=now, actor="user:x")


def tell(shop, ticket, role, key, at, purpose="assigned", **data):
    with shop.scope():
        (row,) = notices.tell(ticket, [shop.members[role]], purpose, key, data, organisation=shop.id, now=at)
        return row


MAY_WAIT = [
    ("assigned", {}, True), ("mentioned", {}, True), ("praise", {}, True), ("recurrence", {}, True), ("approval_decided", {}, True),
    ("escalation", {"level": "0.5"}, True), ("escalation", {"level": "0.75"}, True),
    ("handover", {"what": "accepted"}, True), ("handover", {"what": "asked"}, False), ("handover", {"what": "overdue"}, False),
    ("escalation", {"level": "1"}, False), ("escalation", {"level": "+1800"}, False),
    ("executives", {}, False), ("approval", {}, False), ("assigned", {"unreached": True}, False),
]  # fmt: skip


@pytest.mark.parametrize(("purpose", "data", "waits"), MAY_WAIT)
def test_what_may_wait(purpose, data, waits):
    assert budget.may_wait(purpose, data) is waits


def test_above_the_budget_one_digest_at_the_full_hour_and_all_of_it_in_the_bell(shop, post, ticket, noon):
    most(shop, 2, noon)
    rows = [tell(shop, ticket, "frontline", f"k{i}", noon + i * 3 * MINUTE) for i in range(5)]
    assert [row.held_until for row in rows] == [None, None] + [noon + 50 * MINUTE] * 3
    drain(shop)
    with shop.scope():
        assert Notice.objects.filter(recipient=shop.members["frontline"], key__startswith="k").count() == 5
        assert budget.today(shop.members["frontline"].id, organisation=shop.id, now=noon + HOUR) == budget.Today(2, 2, 3)
        email = shop.members["frontline"].user.email
        passing.run(organisation=shop.id, now=noon + 49 * MINUTE)
        drain(shop)
        before = len(post.to(email))
        assert before == 2
        passing.run(organisation=shop.id, now=noon + 50 * MINUTE)
    drain(shop)
    assert len(post.to(email)) == before + 1
    assert "【摘要】3 条通知" in post.to(email)
    assert next(mail for who, mail in post.mails if "摘要" in str(mail["Subject"])).get_content().count("/promises/") == 3
    with shop.scope():
        held = Hop.objects.filter(notice__held_until__isnull=False)
        assert set(held.values_list("state", flat=True)) == {"accepted"}


def test_a_breach_above_the_budget_goes_at_once_and_takes_nothing_held_along(shop, post, ticket, noon):
    most(shop, 1, noon)
    tell(shop, ticket, "store_manager", "a", noon)
    tell(shop, ticket, "store_manager", "b", noon + 2 * MINUTE)
    fire(shop, ticket, "1", at=noon + 4 * MINUTE)
    with shop.scope():
        breach = Notice.objects.get(recipient=shop.members["store_manager"], purpose="escalation")
        assert breach.held_until is None
        states = dict(Hop.objects.filter(recipient=shop.members["store_manager"]).values_list("notice__key", "state"))
        assert (states["b"], states[breach.key]) == ("waiting", "due")


def test_a_new_day_begins_at_midnight_where_the_organisation_is(shop, ticket, noon):
    most(shop, 1, noon)
    late = noon.replace(hour=23, minute=50)
    assert tell(shop, ticket, "frontline", "a", late).held_until is None
    assert tell(shop, ticket, "frontline", "b", late + MINUTE).held_until == noon.replace(hour=0, minute=0) + timedelta(days=1)
    assert tell(shop, ticket, "frontline", "c", late + 11 * MINUTE).held_until is None
    assert tell(shop, ticket, "analyst", "b", late).held_until is None, "everybody has his own"


def test_what_is_held_waits_another_hour_while_its_reader_is_quiet(shop, post, ticket, noon):
    most(shop, 1, noon)
    wish(shop, "frontline", quiet=(13 * 60, 14 * 60))
    tell(shop, ticket, "frontline", "a", noon)
    tell(shop, ticket, "frontline", "b", noon + MINUTE)
    with shop.scope():
        for hours, state in ((0, "waiting"), (1, "due")):
            at = noon + 50 * MINUTE + hours * HOUR
            passing.run(organisation=shop.id, now=at)
            hop = Hop.objects.get(notice__key="b")
            assert (hop.state, hop.next_at) == (state, at + (HOUR if state == "waiting" else 2 * MINUTE))


def test_the_control_without_the_mark_it_goes_at_once(shop, ticket, noon, monkeypatch, post):
    most(shop, 1, noon)
    monkeypatch.setattr(budget, "hold", lambda rows, **where: None)
    tell(shop, ticket, "frontline", "a", noon)
    assert tell(shop, ticket, "frontline", "b", noon + 2 * MINUTE).held_until is None


def test_the_setting_is_guarded_and_audited(shop, now):
    with shop.scope():
        assert (budget.rule(organisation=shop.id).daily_most, budget.rule(organisation=shop.id).version) == (40, 0)
    assert most(shop, 12, now).version == 1
    assert most(shop, 12, now, version=1).version == 1
    for bad in ("0", "1001", "", "x", "1.5", "٣"):
        with pytest.raises(DomainError):
            most(shop, bad, now)
    with pytest.raises(DomainError) as refused:
        most(shop, 13, now, version=0)
    assert refused.value.code == "stale"
    with shop.scope():
        assert AuditEvent.objects.get(action="notices.budget").detail == {"fields": ["daily_most"], "before": 40, "after": 12}
    page = shop.page("admin")
    assert page.post("/settings/notices/", {"daily_most": "20", "version": "1"}).status_code == 302
    assert page.post("/settings/notices/", {"daily_most": "30", "version": "1"}).status_code == 409
    assert page.post("/settings/notices/", {"daily_most": "0", "version": "2"}).status_code == 400
    assert 'name="daily_most"' in page.get("/settings/notices/").content.decode()
    assert shop.page("frontline").post("/settings/notices/", {"daily_most": "1", "version": "2"}).status_code == 403
    with shop.scope():
        assert budget.rule(organisation=shop.id).daily_most == 20


# ---- was it useful ---------------------------------------------------------------------------------------------------


def refreshed(shop, row):
    with shop.scope():
        return Notice.objects.get(id=row.id)


def test_a_reader_says_so_takes_it_back_and_nobody_else_can(shop, stranger, ticket, now):
    row = tell(shop, ticket, "frontline", "a", now)
    page, url = shop.page("frontline"), f"/notices/{row.id}/useful/"
    for said, kept in (("yes", True), ("yes", True), ("no", False), ("", None), ("", None), ("maybe", None), ("yes", True)):
        assert page.post(url, {"said": said}).headers["Location"] == f"/notices/#n-{row.id}"
        row = refreshed(shop, row)
        assert (row.useful, row.judged_at is None) == (kept, kept is None)
    at = row.judged_at
    page.post(url, {"said": "yes"})
    row = refreshed(shop, row)
    assert row.judged_at == at
    html = page.get("/notices/").content.decode()
    assert 'aria-pressed="true"' in html
    assert "今天 1 条，上限 40 条" in html
    assert page.get(url).status_code == 405
    for other in (shop.page("admin"), stranger.page("admin")):
        assert other.post(url, {"said": "no"}).status_code == 404
    row = refreshed(shop, row)
    assert row.useful is True


def test_precision_is_the_same_on_the_page_in_the_csv_and_behind_each_number(shop, ticket, now):
    said = [True] * 4 + [False] * 3 + [None] * 2
    for i, useful in enumerate(said):
        row = tell(shop, ticket, "frontline", f"w{i}", now - MINUTE, "escalation", level="0.5", kind="solution")
        with shop.scope():
            usefulness.judge(row.id, shop.members["frontline"], useful, organisation=shop.id, now=now)
    for i in range(4):
        row = tell(shop, ticket, "frontline", f"b{i}", now - MINUTE, "escalation", level="1", kind="solution")
        with shop.scope():
            usefulness.judge(row.id, shop.members["frontline"], True, organisation=shop.id, now=now)
    tell(shop, ticket, "frontline", "old", now - timedelta(days=31))
    want = statistics.wilson(4, 7)
    with shop.scope():
        rows = {row.kind: row for row in usefulness.precision(30, organisation=shop.id, now=now)}
        assert set(rows) == {"warning", "breach"}
        warning, breach = rows["warning"], rows["breach"]
        assert (warning.n_told, warning.n_judged, warning.n_useful, warning.share) == (9, 7, 4, want.value)
        assert (breach.n_told, breach.n_judged, breach.n_useful, breach.share, breach.suppressed) == (4, 4, None, None, True)
        for kind, numbers in (("warning", {"told": 9, "judged": 7, "yes": 4, "no": 3}), ("breach", {"told": 4, "judged": 4, "yes": 4, "no": 4})):
            for name, n in numbers.items():
                assert usefulness.behind(kind, name, 30, organisation=shop.id, now=now).count() == n
    page = shop.page("cx_manager")
    html = page.get("/settings/notices/useful/?days=30&kind=warning&said=yes").content.decode()
    assert f'<data value="{want.value!r}">57.1%</data>' in html
    assert "25.0 至 84.2 · n = 7" in html
    assert "n 不足 5，已隐藏" in html
    assert "说有用的 · n = 4" in html
    lines = page.get("/settings/notices/useful/?csv=1").content.decode("utf-8-sig").splitlines()
    assert f"warning,30,9,7,4,{want.value!r},{want.low!r},{want.high!r},False" in lines
    assert "breach,30,4,4,,,,,True" in lines
    api = shop.api().get("/api/v1/notices/usefulness?days=30").json()
    assert [(row["kind"], row["told"], row["judged"], row["useful"], row["share"], row["low"], row["high"], row["suppressed"]) for row in api["results"]] == [
        ("warning", 9, 7, 4, want.value, want.low, want.high, False), ("breach", 4, 4, None, None, None, None, True),
    ]  # fmt: skip
    for bad in ("0", "x", "-1", "9999", "٣"):
        assert shop.api().get(f"/api/v1/notices/usefulness?days={bad}").status_code == 422
    assert shop.api("complaints:read").get("/api/v1/notices/usefulness").status_code == 403
    assert shop.page("frontline").get("/settings/notices/useful/").status_code == 403


def test_another_organisation_counts_for_itself(shop, stranger, ticket, now):
    tell(shop, ticket, "frontline", "a", now - MINUTE)
    with stranger.scope():
        assert usefulness.precision(30, organisation=stranger.id, now=now) == []
