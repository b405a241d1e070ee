"""钉钉 group robot: HMAC-SHA256 of "milliseconds, line feed, secret" under the secret, base64, in the address.

Who is mentioned must stand in the text as @ and his number. An error is an `errcode` behind HTTP 200.
"""

import base64
import hashlib
import hmac
from urllib.parse import quote_plus

from django.utils.translation import gettext as _

from alerts.sinks.shapes import Account, Field, Message, Person, SinkError
from alerts.sinks.web import clipped, post_json, tame

# system busy; more than twenty messages a minute
PASSING = {-1, 130101}
MOST = 18_000


class Dingtalk:
    """One message to a group."""

    kind = "dingtalk"
    is_group = True
    fields = (
        Field("url", lambda: _("Webhook 地址"), is_secret=True, hint=lambda: _("群机器人的地址，以 https://oapi.dingtalk.com/ 开头")),
        Field("secret", lambda: _("加签密钥"), must=False, is_secret=True, hint=lambda: _("安全设置里以 SEC 开头的一串")),
    )

    def label(self) -> str:
        """Its name."""
        return _("钉钉")

    def reaches(self, person: Person) -> bool:
        """Whoever can be mentioned by his number."""
        return bool(person.mobile)

    def send(self, account: Account, message: Message) -> str:
        """Raises SinkError."""
        url, secret = account.config["url"], account.config.get("secret", "")
        if secret:
            stamp = message.stamp * 1000
            url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={quote_plus(sign(stamp, secret))}"
        said = post_json(account, url, document(message))
        code = said.get("errcode")
        if code != 0:
            raise SinkError(f"errcode {code} {said.get('errmsg', '')}", permanent=code not in PASSING)
        return ""


def sign(milliseconds: int, secret: str) -> str:
    """The signature, base64."""
    made = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(made.digest()).decode()


def document(message: Message) -> dict[str, object]:
    """Markdown with its mentions."""
    mobiles = [person.mobile for person in message.people]
    mentions = " ".join(f"@{mobile}" for mobile in mobiles)
    # two spaces and a line feed make a line of its own there
    lines = tame(message.text).replace("\n", "  \n")
    body = clipped(f"#### {tame(message.subject)}\n{lines}", MOST)
    return {
        "msgtype": "markdown",
        "markdown": {"title": tame(message.subject)[:100], "text": f"{body}\n\n{mentions}"},
        "at": {"atMobiles": mobiles, "isAtAll": False},
    }
