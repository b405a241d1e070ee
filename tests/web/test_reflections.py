"""Five whys, a cause, a prevention with an owner; and the watch: the same cause again reopens it, once, whatever came first."""

import itertools
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from alerts.models import Notice
from complaints import cause_words, causes, moves, recurrence, reflections
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Cause, Clock, Recurrence, Reflection, Ticket
from complaints.move_fields import MoveFieldError
from improvement import actions
from improvement.models import Action

FULL = {
    "whys": ["质检漏了一项", "质检表没有这一项"], "cause_code": "product.inspection", "prevention": "质检表补上低温测试",
    "due": "2099-01-31",
}  # fmt: skip
DAY = timedelta(days=1)
SOLVED = {"reconstruct": dict.fromkeys(("who", "when", "where", "what", "evidence"), "已查明") | {"signed": True}}


def do(shop, ticket, move, **fields):
    return moves.apply(ticket.id, move, fields, organisation=shop.id, actor="key:t")


def full(shop, role="store_manager", **more):
    return {**FULL, "owner": shop.members[role].user.email, **more}


@pytest.fixture
def solved(shop, complain):
    """A solved complaint."""

    def make(**fields):
        ticket = complain(**{"severity": "high", **fields})
        with shop.scope():
            do(shop, ticket, "reconstruct", **SOLVED["reconstruct"])
            do(shop, ticket, "resolve", text="换新")
        return ticket

    return make


@given(st.lists(st.sampled_from(["", "因为"]), min_size=5, max_size=5))
def test_each_why_only_after_the_one_before(answers):
    n = sum(bool(answer) for answer in answers)
    fields = {f"why{i}": answer for i, answer in enumerate(answers, 1)} | {"prevention": "p", "cause": "c"}
    if all(answers[:n]):
        assert reflections.clean(fields).get("whys", []) == answers[:n]
    else:
        with pytest.raises(MoveFieldError) as refused:
            reflections.clean(fields)
        assert refused.value.field == f"why{answers.index('') + 1}"


@pytest.mark.parametrize("gone", ["whys", "prevention", "owner", "due"])
def test_a_cause_needs_all_of_it(gone):
    fields = {**FULL, "owner": "a@b.example"}
    fields.pop(gone)
    with pytest.raises(MoveFieldError):
        reflections.clean(fields)


def test_a_grave_one_closes_only_when_reflected_on_and_its_action_links_back(shop, solved, work):
    ticket = solved()
    with shop.scope():
        with pytest.raises(MoveNotAllowed) as refused:
            do(shop, ticket, "close")
        assert refused.value.code == "not_reflected"
        do(shop, ticket, "reflect", cause="质检", prevention="补上")  # words only: the clause runs on
        clock = Clock.objects.get(ticket=ticket, kind="reflection")
        assert clock.stopped_at is None
        with pytest.raises(MoveNotAllowed):
            do(shop, ticket, "close")
        with pytest.raises(MoveFieldError):
            do(shop, ticket, "reflect", **full(shop, cause_code="nonsense"))
        do(shop, ticket, "reflect", **full(shop))
        assert Clock.objects.get(ticket=ticket, kind="reflection").stopped_by == "reflect"
    work()
    with shop.scope():
        row = Reflection.objects.get(ticket=ticket)
        action = Action.objects.get()
        assert (row.action, action.owner, action.source_ref) == (action.id, shop.members["store_manager"], ticket.number)
        assert action.due_date.isoformat() == "2099-01-31"
        do(shop, ticket, "close")
        with pytest.raises(MoveNotAllowed):
            do(shop, ticket, "reflect", **full(shop))
    text = shop.page("store_manager").get(f"/promises/{ticket.number}/?tab=reflection").content.decode()
    assert "质检表没有这一项" in text
    assert str(action.id) in text


def test_a_light_one_closes_without_and_postgres_knows_what_complete_is(shop, solved):
    ticket = solved(severity="normal")
    with shop.scope():
        do(shop, ticket, "close")
        row = Reflection(organisation_id=shop.id, ticket=ticket, cycle=1, prevention="x", signed_at=datetime.now(UTC))
        with pytest.raises(IntegrityError, match="reflection_complete"), transaction.atomic():
            row.save(force_insert=True)


def test_in_the_browser_what_is_missing_is_said_and_the_words_are_kept(shop, solved, stranger):
    ticket = solved()
    page, url = shop.page("store_manager"), f"/promises/{ticket.number}/"
    assert "关闭这宗投诉" not in page.get(f"{url}?tab=reflection").content.decode()
    with shop.scope():
        version = Ticket.objects.get(id=ticket.id).version
    fields = {
        "move": "reflect", "version": version, "why1": "漏检", "why3": "没培训", "cause_code": "people.skill", "prevention": "补培训",
        "owner": shop.members["store_manager"].user.email, "due": "2099-01-31",
    }  # fmt: skip
    refused = page.post(f"{url}moves/", fields)
    assert refused.status_code == 400
    assert "上一个为什么还没有答" in refused.content.decode()
    assert ">没培训</textarea>" in refused.content.decode()
    assert stranger.page().post(f"{url}moves/", fields).status_code == 404
    assert page.post(f"{url}moves/", {**fields, "why2": "没教过"}).status_code == 302
    with shop.scope():
        assert Reflection.objects.get(ticket=ticket).whys == ["漏检", "没教过", "没培训"]


@pytest.mark.parametrize("order", list(itertools.permutations("ABD")))
def test_the_same_cause_again_is_found_once_whatever_is_learned_first(shop, solved, work, order):
    """A: the first reflection is signed; D: its action is done; B: the later complaint's reflection is signed."""
    if order.index("D") < order.index("A"):
        pytest.skip("an action is done after it was opened")
    first, second, third = solved(), solved(), solved(severity="high", unit="S003", customer=None)
    now = datetime.now(UTC)
    for step in order:
        with shop.scope():
            if step == "D":
                row = Reflection.objects.get(ticket=first)
                # done ten days before the second came in; what was closed today is dated back
                Action.objects.update(state="closed")
                reflections.action_done(row.id, now - 10 * DAY, organisation=shop.id)
                reflections.action_done(row.id, now - 10 * DAY, organisation=shop.id)
            else:
                do(shop, {"A": first, "B": second}[step], "reflect", **full(shop, "region_manager" if step == "A" else "store_manager"))
        work()
    with shop.scope():
        do(shop, third, "reflect", **full(shop))  # the same cause elsewhere
    work()
    work()
    with shop.scope():
        pair = Recurrence.objects.get()
        assert (pair.reflection.ticket, pair.ticket) == (first, second)
        found = {row.token: row.state for row in Action.objects.all()}
        assert found[f"refl:{pair.reflection_id.hex}"] == "do"
        told = Notice.objects.get(purpose="recurrence")
        assert (told.recipient, told.ticket) == (shop.members["region_manager"], second)
        (count,) = recurrence.counts(organisation=shop.id, now=now)
        assert (count.n_signed, count.n, count.n_open) == (3, 0, 1)
        (count,) = recurrence.counts(organisation=shop.id, now=now + 81 * DAY)
        assert (count.n, count.n_again, count.n_open) == (1, 1, 0)
    page = shop.page("store_manager")
    assert "同样的原因又出现" in page.get(f"/promises/{first.number}/?tab=reflection").content.decode()
    assert "这个原因以前出现过" in page.get(f"/promises/{second.number}/?tab=reflection").content.decode()


def test_ninety_days_to_the_microsecond():
    done = datetime(2026, 3, 1, tzinfo=UTC)
    inside = done + 90 * DAY - timedelta(microseconds=1)
    assert recurrence.done_before([done.isoformat()], inside) == done
    assert recurrence.done_before([done.isoformat()], done + 90 * DAY) is None
    assert recurrence.done_before([done.isoformat()], done - timedelta(microseconds=1)) is None
    assert recurrence.done_before([done.isoformat(), (done + DAY).isoformat()], inside) == done + DAY


def test_an_action_that_is_done_says_so_itself(shop, solved, work):
    ticket = solved()
    with shop.scope():
        do(shop, ticket, "reflect", **full(shop))
    work()
    with shop.scope():
        action = Action.objects.get()
        now = datetime.now(UTC)
        actions.move(action.id, "closed", version=action.version, organisation=shop.id, now=now, actor="user:x")
    work()
    with shop.scope():
        assert Reflection.objects.get(ticket=ticket).dones == [now.isoformat()]


def test_figures_are_the_same_on_the_page_and_over_the_api(shop, stranger, solved, work):
    ticket = solved()
    with shop.scope():
        do(shop, ticket, "reflect", **full(shop))
        row = Reflection.objects.get()
        reflections.action_done(row.id, datetime.now(UTC) - 100 * DAY, organisation=shop.id)
    (found,) = shop.api("metrics:read").get("/api/v1/recurrence").json()["results"]
    assert (found["cause"], found["n"], found["n_again"], found["value"]) == ("product.inspection", 1, 0, 0.0)
    assert found["high"] == pytest.approx(0.7935, abs=1e-4)  # Wilson 0/1
    page = shop.page().get("/desk/recurrence/?cause=product.inspection").content.decode()
    assert "0 至 79%，0 / 1" in page
    assert ticket.number in page
    assert stranger.api("metrics:read").get("/api/v1/recurrence").json()["results"] == []


def test_the_tree_is_the_organisations_own(shop, stranger):
    page = shop.page("admin")
    assert page.post("/settings/causes/", {"code": "people.new", "label": "新人", "above": "people"}).status_code == 302
    again = page.post("/settings/causes/", {"code": "people.new", "label": "又一个", "above": "people"})
    assert again.status_code == 400
    assert "又一个" in again.content.decode()
    with shop.scope():
        row = causes.by_code("people.new", organisation=shop.id)
        top = causes.by_code("people", organisation=shop.id)
    url = f"/settings/causes/{row.id}/"
    assert stranger.page("admin").get(url).status_code == 404
    refused = page.post(f"/settings/causes/{top.id}/", {"version": "1", "label": "人", "retired": "1"})
    assert refused.status_code == 400
    assert page.post(url, {"version": "1", "label": "新员工", "retired": "1"}).status_code == 302
    assert page.post(url, {"version": "1", "label": "过时的表单"}).status_code == 409
    with shop.scope():
        assert causes.by_code("people.new", organisation=shop.id) is None
    assert page.get(f"/settings/causes/{uuid.uuid4()}/").status_code == 404


def test_ready_made_causes_speak_the_readers_language_until_they_are_renamed(shop, stranger):
    page = shop.page("admin")

    def names(language):
        page.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        text = page.get("/settings/causes/").content.decode().split("<tbody>", 1)[1].split("</tbody>", 1)[0]
        return re.findall(r'/">([^<]*)</a>', text)

    chinese, traditional, english = (names(language) for language in ("zh-hans", "zh-hant", "en"))
    assert ("设计缺陷" in chinese, "設計缺陷" in traditional, "Design flaw" in english) == (True, True, True)
    assert len(set(chinese)) == len(set(english)) == len(cause_words.LABELS)
    assert not [name for name in english if re.search("[\u4e00-\u9fff]", name)]
    with shop.scope():
        row = Cause.objects.get(code="product.design")
    # saved as it is shown, it stays ready-made; given another name, it has that in every language
    for label, shown in (("Design flaw", "设计缺陷"), ("图纸画错", "图纸画错")):
        with shop.scope():
            version = Cause.objects.get(id=row.id).version
        page.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        assert page.post(f"/settings/causes/{row.id}/", {"label": label, "version": version}).status_code == 302
        assert shown in names("zh-hans")
    assert "图纸画错" in names("en")
    assert stranger.page("admin").get(f"/settings/causes/{row.id}/").status_code == 404
