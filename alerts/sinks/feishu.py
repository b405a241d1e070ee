"""飞书 group robot: HMAC-SHA256 of nothing under the key "seconds, line feed, secret", base64, in the body beside the time.

A person is mentioned by his open id; without one his name stands in the text. An error is a `code` behind HTTP 200.
"""

import base64
import hashlib
import hmac
from html import escape

from django.utils.translation import gettext as _

from alerts.sinks.shapes import Account, Field, Message, Person, SinkError
from alerts.sinks.web import clipped, post_json, tame

# called too often; system busy
PASSING = {11232, 9499, 1500, 2200}
MOST = 18_000


class Feishu:
    """One message to a group."""

    kind = "feishu"
    is_group = True
    fields = (
        Field("url", lambda: _("Webhook 地址"), is_secret=True, hint=lambda: _("群机器人的地址，以 https://open.feishu.cn/ 开头")),
        Field("secret", lambda: _("签名校验密钥"), must=False, is_secret=True),
    )

    def label(self) -> str:
        """Its name."""
        return _("飞书")

    def reaches(self, person: Person) -> bool:
        """Whoever can be mentioned by his open id."""
        return bool(person.handle(self.kind))

    def send(self, account: Account, message: Message) -> str:
        """Raises SinkError."""
        secret = account.config.get("secret", "")
        signed = {"timestamp": str(message.stamp), "sign": sign(message.stamp, secret)} if secret else {}
        said = post_json(account, account.config["url"], {**signed, **document(message)})
        code = said.get("code", said.get("StatusCode"))
        if code != 0:
            raise SinkError(f"code {code} {said.get('msg', '')}", permanent=code not in PASSING)
        return ""


def sign(seconds: int, secret: str) -> str:
    """The signature, base64."""
    return base64.b64encode(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def document(message: Message) -> dict[str, object]:
    """A text with its mentions; what others wrote cannot pass for a mention."""
    mentions = " ".join(f'<at user_id="{escape(p.handle("feishu"))}">{escape(p.name)}</at>' for p in message.people)
    text = clipped(tame(f"{message.subject}\n{message.text}"), MOST)
    return {"msg_type": "text", "content": {"text": f"{text}\n{mentions}"}}
