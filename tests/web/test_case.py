"""The workbench: every step one move, an illegal one is refused in words, and nothing typed is ever lost."""

import pytest

from complaints.models import Ticket

FIVE = {
    "who": "客户陈，工程师魏",
    "when": "昨天下午",
    "where": "杭州西溪店",
    "what": "质检漏了一项",
    "evidence": "工单 R-77120",
}


@pytest.fixture
def desk(shop, complain):
    """A complaint, and a way to post moves on it as a role with the version now."""
    ticket = complain()

    class Desk:
        number = ticket.number
        email = shop.members["store_manager"].user.email
        url = f"/promises/{ticket.number}/"

        def now(self):
            with shop.scope():
                return Ticket.objects.get(id=ticket.id)

        def move(self, move, role="store_manager", version=None, **fields):
            version = self.now().version if version is None else version
            return shop.page(role).post(f"{self.url}moves/", {"move": move, "version": version, **fields})

    return Desk()


def test_from_reconstruction_to_closing(desk):
    steps = (
        ("assign", {"assignee": ""}),
        ("reply", {"text": "您好，我们正在核实"}),
        ("reconstruct", {**FIVE, "signed": "1"}),
        ("propose", {"text": "换新机", "compensation": "", "wait": "1"}),
        ("accept", {"consent": "verbal", "who": "陈先生", "when": "10:20", "how": "电话", "words": "行，就这样"}),
        ("reflect", {"why1": "质检表缺一项", "cause_code": "product.inspection", "prevention": "补上低温测试", "due": "2099-01-31", "owner": desk.email}),
        ("close", {}),
    )
    for move, fields in steps[1:]:
        answer = desk.move(move, **fields)
        assert answer.status_code == 302, (move, answer.content.decode()[:400])
    ticket = desk.now()
    assert ticket.state == "closed"
    assert ticket.reconstruction["what"] == "质检漏了一项"


def test_the_five_fields_come_back_when_one_is_missing(desk):
    answer = desk.move("reconstruct", **{**FIVE, "evidence": ""}, signed="1")
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "请填写" in text
    assert "质检漏了一项" in text
    assert desk.now().reconstruction == {}


def test_an_illegal_move_is_not_offered_and_refused_in_words(desk, shop):
    assert "客户口头同意" not in shop.page().get(f"{desk.url}?tab=solution").content.decode()
    answer = desk.move("accept", consent="verbal")
    assert answer.status_code == 409
    assert "不能再“客户接受”" in answer.content.decode()
    assert desk.now().state == "new"


def test_text_of_a_move_that_is_no_longer_offered_is_shown(desk):
    desk.move("resolve", text="已换新", reason="no_answer")
    answer = desk.move("propose", text="我想了很久的方案全文")
    assert answer.status_code == 409
    assert "我想了很久的方案全文" in answer.content.decode()


def test_a_stale_version_keeps_the_text_and_says_who(desk):
    old = desk.now().version
    assert desk.move("note", role="cx_manager", text="我先看看").status_code == 302
    answer = desk.move("propose", version=old, text="换新机，延保六个月")
    text = answer.content.decode()
    assert answer.status_code == 412
    assert "刚被别人更新" in text
    assert "cx_manager" in text
    assert "换新机，延保六个月" in text
    assert f'name="version" value="{desk.now().version}"' in text
    assert desk.now().proposal == {}


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_a_form_without_a_sound_version_is_stale(desk, version):
    assert desk.move("note", version=version, text="x").status_code == 412


def test_an_unknown_move_is_refused(desk):
    assert desk.move("notified").status_code == 409
    assert desk.move("nonsense").status_code == 409
    assert desk.now().version == 1


def test_managers_moves_ask_for_a_manager(desk, shop):
    assert "改严重度" not in shop.page("frontline").get(desk.url).content.decode()
    refused = desk.move("change_severity", role="frontline", severity="low", reason="x")
    assert refused.status_code == 409
    refused = desk.move("hold", role="frontline", reason="waiting_third_party")
    assert refused.status_code == 409
    assert desk.move("hold", role="frontline", reason="waiting_customer").status_code == 302
    assert "恢复计时" in shop.page("frontline").get(desk.url).content.decode()
    assert desk.move("resume", role="frontline").status_code == 302


def test_hold_decline_reopen(desk):
    desk.move("propose", text="再修一次")
    assert desk.move("decline", reason="不要再修").status_code == 302
    assert desk.now().state == "handling"
    desk.move("resolve", text="已退款")
    assert desk.move("reopen", reason="退款没到").status_code == 302
    assert desk.now().state == "handling"


def test_the_owner_sees_a_case_outside_his_units(desk, shop):
    member = shop.members["frontline"].user.email
    desk.move("assign", assignee=member)
    assert shop.page("frontline").get(desk.url).status_code == 200


@pytest.mark.parametrize("tab", ["recon", "solution", "reflection", "all"])
def test_every_tab_opens(desk, shop, tab):
    answer = shop.page().get(f"{desk.url}?tab={tab}")
    assert answer.status_code == 200
    assert "13812346629" not in answer.content.decode()


def test_moves_are_posted_only(desk, shop):
    assert shop.page().get(f"{desk.url}moves/").status_code == 405
