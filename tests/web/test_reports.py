"""周报 in the browser's words: who sees which, as issued and as of now, on paper, and by mail through a real server."""

import io
import re
from datetime import timedelta

import pytest
from pypdf import PdfReader

from ledger import runner
from reports import queries, weekly_issue
from reports.models import WeeklyCopy, WeeklyReport
from tests.metrics.voices import mix, receive
from tests.smtp import Box, posting


@pytest.fixture
def week(now):
    return weekly_issue.last_week(now, "Asia/Shanghai")


@pytest.fixture
def issued(shop, now, work, week):
    """Last week's reports of the shop, issued: HQ, EAST, S001."""
    receive(shop, mix(week - timedelta(days=3), 300, 100, 100) + mix(week + timedelta(days=2), 200, 100, 200), now=now)
    with shop.scope():
        weekly_issue.begin(week, organisation=shop.id, now=now)
    work()
    with shop.scope():
        return {row.unit.code: row for row in WeeklyReport.objects.select_related("unit")}


def test_each_sees_his_subtree_and_a_stranger_nothing(shop, stranger, issued):
    found = {
        role: [code for code, row in issued.items() if shop.page(role).get(f"/reports/{row.id}/").status_code == 200]
        for role in ("executive", "region_manager", "store_manager")
    }
    assert {role: sorted(codes) for role, codes in found.items()} == {
        "executive": ["EAST", "HQ", "S001"], "region_manager": ["EAST", "S001"], "store_manager": ["S001"],
    }  # fmt: skip
    assert shop.page("frontline").get(f"/reports/{issued['HQ'].id}/").status_code == 403
    for path in ("", "pdf/", "xlsx/", "csv/"):
        assert stranger.page("admin").get(f"/reports/{issued['HQ'].id}/{path}").status_code == 404
    assert stranger.page("admin").post(f"/reports/{issued['HQ'].id}/send/", {"copy": "x"}).status_code == 404


def test_the_list_keeps_its_query_count(shop, issued):
    client = shop.page("executive")
    text = client.get("/reports/?scope=all").content.decode()
    assert len(re.findall(r"/reports/[0-9a-f-]{36}/", text)) == 3
    assert len(re.findall(r"/reports/[0-9a-f-]{36}/", client.get("/reports/").content.decode())) == 1
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def n(url):
        with CaptureQueriesContext(connection) as taken:
            client.get(url)
        return len([q for q in taken if "savepoint" not in q["sql"].lower()])

    assert n("/reports/?scope=all") == n("/reports/")


def test_as_issued_stays_and_as_of_now_says_what_changed(shop, issued, now, week):
    client, url = shop.page(), f"/reports/{issued['HQ'].id}/"
    assert "与签发时一致" in client.get(f"{url}?as=now").content.decode()
    before = re.search(r'class="big">.*?</div>', client.get(url).content.decode(), re.S).group()
    receive(shop, mix(week + timedelta(days=1), 0, 0, 60), now=now)
    after = client.get(f"{url}?as=now").content.decode()
    assert "数字与签发时不同" in after
    told = re.search(r'class="cx-panel scroll differs".*?</table>', after, re.S).group()
    assert "NPS" in told and "（n = 500）" in told and "（n = 560）" in told
    assert "满意率" not in told, "what did not change is not listed"
    assert re.search(r'class="big">.*?</div>', after, re.S).group() != before
    assert re.search(r'class="big">.*?</div>', client.get(url).content.decode(), re.S).group() == before


def test_opening_is_counted_for_readers_only(shop, issued):
    for role in ("cx_manager", "cx_manager", "admin"):
        shop.page(role).get(f"/reports/{issued['HQ'].id}/")
    with shop.scope():
        rows = {c.member.name: c.n_reads for c in queries.copies(issued["HQ"], organisation=shop.id)}
    assert rows == {"cx_manager": 2, "executive": 0}


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "是真实下降"), ("zh-hant", "是真實下降"), ("en", "a real fall")])
def test_the_pdf_is_one_a4_with_the_pages_own_figures(shop, issued, language, said):
    client = shop.page()
    client.cookies["cxms_language"] = language
    page = client.get(f"/reports/{issued['HQ'].id}/").content.decode()
    reader = PdfReader(io.BytesIO(client.get(f"/reports/{issued['HQ'].id}/pdf/").content))
    assert len(reader.pages) == 1
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    text = re.sub(r"\s+", "", reader.pages[0].extract_text())
    assert said.replace(" ", "") in text
    value = re.search(r'class="big"><a[^>]*>([^<]+)</a>', page).group(1)
    assert value in text
    fonts = {str(font.get_object()["/BaseFont"]) for font in reader.pages[0]["/Resources"]["/Font"].get_object().values()}
    assert any("CJK" in font for font in fonts), fonts


def test_a_second_print_is_the_first_one(shop, issued):
    client, url = shop.page(), f"/reports/{issued['S001'].id}/pdf/"
    assert client.get(url).content == client.get(url).content


def test_nothing_is_fetched_from_outside():
    from weasyprint.urls import URLFetchingError

    from reports import weekly_print

    for url in ("https://example.com/x.css", "file:///etc/passwd", f"file://{weekly_print.STATIC}/../manage.py"):
        with pytest.raises(URLFetchingError):
            weekly_print.fetch(url)


def test_without_a_printer_the_page_says_so_and_everything_else_works(shop, issued, monkeypatch):
    from reports import weekly_print

    monkeypatch.setattr(weekly_print, "_press", lambda: None)
    client, url = shop.page(), f"/reports/{issued['HQ'].id}/"
    answer = client.get(f"{url}pdf/")
    assert (answer.status_code, answer.url) == (302, url)
    assert "没有安装 pango" in client.get(url).content.decode()


@pytest.fixture
def post(settings):
    with posting(settings, Box()) as box:
        yield box


def test_readers_get_their_own_scope_by_mail_once_with_the_pdf(shop, post, issued, work):
    work()
    got = {to.split("@")[0]: mail for to, mail in post.mails if shop.organisation.slug in to}
    assert sorted(got) == ["cx_manager", "executive", "region_manager", "store_manager"]
    subjects = {role: str(mail["Subject"]).strip() for role, mail in got.items()}
    assert subjects["executive"].startswith("客户体验周报 第 ")
    assert "是真实下降" in subjects["executive"]
    parts = {part.get_content_type(): part for part in got["store_manager"].walk()}
    assert "杭州西溪店" in parts["text/plain"].get_payload(decode=True).decode()
    assert "<h2>" in parts["text/html"].get_payload(decode=True).decode()
    assert parts["application/pdf"].get_payload(decode=True).startswith(b"%PDF-")
    work()
    assert len([1 for to, _ in post.mails if shop.organisation.slug in to]) == 4
    with shop.scope():
        assert WeeklyCopy.objects.filter(mailed_at__isnull=True).count() == 0


def test_sending_again_mails_one_person_the_same_report(shop, post, issued, work):
    work()
    with shop.scope():
        copy = WeeklyCopy.objects.get(report=issued["EAST"])
    assert shop.page("region_manager").post(f"/reports/{issued['EAST'].id}/send/", {"copy": copy.id}).status_code == 403
    assert shop.page().post(f"/reports/{issued['EAST'].id}/send/", {"copy": copy.id}).status_code == 302
    work()
    mails = [mail for to, mail in post.mails if to.startswith("region_manager") and shop.organisation.slug in to]
    assert len(mails) == 2
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]


def test_an_executive_lands_on_the_report_with_what_burns_above_it(shop, issued, complain, work):
    complain(severity="critical")
    work()
    text = shop.page("executive").get("/").content.decode()
    assert text.index("我来负责") < text.index("客户体验周报")
    with shop.scope():
        assert WeeklyCopy.objects.get(report=issued["HQ"], member=shop.members["executive"]).n_reads == 1


def test_issuing_by_hand_is_for_managers_and_happens_once(shop, work, now, week):
    assert shop.page("executive").post("/reports/issue/").status_code == 403
    client = shop.page()
    client.post("/reports/issue/")
    client.post("/reports/issue/")
    runner.drain(seconds=20)
    with shop.scope():
        assert WeeklyReport.objects.count() == 3
    assert "上周的周报已经签发过" in client.get("/reports/").content.decode()
