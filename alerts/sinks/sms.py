"""Any SMS gateway that speaks HTTP: address, method, headers and body are templates, and a rule says what success is.

`{mobile}`, `{text}` and `{key}` are filled in, escaped as the place wants it: a JSON string inside JSON, percent-encoded
in the address and in a form. The rule is `path=value` on a JSON answer (`result.code=0`), or empty: any 2xx.
"""

import json
import re
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from alerts.sinks.shapes import Account, Field, Message, Person, SinkError
from alerts.sinks.web import call, excerpt

PLACE = re.compile(r"\{(mobile|text|key)\}")
MOST = 200


class Sms:
    """One short message to one mobile number."""

    kind = "sms"
    is_group = False
    fields = (
        Field("url", lambda: _("地址"), is_secret=True, hint=lambda: _("短信服务商给的 https 地址")),
        Field("method", lambda: _("方法"), options=("POST", "GET")),
        Field("headers", lambda: _("请求头"), must=False, is_secret=True, is_long=True, hint=lambda: _("一行一个，名称: 值")),
        Field("body", lambda: _("正文模板"), must=False, is_long=True, hint=lambda: _("用 {mobile} {text} {key} 表示号码、内容和编号")),
        Field("success", lambda: _("怎样算收下"), must=False, hint=lambda: _("例如 code=0；不填就看 HTTP 状态")),
    )

    def label(self) -> str:
        """Its name."""
        return _("短信")

    def reaches(self, person: Person) -> bool:
        """Whoever has a mobile number."""
        return bool(person.mobile)

    def send(self, account: Account, message: Message) -> str:
        """Raises SinkError."""
        config, person = account.config, message.people[0]
        values = {"mobile": person.mobile, "text": short(message), "key": message.key}
        template = config.get("body", "")
        is_json = template.lstrip()[:1] in ("{", "[")
        headers = headers_of(config.get("headers", ""))
        headers.setdefault("Content-Type", "application/json; charset=utf-8" if is_json else "application/x-www-form-urlencoded")
        headers.setdefault("Idempotency-Key", message.key)
        url = fill(config["url"], values, percent)
        body = fill(template, values, inside_json if is_json else percent)
        answer = call(account, url, body.encode(), headers, config.get("method", "POST"))
        rule = config.get("success", "")
        if rule and not taken(rule, answer.excerpt):
            raise SinkError(f"{rule}? {excerpt(answer)}", permanent=False)
        return ""


def short(message: Message) -> str:
    """The subject and the address, short enough for a text message."""
    room = MOST - len(message.link) - 1
    return f"{message.subject[:room]} {message.link}"


def percent(value: str) -> str:
    """As a part of an address or a form."""
    return quote(value, safe="")


def inside_json(value: str) -> str:
    """As the inside of a JSON string."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def fill(template: str, values: dict[str, str], escape: Any) -> str:
    """The template with its places filled; what is filled in is never read as a template again."""
    return PLACE.sub(lambda match: escape(values[match[1]]), template)


def headers_of(text: str) -> dict[str, str]:
    """`Name: value` lines. Raises SinkError for a line that is none."""
    found = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, sign, value = line.partition(":")
        if not sign or not re.fullmatch(r"[A-Za-z0-9-]+", name.strip()):
            raise SinkError(f"header: {line[:40]}", permanent=True)
        found[name.strip()] = value.strip()
    return found


def taken(rule: str, body: bytes) -> bool:
    """True when `path=value` holds of a JSON answer."""
    path, _sign, wanted = rule.partition("=")
    try:
        found: Any = json.loads(body)
        for part in path.strip().split("."):
            found = found[int(part)] if isinstance(found, list) else found[part]
    except (ValueError, KeyError, IndexError, TypeError):
        return False
    said = json.dumps(found) if isinstance(found, (bool, type(None))) else str(found)
    return said == wanted.strip()
