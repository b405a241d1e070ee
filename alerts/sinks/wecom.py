"""企业微信 group robot: the key is in the address, nothing is signed; an error is an `errcode` behind HTTP 200.

Markdown mentions a person by his user id; who is known by his mobile number alone is mentioned by a text message.
"""

from django.utils.translation import gettext as _

from alerts.sinks.shapes import Account, Field, Message, Person, SinkError
from alerts.sinks.web import clipped, post_json, tame

# system busy; called too often
PASSING = {-1, 45009}
MOST_MARKDOWN, MOST_TEXT = 4096, 2048


class Wecom:
    """One message to a group."""

    kind = "wecom"
    is_group = True
    fields = (
        Field("url", lambda: _("Webhook 地址"), is_secret=True, hint=lambda: _("群机器人的地址，以 https://qyapi.weixin.qq.com/ 开头")),
    )

    def label(self) -> str:
        """Its name."""
        return _("企业微信")

    def reaches(self, person: Person) -> bool:
        """Whoever can be mentioned."""
        return bool(person.handle(self.kind) or person.mobile)

    def send(self, account: Account, message: Message) -> str:
        """Raises SinkError."""
        said = post_json(account, account.config["url"], document(message))
        code = said.get("errcode")
        if code != 0:
            raise SinkError(f"errcode {code} {said.get('errmsg', '')}", permanent=code not in PASSING)
        return ""


def document(message: Message) -> dict[str, object]:
    """Markdown when everybody has a user id, else text with mobile numbers."""
    ids = [person.handle("wecom") for person in message.people]
    if all(ids):
        mentions = " ".join(f"<@{handle}>" for handle in ids)
        body = clipped(f"**{tame(message.subject)}**\n{tame(message.text)}", MOST_MARKDOWN - len(mentions.encode()) - 1)
        return {"msgtype": "markdown", "markdown": {"content": f"{body}\n{mentions}"}}
    text = {
        "content": clipped(f"{message.subject}\n{message.text}", MOST_TEXT),
        "mentioned_list": [handle for handle in ids if handle],
        "mentioned_mobile_list": [p.mobile for p in message.people if not p.handle("wecom")],
    }
    return {"msgtype": "text", "text": text}
