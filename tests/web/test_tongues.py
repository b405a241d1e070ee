"""The pages in three languages: complete, and nothing of one left in another."""

import re

import pytest

from complaints import links


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "我们的承诺"), ("zh-hant", "我們的承諾"), ("en", "Our promises")])
def test_the_customers_page_speaks_his_language(client, shop, complain, language, said):
    ticket = complain()
    client.cookies["cxms_language"] = language
    text = client.get(f"/p/{links.token_for(ticket.id, organisation=shop.id)}/").content.decode()
    assert said in text
    assert f'lang="{ {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}.get(language, language) }"' in text


@pytest.mark.parametrize("url", ["/", "/promises/", "/notices/", "/log/", "case"])
def test_no_chinese_is_left_on_english_pages(shop, complain, url):
    ticket = complain("screen broken, I want a refund now")
    client = shop.page()
    client.cookies["cxms_language"] = "en"
    text = client.get(f"/promises/{ticket.number}/" if url == "case" else url).content.decode()
    text = re.sub(r"简体中文|繁體中文|<option.*?</option>|杭州西溪店|苏州观前店|成都天府店|华东区|西部区|试店|陈", "", text)
    left = re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text)
    assert left == []
