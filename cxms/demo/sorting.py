"""The demo's own tree of topics: what a chain for digital goods tells apart below the topics of the house."""

from datetime import datetime

from feedback import relabelling, taxonomies
from feedback.tree import Node

ADMIN = "user:admin@demo.cxms.example"
WORDS: tuple[tuple[str, str, str, str], ...] = (
    ("product_quality/screen", "屏幕", "绿线 闪屏 屏幕", "屏幕出现一条绿线"),
    ("product_quality/battery", "电池续航", "电池 续航 充电", "充满电两个小时就掉到四成"),
    ("product_function/hot", "发热死机", "发热 死机 卡顿", "系统更新以后发热厉害"),
    ("price/trade_in", "以旧换新差价", "以旧换新 估价", "线上估价和到店价差六百"),
    ("promotion/coupon", "优惠券", "优惠券 满减", "优惠券没过期，结算时用不了"),
    ("stock/missing", "没有现货", "现货 缺货 有货", "跑了第二趟还是没有现货"),
    ("delivery_speed/late", "次日达没做到", "次日达 推迟 第二天才", "说好次日达，等了三天"),
    ("delivery_speed/visit", "上门不守时", "约好上午 迟到", "约好上午来，下午五点才到"),
    ("delivery_damage/box", "外箱压坏", "外箱 压得变形 磕了", "外箱压得变形，边角磕了一块"),
    ("staff_attitude/pushy", "强推贵的", "推最贵 硬推 强推", "一直推最贵的"),
    ("staff_skill/advice", "讲得明白", "讲明白 讲解 讲得细", "帮我把两台的区别讲明白了"),
    ("waiting_time/queue", "排队叫号", "排队 叫号 取号 插队", "排队等了四十分钟才轮到"),
    ("waiting_time/pickup", "等取机", "取机等", "取机等了一个多小时"),
    ("environment/parking", "停车", "停车 车位", "服务挺好，停车不太方便"),
    ("refund/late", "退款没到账", "没有到账 没退 未到账", "退货五天了，退款还没有到账"),
    ("after_sales/parts", "没有配件", "没有配件 等配件", "第四天才告诉我没有配件"),
    ("after_sales/again", "修了又坏", "没修好 又闪屏 二次到店", "二次到店还是没修好"),
    ("after_sales/warranty", "保修认定", "保修 人为", "手机进水说是人为，不给保修"),
    ("after_sales/callback", "承诺回电没回", "回电 没有人回", "承诺两小时回电，过了两天没有人回"),
    ("app_usability/checkout", "付款卡住", "付款页 结算时", "下单一直卡在付款页"),
    ("information/fee", "费用没先说", "事先没讲 才说要交", "检测费事先没讲"),
    ("loyalty/expiry", "积分清零", "清零", "积分清零前没有任何提醒"),
)
NODES = [Node(code, name, tuple(words.split()), (example,)) for code, name, words, example in WORDS]


def adopt(*, organisation: int, now: datetime) -> None:
    """Before the first voice, so that nothing is read twice."""
    row = taxonomies.save(NODES, "adopted", "retail", organisation=organisation, version=0, now=now, actor=ADMIN)
    relabelling.start(row.version, organisation=organisation, now=now, actor=ADMIN)
