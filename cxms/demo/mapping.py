"""A journey map of the demo: buying a phone and having it repaired, as people drew it."""

from datetime import datetime

from journeys import maps
from tenancy.models import Member

# touchpoint: role, time, scene, expectation, pain, opportunity, hand-drawn feeling, metric
WORDS = {
    "advert": ("本人", "买前 2 周", "睡前刷手机", "知道新在哪里", "讲参数，不讲用途", "", 0.5, "csat"),
    "store_visit": ("本人；店员", "到店，12 分", "周末，店里人多", "不被推销", "周末要等 18 分", "周末预约到店", 1.0, "nps"),
    "online_order": ("本人，伴侣参谋", "买前 3 天", "通勤比价", "线上线下同价", "与店里差 200 元", "同价承诺", 1.0, "csat"),
    "payment": ("本人；收银员", "8 分", "刷卡，领补贴", "票据一次开对", "到店才知没补贴", "下单前查补贴", 0.0, "ces"),
    "repair_intake": ("本人；接待、工程师", "3 至 9 个月后，25 分", "手机离手，工作受影响", "给准日子，别换人说法", "到货日一改再改；每次换人", "受理即报到货日", -0.5, "nps"),
    "repair_pickup": ("本人；接待、质检", "2 至 6 天后", "下班赶在打烊前", "修好，不再来", "修后复发，质检漏项", "质检必勾项", 0.5, "nps"),
}
LANES = ("role", "time", "scene", "expectation", "pain", "opportunity")


def load(*, organisation: int, now: datetime) -> None:
    """Draws the map and writes its second version."""
    owner = Member.objects.filter(organisation_id=organisation).order_by("name").first()
    if owner is None:
        return
    row = maps.draw(
        "买机与售后旅程", "换机族", token="demo", owner=owner, organisation=organisation, now=now, actor_name=owner.name
    )
    columns = maps.at_version(row, 1)
    for column in columns:
        words = WORDS.get(column["touchpoint"])
        if words:
            column["lanes"] = dict(zip(LANES, words, strict=False))
            column["hand"], column["metric"] = words[6], words[7]
    maps.edit(row.id, columns, version=1, organisation=organisation, now=now, actor_name=owner.name)
