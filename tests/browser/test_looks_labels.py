"""Labels that are corrected where they stand: the page of a voice, the list, and how well the engine hears."""

import uuid
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from feedback import coding, nlp, relabelling
from feedback.models import Analysis, Coding, Correction, Taxonomy
from feedback.own_models import OwnHead, OwnModel
from tests.browser import looks
from tests.metrics.voices import receive, voice

TEXT = "说好两天，今天都第六天了才说没配件，太慢了。前台小姑娘态度倒是很好，一直在道歉。装回来以后指纹不灵，电话13812345678。"


@pytest.fixture
def heard(shop, now, work):
    day = now.date() - timedelta(days=1)
    texts = [TEXT, "等了两个小时，太慢了", "店员态度特别好，谢谢", "价格太贵了，不划算", "请问几点关门"]
    keys = receive(shop, [voice(day, 2, text=text, customer=f"c{i}") for i, text in enumerate(texts)], now=now)
    work()
    client = shop.page()
    for key in keys[1:]:
        client.post(f"/feedback/{key}/correct/", {"label": "right@0"})
    client.post(f"/feedback/{keys[3]}/correct/", {"label": "kind:suggestion@4"})
    return keys


def compared(shop, now):
    """A trained model that waits for its decision, beside one in use and one in training."""
    by_class = {"before": [["complaint", 40, 44, 36], ["praise", 30, 26, 22]], "after": [["complaint", 43, 44, 41], ["praise", 27, 26, 25]]}
    told = {"n": 70, "before": 52, "after": 63, "only_before": 2, "only_after": 13, "classes": by_class}
    with shop.scope():
        for version, state in ((1, "in_use"), (2, "ready"), (3, "training")):
            model = OwnModel.objects.create(organisation_id=shop.id, version=version, engine=nlp.ENGINE, state=state, asked_at=now, asked_by="t")
            if state != "training":
                OwnHead.objects.create(organisation_id=shop.id, model=model, field="kind", n_learnt=160, body=b"", scores=told)
                few = {**told, "n": 12, "before": 9, "after": 9, "only_before": 1, "only_after": 1}
                OwnHead.objects.create(organisation_id=shop.id, model=model, field="topics", n_learnt=48, body=b"", scores=few)
        # what it read it may have learnt: the page of the accuracy says how many it leaves out
        Analysis.objects.filter(engine=nlp.ENGINE, kind="complaint").update(engine=f"{nlp.ENGINE}/m1")


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(shop, now, heard, visit, width):
    page, found = visit("cx_manager", width=width), []
    with shop.scope():
        relabelling.adopt("retail", organisation=shop.id, version=0, now=now, actor="t")
        first, second = (shop.members[role].id for role in ("cx_manager", "analyst"))
        drawn = coding.draw(uuid.uuid4(), "九月第一批", [first, second], n=5, seed=1, is_stratified=True, organisation=shop.id, now=now, actor="t")
        done = coding.draw(uuid.uuid4(), "八月", [second, shop.members["admin"].id], n=5, seed=2, is_stratified=False, organisation=shop.id, now=now, actor="t")
        for at, key in enumerate(done.voices):
            for coder, kind in zip(done.coders, ("complaint" if at < 3 else "praise", "complaint" if at < 2 else "praise"), strict=True):
                coding.code(done, key, coding.Answer("pain", kind, "price"), coder=coder, now=now, actor="t")
        differs = next(pair.feedback_id for pair in coding.pairs(done) if pair.differs())
    pages = {
        "samples": "/coding/", "board": f"/coding/{drawn.id}/", "agreement": f"/coding/{done.id}/result/", "settle": f"/coding/{done.id}/settle/{differs}/",
        "voice": f"/feedback/{heard[0]}/", "voices": "/feedback/", "accuracy": "/feedback/accuracy/", "accuracy-coding": "/feedback/accuracy/?source=coding", "voice-coded": f"/feedback/{heard[3]}/", "tree": "/settings/taxonomy/tree/",
        "node": "/settings/taxonomy/tree/waiting_time/repair/", "own-model": "/feedback/accuracy/model/",
    }  # fmt: skip
    compared(shop, now)
    for name, url in pages.items():
        found += looks.findings(page, name, url, width=width)
    assert found == []


def test_a_mark_answers_to_its_aspect_and_a_key_corrects_it(heard, shop, visit):
    page = visit("cx_manager")
    page.goto(f"/feedback/{heard[0]}/")
    last = page.locator("[data-aspect]").last
    number = last.get_attribute("data-aspect")
    page.locator(f"#m{number}").click()
    expect(last).to_have_attribute("open", "")
    expect(page.locator("mark.on")).not_to_have_count(0)
    wanted = last.locator("[data-slot='1']")
    expect(wanted).to_have_attribute("data-key", "1")
    name = wanted.inner_text().split("\n")[0].split(" ")[0].strip()
    page.keyboard.press("1")
    expect(page.get_by_text("已更正；指标随之更新")).to_be_visible()
    expect(page.locator("[data-aspect] summary b", has_text=name).first).to_be_visible()
    page.get_by_role("button", name="撤回").first.click()
    expect(page.get_by_text("已撤回，恢复原来的标注")).to_be_visible()
    with shop.scope():
        assert Correction.objects.filter(feedback_id=heard[0], field="topics").exclude(undone_at=None).count() == 1, "kept, and taken back"


def test_a_change_of_the_tree_is_tried_before_it_is_saved(heard, shop, visit):
    page = visit("cx_manager")
    page.goto("/settings/taxonomy/tree/new/?under=waiting_time")
    page.get_by_label("名称").fill("两小时")
    page.get_by_label("哪些词算它").fill("两个小时")
    page.get_by_role("button", name="先看会改多少").click()
    expect(page.get_by_role("heading", name="最近 5 条声音里，1 条会改标注")).to_be_visible()
    with shop.scope():
        assert not Taxonomy.objects.exists(), "tried, not saved"
    page.get_by_role("button", name="保存，重读历史").click()
    expect(page.get_by_text("正在按第 1 版重读历史")).to_be_visible()
    with shop.scope():
        assert [node["words"] for node in Taxonomy.objects.get().nodes] == [["两个小时"]]


def test_a_voice_is_coded_by_keys_alone(shop, now, heard, visit):
    with shop.scope():
        coders = [shop.members[role].id for role in ("cx_manager", "analyst")]
        drawn = coding.draw(uuid.uuid4(), "九月", coders, n=5, seed=1, is_stratified=True, organisation=shop.id, now=now, actor="t")
    page = visit("cx_manager")
    page.goto(f"/coding/{drawn.id}/")
    for key in ("2", "6", "e", "/"):
        page.keyboard.press(key)
    page.keyboard.type("夜间 排队 3")
    page.keyboard.press("Enter")
    expect(page.locator(".sub")).to_have_text("1 / 5")
    with shop.scope():
        said = Coding.objects.get()
        assert (said.stance, said.kind, said.topic, said.tags) == ("need", "praise", "promotion", ["夜间", "排队", "3"])


def test_on_a_phone_the_further_conditions_wait_behind_one_button(heard, visit):
    page = visit("cx_manager", width=360)
    page.goto("/feedback/?q=等&kind=complaint")
    kind, button = page.get_by_label("全部类型"), page.get_by_role("button", name="更多条件")
    expect(kind).to_be_hidden()
    expect(button.locator(".cx-n")).to_have_text("1")
    expect(page.locator(".vx-said mark").first).to_have_text("等")
    button.press("Enter")
    expect(kind).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("new FormData(document.querySelector('.vx-filters')).get('kind')") == "complaint", "folded or not, a condition holds"
    wide = visit("cx_manager")
    wide.goto("/feedback/?kind=complaint")
    expect(wide.get_by_label("全部类型")).to_be_visible()
    expect(wide.get_by_role("button", name="更多条件")).to_be_hidden()
