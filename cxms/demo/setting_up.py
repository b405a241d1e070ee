"""What the settings of the demo show: an industry, own words for topics, a colleague who has not answered yet."""

from datetime import datetime, timedelta

from feedback import topics
from tenancy import group_import, hierarchies, industry, invitations
from tenancy.enums import Role, UnitKind
from tenancy.models import Unit

WORDS = {
    "after_sales": ("延保", "备用机", "以旧换新估价"),
    "information": ("进度短信", "没有人通知我"),
    "waiting_time": ("取号机", "叫号"),
}
ADMIN = "user:admin@demo.cxms.example"
INVITED = ("lin.wan@demo.cxms.example", "林晚", Role.STORE_MANAGER, "CD-TIAN")


HIERARCHIES = (
    ("partner", "加盟商", ("自营/华东自营", "自营/西部自营", "加盟/江南张记", "加盟/蜀中李记", "加盟/岭南陈记")),
    ("format", "店型", ("旗舰店", "社区店", "商场店")),
    ("price", "价格区", ("一线价格", "二线价格")),
)


def add(*, organisation: int, now: datetime) -> None:
    """Writes it as the administrator would have, some days ago."""
    _group(organisation, now)
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


def _group(organisation: int, now: datetime) -> None:
    """The same stores by partner, format and price area; the last of every seven belongs to none, and one changed its partner."""
    stores = list(Unit.objects.filter(organisation_id=organisation, kind=UnitKind.STORE).order_by("code").values_list("code", flat=True))
    rows: list[dict[str, str]] = []
    for code, name, paths in HIERARCHIES:
        hierarchies.add(organisation=organisation, code=code, name=name, now=now - timedelta(days=60), actor=ADMIN)
        rows += [
            {"hierarchy": code, "unit": store, "group": paths[at % len(paths)], "from_date": ""}
            for at, store in enumerate(stores)
            if code != "partner" or at % 7 != 6
        ]
    moved = (now - timedelta(days=38)).date().isoformat()
    rows.append({"hierarchy": "partner", "unit": stores[0], "group": "加盟/江南张记", "from_date": moved})
    plan = group_import.plan(list(enumerate(rows, start=2)), organisation=organisation)
    group_import.carry_out(plan, organisation=organisation, now=now - timedelta(days=60), actor=ADMIN)
