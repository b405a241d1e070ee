"""What the settings of the demo show: an industry, own words for topics, a colleague who has not answered yet."""

from datetime import datetime, timedelta

from feedback import topics
from tenancy import industry, invitations
from tenancy.enums import Role

WORDS = {
    "after_sales": ("延保", "备用机", "以旧换新估价"),
    "information": ("进度短信", "没有人通知我"),
    "waiting_time": ("取号机", "叫号"),
}
ADMIN = "user:admin@demo.cxms.example"
INVITED = ("lin.wan@demo.cxms.example", "林晚", Role.STORE_MANAGER, "CD-TIAN")


def add(*, organisation: int, now: datetime) -> None:
    """Writes it as the administrator would have, some days ago."""
    industry.adopt("retail", organisation=organisation, now=now - timedelta(days=40), actor=ADMIN)
    for code, words in WORDS.items():
        topics.change(
            code, organisation=organisation, version=0, label="", own_words=words, touchpoint="", is_offered=True,
            now=now - timedelta(days=12), actor=ADMIN,
        )  # fmt: skip
    email, name, role, unit = INVITED
    invitations.invite(
        organisation=organisation, email=email, name=name, roles=[(role, unit)], now=now - timedelta(days=2),
        actor=ADMIN, by="管理员",
    )  # fmt: skip
