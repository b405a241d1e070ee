"""The pages of surveys: from a template to an asking survey, the log of decisions, links that can be taken back."""

import re
import uuid
from datetime import timedelta

import pytest
import segno
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import content, links, queries
from surveys.models import Invitation, Link, Survey
from tests.surveys.conftest import happen as happen
from tests.surveys.conftest import invited as invited
from tests.surveys.conftest import link_of as link_of
from tests.surveys.conftest import person
from tests.surveys.conftest import publish as publish


def form_of(page):
    """What a browser would send of the form on the page."""
    found = {}
    form = page[page.index('id="survey-form"') : page.index("</form>", page.index('id="survey-form"'))]
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        kind = re.search(r'type="(\w+)"', tag)
        if not name or (kind and kind.group(1) in {"radio", "checkbox"} and "checked" not in tag):
            continue
        found.setdefault(name.group(1), []).append(value.group(1) if value else "on")
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = [chosen.group(1) if chosen else ""]
    return found


def test_a_template_is_published_in_three_clicks_and_once(shop):
    client = shop.page()
    assert "?template=order" in client.get("/surveys/new/").content.decode()
    form = form_of(client.get("/surveys/new/?template=order").content.decode())
    assert form["question.en"] == ["How likely are you to recommend us to a friend?"]
    first = client.post("/surveys/new/", {**form, "publish": "1"})
    again = client.post("/surveys/new/", {**form, "publish": "1"})
    assert (first.status_code, first.url) == (302, again.url)
    with shop.scope():
        (row,) = Survey.objects.filter(organisation_id=shop.id)
    assert (row.state, row.code, row.kind, row.event_kind, row.delay_minutes) == ("published", "nps-order", "nps", "order", 1440)
    page = client.get(first.url, follow=True).content.decode()
    assert "购后推荐" in page
    assert "进行中" in page


@pytest.mark.parametrize("name", ["order", "repair", "call", "store"])
def test_every_template_stands(shop, name):
    client = shop.page()
    form = form_of(client.get(f"/surveys/new/?template={name}").content.decode())
    answer = client.post("/surveys/new/", {**form, "save": "1"})
    assert answer.status_code == 302
    with shop.scope():
        assert Survey.objects.get(organisation_id=shop.id).state == "draft"


def test_another_kind_brings_its_own_words_unless_there_are_mine(shop):
    client = shop.page()
    form = form_of(client.get("/surveys/new/?template=order").content.decode())
    client.post("/surveys/new/", {**form, "kind": "csat", "end_low.zh-hans": "很差", "save": "1"})
    with shop.scope():
        version = queries.versions(Survey.objects.get(organisation_id=shop.id))[0]
    assert version.texts["question"] == content.default_texts("csat")["question"]
    assert version.texts["end_low"]["zh-hans"] == "很差"


def test_a_wrong_form_comes_back_with_what_was_typed(shop):
    client = shop.page()
    form = form_of(client.get("/surveys/new/?template=order").content.decode())
    answer = client.post("/surveys/new/", {**form, "name": "我的问卷", "sample_percent": "0", "question.en": "", "publish": "1"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "我的问卷" in page
    assert "请填 1 到 100" in page
    with shop.scope():
        assert Survey.objects.filter(organisation_id=shop.id).count() == 0


def test_an_edit_of_wording_is_a_new_version_and_an_old_form_is_refused(shop, publish):
    row = publish()
    client = shop.page()
    form = form_of(client.get(f"/surveys/{row.id}/edit/").content.decode())
    new = {**form, "question.zh-hans": "您会再来吗？", "question.zh-hant": "", "question.en": "Will you come again?"}
    page = client.post(f"/surveys/{row.id}/edit/", new, follow=True).content.decode()
    assert "第 2 版" in page
    assert "不可比" in page
    page = client.get(f"/surveys/{row.id}/?tab=versions").content.decode()
    assert "分数与上一版不可比" in page
    old = client.post(f"/surveys/{row.id}/edit/", {**form, "name": "别的名字"})
    assert old.status_code == 400
    assert "刚被别人改过" in old.content.decode()
    assert "别的名字" in old.content.decode()


def test_the_preview_plays_the_last_thirty_days(shop, publish, happen, now):
    publish(code="other", event_kind="visit", quiet_days=0)
    for i in range(4):
        happen(f"o{i}", person(i % 3), ago=timedelta(days=2 + i))
    happen("x1", ago=timedelta(days=1))
    happen("x2", person(9), ago=timedelta(days=40))
    client = shop.page()
    form = form_of(client.get("/surveys/new/?template=order").content.decode())
    page = client.post("/surveys/preview/", form).content.decode()
    assert '<b class="sv-big">3</b> 人会被问到，共 5 件事' in page
    assert re.findall(r"<li><span>([^<]+)</span><b>(\d+)</b>", page) == [("不知道是哪位客户", "1"), ("这份问卷刚问过", "1")]
    english = client.post("/surveys/preview/", {**form, "show_language": "en", "show_band": "high"}).content.decode()
    assert "What should we keep doing?" in english
    with shop.scope():
        assert Invitation.objects.filter(organisation_id=shop.id, survey__code="nps-order").count() == 0
    assert "只用链接和二维码" in client.post("/surveys/preview/", {**form, "how": "link"}).content.decode()


def test_the_funnel_and_the_log_say_who_was_asked_and_why_not(shop, publish, happen, invited, client):
    row = publish()
    _, token = invited(1)
    invited(2)
    happen("o3")
    happen("o4", person(1))
    client.post(f"/s/{token}/", {"score": "9", "done": "1"})
    page = shop.page().get(f"/surveys/{row.id}/").content.decode()
    steps = re.findall(r"<li><span>([^<]+)</span><svg.*?</svg><b>(\d+)</b>", page)
    assert steps == [("事件", "4"), ("已邀请", "2"), ("已送达", "1"), ("打开过", "1"), ("已回答", "1")]
    assert "100%" in page
    assert "n = 1，仅供参考" in page
    assert "不知道是哪位客户" in page
    log = shop.page().get(f"/surveys/{row.id}/?tab=log&reason=no_customer").content.decode()
    assert "o3" in log
    assert "o4" not in log
    assert "客1" not in shop.page().get(f"/surveys/{row.id}/?tab=log").content.decode(), "a customer is masked"


def test_a_store_manager_sees_his_store_only_and_changes_nothing(shop, publish, happen, link_of):
    row = publish()
    link_of(row, "S001")
    link_of(row, "S003")
    happen("mine", person(1), unit="S001")
    happen("theirs", person(2), unit="S003")
    manager = shop.page("store_manager")
    log = manager.get(f"/surveys/{row.id}/?tab=log").content.decode()
    assert "mine" in log
    assert "theirs" not in log
    page = manager.get(f"/surveys/{row.id}/?tab=links").content.decode()
    assert "杭州西溪店" in page
    assert "成都天府店" not in page
    assert manager.post(f"/surveys/{row.id}/move/", {"state": "paused"}).status_code == 403
    assert manager.get("/surveys/new/").status_code == 403
    with shop.scope():
        other = Link.objects.get(organisation_id=shop.id, unit__code="S003")
    assert manager.get(f"/survey-links/{other.id}/poster/").status_code == 404
    assert shop.page("frontline").get("/surveys/").status_code == 403


def test_a_stranger_finds_nothing(shop, stranger, publish, link_of):
    row, link = publish(), link_of(None)
    page = stranger.page("admin")
    for url in (f"/surveys/{row.id}/", f"/surveys/{row.id}/edit/", f"/survey-links/{link.id}/qr.svg", f"/survey-links/{link.id}/poster/"):
        nobody = url.replace(str(row.id), str(uuid.uuid4())).replace(str(link.id), str(uuid.uuid4()))
        theirs, none = (re.sub(r'value="[^"]*"', "", page.get(one).content.decode().partition("<main")[2]) for one in (url, nobody))
        assert theirs
        assert theirs == none
        assert page.get(url).status_code == 404
    assert page.get(f"/surveys/posters/?survey={row.id}").status_code == 404
    for url in (f"/surveys/{row.id}/move/", f"/surveys/{row.id}/links/", f"/survey-links/{link.id}/"):
        assert page.post(url, {"state": "closed", "do": "revoke"}).status_code == 404


def test_links_are_made_rotated_and_ended(shop, publish, client):
    row = publish()
    page = shop.page()
    for _ in range(2):
        page.post(f"/surveys/{row.id}/links/")
    page.post("/surveys/pages/make/")
    with shop.scope():
        alive = Link.objects.filter(organisation_id=shop.id, revoked_at__isnull=True)
        assert sorted(alive.filter(survey=row).values_list("unit__code", flat=True)) == ["S001", "S002", "S003"]
        assert alive.filter(survey__isnull=True).count() == 3
        first = alive.filter(survey__isnull=True).order_by("unit__path").first()
    assert client.get(f"/f/{first.token}/").status_code == 200
    page.post(f"/survey-links/{first.id}/", {"do": "rotate"})
    assert client.get(f"/f/{first.token}/").status_code == 404
    with shop.scope():
        fresh = Link.objects.get(organisation_id=shop.id, survey=None, unit=first.unit_id, revoked_at__isnull=True)
    assert client.get(f"/f/{fresh.token}/").status_code == 200
    page.post(f"/survey-links/{fresh.id}/", {"do": "revoke"})
    assert client.get(f"/f/{fresh.token}/").status_code == 404
    assert page.post(f"/survey-links/{fresh.id}/", {"do": "revoke"}).status_code == 404


def modules(svg):
    """The dark modules of a drawn code, row by row, as a scanner would sample them: (width, rows of 0 and 1)."""
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', svg).group(1))
    grid = [[0] * size for _ in range(size)]
    path = re.search(r'<path[^>]*stroke="#000"[^>]* d="([^"]+)"|<path[^>]* d="([^"]+)"[^>]*stroke="#000"', svg)
    x = y = 0.0
    for command, arguments in re.findall(r"([MmhHvV])([^MmhHvV]*)", next(filter(None, path.groups()))):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", arguments)]
        if command == "M":
            x, y = numbers
        elif command == "m":
            x, y = x + numbers[0], y + numbers[1]
        elif command == "h":
            for column in range(int(x), int(x + numbers[0])):
                grid[int(y)][column] = 1
            x += numbers[0]
    return size, grid


def test_the_code_on_the_poster_is_the_address_with_its_quiet_zone(shop, link_of):
    link = link_of(None)
    page = shop.page().get(f"/survey-links/{link.id}/poster/").content.decode()
    size, grid = modules(page[page.index('role="img" aria-label="二维码') :])
    wanted = segno.make(links.address(link), error="m", micro=False)
    drawn = [row[4:-4] for row in grid[4:-4]]
    assert drawn == [list(row) for row in wanted.matrix]
    assert size == len(wanted.matrix) + 8
    quiet = [cell for row in (*grid[:4], *grid[-4:]) for cell in row]
    assert sum(quiet) + sum(cell for row in grid for cell in (*row[:4], *row[-4:])) == 0
    assert wanted.error in {"M", "Q", "H"}
    assert links.address(link).split("://")[1] in page
    assert "杭州西溪店" in page
    file = shop.page().get(f"/survey-links/{link.id}/qr.svg")
    assert file.headers["Content-Type"] == "image/svg+xml"
    assert file.headers["Content-Disposition"] == 'attachment; filename="S001.svg"'


def test_a_poster_speaks_the_organisations_language_whoever_reads(shop, publish, link_of):
    shop.organisation.language = "en"
    shop.organisation.save()
    link = link_of(publish())
    page = shop.page().get(f"/survey-links/{link.id}/poster/").content.decode()
    assert "How likely are you to recommend us" in page
    assert "Point your phone camera at the code" in page
    assert "打印" in page


def test_quiet_days_are_set_and_bounded(shop):
    client = shop.page()
    assert "30 天内只问一次" in client.post("/surveys/quiet/", {"quiet_days": "30"}, follow=True).content.decode()
    assert "请填 0 到 730 天" in client.post("/surveys/quiet/", {"quiet_days": "x"}, follow=True).content.decode()
    assert 'value="30"' in client.get("/surveys/").content.decode()


def test_a_life_on_the_page(shop, publish):
    row = publish()
    client = shop.page()
    assert "已暂停：不再问新的人" in client.post(f"/surveys/{row.id}/move/", {"state": "paused"}, follow=True).content.decode()
    assert "不能这样做" in client.post(f"/surveys/{row.id}/move/", {"state": "draft"}, follow=True).content.decode()
    client.post(f"/surveys/{row.id}/move/", {"state": "closed"})
    assert client.get(f"/surveys/{row.id}/edit/").status_code == 404


def queries_of(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_lists_ask_the_same_number_of_questions_for_one_row_and_for_three(shop, publish, happen, link_of):
    client = shop.page()
    row = publish()
    happen("o1", person(1))
    link_of(row, "S001")
    urls = ("/surveys/", f"/surveys/{row.id}/?tab=log", f"/surveys/{row.id}/?tab=links", f"/surveys/{row.id}/", f"/surveys/posters/?survey={row.id}")
    before = [queries_of(client, url) for url in urls]
    publish(code="b", event_kind="visit")
    publish(code="c", event_kind="visit")
    for i in (2, 3):
        happen(f"o{i}", person(i))
        link_of(row, f"S00{i}")
    assert [queries_of(client, url) for url in urls] == before


@pytest.mark.parametrize("url", ["/surveys/", "/surveys/new/", "/surveys/new/?template=call", "overview", "log", "links", "versions", "/surveys/pages/", "edit"])
def test_no_chinese_is_left_on_english_pages(shop, publish, happen, link_of, url):
    row = publish(name="Orders")
    link_of(row)
    link_of(None)
    happen("o1", person(1))
    happen("o2")
    client = shop.page()
    client.cookies["cxms_language"] = "en"
    path = url if url.startswith("/") else f"/surveys/{row.id}/edit/" if url == "edit" else f"/surveys/{row.id}/?tab={url}"
    text = client.get(path).content.decode()
    text = re.sub(r'lang="zh-Han[st]".*?</label>', "", text)
    text = re.sub(r'<div class="sv-screen.*?</section>', "", text, flags=re.S)
    text = re.sub(r"<option.*?</option>|<button name=\"language\".*?</button>|简体中文|繁體中文|[简繁]<|杭州西溪店|试店|客\*+|线上下单", "", text)
    left = re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text)
    assert left == []


@pytest.mark.parametrize("url", ["s", "unsubscribe", "f", "gone"])
def test_no_chinese_is_left_on_english_public_pages(client, publish, invited, link_of, url):
    publish()
    _, token = invited()
    client.cookies["cxms_language"] = "en"
    paths = {"s": f"/s/{token}/", "unsubscribe": f"/s/{token}/unsubscribe/", "f": f"/f/{link_of(None).token}/", "gone": "/s/x/"}
    pages = [client.get(paths[url]).content.decode()]
    if url == "s":
        pages += [client.post(paths[url], {"score": score}, follow=True).content.decode() for score in ("2", "8", "10")]
        pages.append(client.post(paths[url], {"done": "1"}, follow=True).content.decode())
    for page in pages:
        text = re.sub(r"简体中文|繁體中文|[简繁]<|杭州西溪店|试店", "", page)
        assert re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text) == []
