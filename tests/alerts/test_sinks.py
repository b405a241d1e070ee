"""Each channel as its provider publishes it: signatures checked by the far side, errors behind a 200, templates that escape."""

import time

import pytest

from alerts.sinks import dingtalk, feishu, sms, wecom
from alerts.sinks.shapes import Account, Message, Person, SinkError
from alerts.sinks.table import SINKS
from tests.alerts.conftest import SECRET

LI = Person("李雷", "li@x.example", "13812346629", {"wecom": "lilei", "feishu": "ou_7a"})
HAN = Person("韩梅", "han@x.example", "13900000002", {})


def message(*people, subject="【已失约】C-1 耳机坏了", text="满意方案：已失约", stamp=None):
    return Message("k" * 32, subject, text, "https://cx.example/promises/C-1/", people, stamp or int(time.time()))


def account(kind, url, **config):
    return Account(kind, {"url": url, **config}, frozenset({"127.0.0.1"}))


def refusal(kind, opened, sent):
    with pytest.raises(SinkError) as error:
        SINKS[kind].send(opened, sent)
    return error.value.permanent, str(error.value)


def test_dingtalk_is_signed_as_published_and_mentions_by_number(receiver):
    opened = account("dingtalk", f"{receiver.url}/robot/send?access_token=t", secret=SECRET)
    SINKS["dingtalk"].send(opened, message(LI, HAN))
    (got,) = receiver.got
    assert got["query"]["access_token"] == ["t"]
    assert got["body"]["at"] == {"atMobiles": ["13812346629", "13900000002"], "isAtAll": False}
    assert "@13812346629 @13900000002" in got["body"]["markdown"]["text"]


def test_dingtalk_with_a_wrong_secret_or_an_old_stamp_is_refused_for_good(receiver):
    url = f"{receiver.url}/robot/send?access_token=t"
    assert refusal("dingtalk", account("dingtalk", url, secret="other"), message(LI)) == (True, "errcode 310000 sign not match")
    old = message(LI, stamp=int(time.time()) - 3700)
    assert refusal("dingtalk", account("dingtalk", url, secret=SECRET), old)[0] is True


def test_feishu_is_signed_as_published_in_the_body(receiver):
    opened = account("feishu", f"{receiver.url}/open-apis/bot/v2/hook/x", secret=SECRET)
    SINKS["feishu"].send(opened, message(LI))
    text = receiver.got[0]["body"]["content"]["text"]
    assert text.endswith('<at user_id="ou_7a">李雷</at>')
    assert refusal("feishu", account("feishu", f"{receiver.url}/open-apis/bot/v2/hook/x", secret="other"), message(LI)) == (
        True, "code 19021 sign match fail or timestamp is not within one hour from current time",
    )  # fmt: skip


def test_the_signatures_of_two_known_pairs():
    """Computed apart, by openssl: `printf '%s' … | openssl dgst -sha256 -hmac … -binary | base64`."""
    assert dingtalk.sign(1599360473000, "this is secret") == "hXZTWifRGHclNuZSKxoXc//sh51SWfVfRIhcdeKs63I="
    assert feishu.sign(1599360473, "this is secret") == "/eYKrXQBzTjUZJ3s6NX16VxGbTwmK7AEs8/FnvC1CSw="


def test_wecom_mentions_by_user_id_in_markdown_else_by_number_in_a_text(receiver):
    opened = account("wecom", f"{receiver.url}/cgi-bin/webhook/send?key=abc")
    SINKS["wecom"].send(opened, message(LI))
    SINKS["wecom"].send(opened, message(LI, HAN))
    first, second = (got["body"] for got in receiver.got)
    assert first["msgtype"] == "markdown"
    assert first["markdown"]["content"].endswith("\n<@lilei>")
    assert (second["text"]["mentioned_list"], second["text"]["mentioned_mobile_list"]) == (["lilei"], ["13900000002"])


def test_long_texts_keep_within_the_providers_bytes_and_keep_their_mentions():
    content = wecom.document(message(LI, text="长" * 5000))["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert content.endswith("<@lilei>")
    assert len(wecom.document(message(HAN, text="长" * 5000))["text"]["content"].encode()) <= 2048


@pytest.mark.parametrize(
    ("kind", "document"),
    [("wecom", wecom.document), ("dingtalk", dingtalk.document), ("feishu", feishu.document)],
)
def test_what_a_customer_wrote_cannot_pass_for_a_mention_or_a_link(kind, document):
    evil = "<@all> <at user_id=\"all\">x</at> [点这里](https://evil.example)"
    shown = str(document(message(LI, subject=evil)))
    assert "<@all>" not in shown
    assert 'user_id="all"' not in shown.replace("＜at user_id=\"all\"＞", "")
    assert "[点这里](" not in shown


@pytest.mark.parametrize(
    ("kind", "answer", "permanent"),
    [
        ("wecom", (200, {"errcode": 93000, "errmsg": "invalid webhook url"}), True),
        ("wecom", (200, {"errcode": 45009, "errmsg": "api freq out of limit"}), False),
        ("wecom", (200, {"errcode": -1, "errmsg": "system busy"}), False),
        ("dingtalk", (200, {"errcode": 130101, "errmsg": "send too fast"}), False),
        ("dingtalk", (200, {"errcode": 300001, "errmsg": "token is not exist"}), True),
        ("feishu", (200, {"code": 11232, "msg": "frequency limited"}), False),
        ("feishu", (200, {"code": 19024, "msg": "Key Words Not Found"}), True),
        ("wecom", (502, b"bad gateway"), False),
        ("feishu", (429, b""), False),
        ("dingtalk", (404, b"gone"), True),
        ("dingtalk", (200, b"<html>"), False),
        ("dingtalk", (200, [1]), False),
        ("wecom", (200, {}), True),
    ],
)
def test_an_error_behind_a_200_is_an_error(receiver, kind, answer, permanent):
    receiver.answers = [answer]
    assert refusal(kind, account(kind, f"{receiver.url}/x"), message(LI))[0] is permanent


def test_an_address_that_is_not_public_is_never_gone_to():
    assert refusal("wecom", Account("wecom", {"url": "https://127.0.0.1/x"}), message(LI))[0] is True
    dead = Account("wecom", {"url": "http://127.0.0.1:9/x"}, frozenset({"127.0.0.1"}))
    assert refusal("wecom", dead, message(LI))[0] is False


def test_an_sms_gateway_by_json_and_by_a_form(receiver):
    quote = message(LI, subject='他说"坏了"\n{mobile}&x=1')
    body = '{"to": "{mobile}", "msg": "{text}", "id": "{key}"}'
    json_way = account("sms", f"{receiver.url}/sms", method="POST", body=body, headers="Authorization: Bearer q\nX-App: 7", success="code=0")
    SINKS["sms"].send(json_way, quote)
    got = receiver.got[0]
    assert got["body"] == {"to": "13812346629", "msg": f"{quote.subject} {quote.link}", "id": "k" * 32}
    assert (got["headers"]["Authorization"], got["headers"]["X-App"], got["headers"]["Idempotency-Key"]) == ("Bearer q", "7", "k" * 32)
    SINKS["sms"].send(account("sms", f"{receiver.url}/s?to={{mobile}}&m={{text}}", method="GET", body="", success=""), quote)
    assert (receiver.got[1]["method"], receiver.got[1]["query"]["to"], receiver.got[1]["query"]["m"]) == (
        "GET", ["13812346629"], [f"{quote.subject} {quote.link}"],
    )  # fmt: skip
    SINKS["sms"].send(account("sms", f"{receiver.url}/s", method="POST", body="to={mobile}&m={text}"), quote)
    assert "x=1" not in receiver.got[2]["body"].split("&"), "what is filled in opens no field of its own"


@pytest.mark.parametrize(
    ("rule", "body", "taken"),
    [("code=0", b'{"code": 0}', True), ("code=0", b'{"code": "0"}', True), ("code=0", b'{"code": 7}', False), ("a.0.ok=true", b'{"a": [{"ok": true}]}', True),
     ("code=0", b"<html>", False), ("a.b=1", b'{"a": 1}', False)],
)  # fmt: skip
def test_the_rule_of_success(rule, body, taken):
    assert sms.taken(rule, body) is taken


def test_a_gateway_that_says_no_is_tried_again(receiver):
    receiver.answers = [(200, {"code": 5})]
    opened = account("sms", f"{receiver.url}/sms", body="{mobile}", success="code=0")
    assert refusal("sms", opened, message(LI))[0] is False
