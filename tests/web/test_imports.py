"""导入 and 邮箱 on the pages: four steps in the browser's words, safe files, a stranger finds nothing."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cxms.lib.ids import new_id
from feedback.models import ImportJob, Mailbox

CSV = "时间,门店,推荐意愿,内容\n2026-11-02,杭州西溪店,9,很好\n昨天,杭州西溪店,3,等太久\n2026-11-03,杭州西溪店,2,=cmd|calc\n"


@pytest.fixture
def job(shop):
    shop.page().post("/imports/", {"file": SimpleUploadedFile("评价.csv", CSV.encode("gb18030"))})
    with shop.scope():
        return ImportJob.objects.get()


def test_from_the_file_to_the_feedback_and_back(shop, job, work):
    client, url = shop.page(), f"/imports/{job.id}/"
    text = client.get(url).content.decode()
    assert "GB18030" in text
    assert '<option value="nps" selected>' in text
    form = {"version": job.version, "channel": "review", **{f"column-{i}": f for i, f in enumerate(("occurred_at", "unit", "nps", "text"))}}
    client.post(f"{url}step/", form)
    assert "hx-get" in client.get(url).content.decode()
    work()
    text = client.get(url).content.decode()
    assert "导入 2 行" in text
    assert "日期认不出" in text
    with shop.scope():
        version = ImportJob.objects.get().version
    client.post(f"{url}step/", {"do": "begin", "version": version})
    work()
    assert "行已导入" in client.get(url).content.decode()
    assert client.get("/feedback/?channel=review").content.decode().count("很好") >= 1
    body = b"".join(client.get(f"{url}rejected.csv").streaming_content).decode()
    assert body.startswith("\ufeff行,列,原因")
    assert "3,occurred_at,日期认不出,昨天" in body
    with shop.scope():
        version = ImportJob.objects.get().version
    client.post(f"{url}step/", {"do": "undo", "version": version})
    work()
    assert "已撤销" in client.get(url).content.decode()
    assert "很好" not in client.get("/feedback/?channel=review").content.decode()


def test_what_cannot_be_is_said_and_what_was_chosen_stays(shop, job):
    client, url = shop.page(), f"/imports/{job.id}/"
    twice = client.post(f"{url}step/", {"version": "1", "channel": "review", "column-0": "text", "column-3": "text"})
    assert (twice.status_code, "两列都对应了" in twice.content.decode()) == (400, True)
    none = client.post(f"{url}step/", {"version": "1", "channel": "review", "column-1": "unit"})
    assert (none.status_code, "至少对应" in none.content.decode()) == (400, True)
    assert '<option value="unit" selected>' in none.content.decode()
    assert client.post(f"{url}step/", {"version": "9", "channel": "review", "column-3": "text"}).status_code == 412
    bad = client.post("/imports/", {"file": SimpleUploadedFile("x.csv", b"\x89PNG\x00\x00")})
    assert (bad.status_code, "既不是 CSV" in bad.content.decode()) == (400, True)


def test_who_may_and_a_stranger(shop, stranger, job):
    assert shop.page("store_manager").get("/imports/").status_code == 403
    client = stranger.page("admin")
    for path in ("", "rejected.csv"):
        assert client.get(f"/imports/{job.id}/{path}").status_code == 404
    assert client.post(f"/imports/{job.id}/step/", {"do": "begin", "version": "1"}).status_code == 404
    with shop.scope():
        box = Mailbox.objects.create(
            id=new_id(), organisation_id=shop.id, name="秘密信箱", host="h", username="u", password=b"x", is_active=False
        )
    assert client.get(f"/imports/mailboxes/{box.id}/").status_code == 404
    assert client.post(f"/imports/mailboxes/{box.id}/stop/").status_code == 404
    assert "秘密信箱" not in client.get("/imports/mailboxes/").content.decode()
    assert "秘密信箱" in shop.page().get("/imports/mailboxes/").content.decode()


def test_a_mailbox_without_encryption_is_refused_and_the_form_keeps_its_words(shop):
    form = {"name": "客服", "host": "mail.example", "port": "143", "security": "plain", "username": "u", "password": "p", "version": "0"}
    answer = shop.page().post("/imports/mailboxes/new/", form)
    assert (answer.status_code, "泄露密码" in answer.content.decode()) == (400, True)
    assert 'value="mail.example"' in answer.content.decode()
    assert 'value="p"' not in answer.content.decode()


@pytest.mark.parametrize("url", ["/imports/", "one", "/imports/mailboxes/", "/imports/mailboxes/new/"])
def test_no_chinese_is_left_on_english_pages(shop, job, url):
    client = shop.page()
    client.cookies["cxms_language"] = "en"
    text = client.get(f"/imports/{job.id}/" if url == "one" else url).content.decode()
    text = re.sub(r"简体中文|繁體中文|<option.*?</option>|试店|评价.csv|<b>[^<]*</b>|<span>[^<]*</span>|aria-label=\"(时间|门店|推荐意愿|内容)\"", "", text)
    assert re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text) == []
