"""What the demo's customers say: our own phrases, put together by touchpoint and feeling."""

from random import Random

MODELS = ("X20", "X20 Pro", "X18", "平板 11", "笔记本 14", "耳机 Air 3", "手表 S2", "路由器 R5", "相机 Z6")
DAYS = ("两天", "三天", "四天", "五天", "一个星期", "九天")
SUMS = ("200 元", "300 元", "600 元", "一千多")

BAD: dict[str, tuple[str, ...]] = {
    "store_visit": (
        "排队等了四十分钟才轮到我，叫号机还是坏的。",
        "店员一直推最贵的{model}，我问的问题一个没答上来。",
        "店员态度很差，问两句就不耐烦，转身就走了。",
        "想看的{model}没有现货，让我跑了第二趟还是没有。",
        "店里空调不开，又闷又挤，样机好几台开不了机。",
    ),
    "online_order": (
        "App 下单一直卡在付款页，重试了五次。",
        "预售的{model}推迟三次发货，客服说法每次都不一样。",
        "优惠券明明没过期，结算时却用不了。",
        "下单的是黑色，发来的是白色，订单写得清清楚楚。",
    ),
    "payment": ("同一笔{model}扣了我两次款，到现在没退。", "分期手续费和店员说的不一样，多收了{sum}。"),
    "delivery": (
        "说好次日达，等了{days}才送到。",
        "外箱压得变形，{model}边角磕了一块。",
        "快递放在门口就走，没打电话，差点丢了。",
    ),
    "installation": (
        "上门安装迟到两小时，也没有人说一声抱歉。",
        "装完就走，垃圾留了一地，网还连不上。",
        "约好上午来，师傅下午五点才到，我请了一天假。",
    ),
    "usage": (
        "{model}用了不到一个月就频繁死机。",
        "电池太不耐用，充满电两个小时就掉到四成。",
        "系统更新以后发热厉害，信号也变差了。",
        "屏幕出现一条绿线，才买{days}。",
    ),
    "repair_intake": (
        "说好两天修好，第{days}才告诉我没有配件，打电话每次换一个人。",
        "送修的时候没人说要备份，资料全没了。",
        "检测费事先没讲，取机时才说要交{sum}。",
    ),
    "repair_pickup": (
        "换屏后{days}又闪屏，二次到店还是没修好。",
        "修完摄像头起雾，店员说是我自己进的水。",
        "换了电池后盖没压紧，缝里能塞进卡片。",
        "取机等了一个多小时，叫了号又被人插队。",
    ),
    "return_refund": (
        "退货{days}了，退款还没有到账，客服一直让我等。",
        "以旧换新线上估价和到店价差{sum}，这不是骗人吗。",
        "手机进水说是人为不给保修，要求退款没人理。",
    ),
    "hotline": (
        "打客服电话转来转去，每次都要从头讲一遍。",
        "客服承诺两小时回电，过了{days}也没有人回。",
    ),
    "membership": ("积分清零前没有任何提醒，三千多分说没就没。", "会员日说有礼，到店说送完了。"),
}
GOOD: dict[str, tuple[str, ...]] = {
    "store_visit": (
        "店员没有推最贵的，帮我把两台{model}的区别讲明白了。",
        "接待很热情，试机试了半个小时也不催。",
        "店里干净明亮，样机都能用，体验很好。",
        "小姑娘讲解得很专业，一下子就选定了。",
    ),
    "online_order": ("下单很顺手，价格也比别家实惠。", "活动规则写得清楚，优惠到手很爽快。"),
    "payment": ("付款快，发票当场就开好了。",),
    "delivery": ("昨天下单今天就到，包装严严实实。", "师傅送货上楼，还帮忙验了机。"),
    "installation": ("师傅准时到，装完把地擦得干干净净。", "安装讲得细，老人也学会了。"),
    "usage": ("{model}用着很流畅，拍照效果超出预期。", "续航给力，一天一充足够了，很满意。", "音质好，戴着也舒服。"),
    "repair_intake": ("受理很快，还先借给我备用机，资料一张没丢。", "工程师当面检测，报价透明。"),
    "repair_pickup": ("说两天其实一天就修好了，还做了清洁。", "换屏效果和新的一样，价格也公道。"),
    "return_refund": ("退货没有为难，第二天钱就到账了。",),
    "hotline": ("客服一次就把问题解决了，很耐心。",),
    "membership": ("会员生日还收到小礼物，很贴心。",),
}
PLAIN = (
    "还可以吧。", "一般般，没有特别的感觉。", "东西不错，就是等得有点久。", "价格能再低一点就好了。",
    "建议周末多安排几个人手。", "希望能增加自助取机柜。", "请问{model}什么时候有货？", "服务挺好，停车不太方便。",
)  # fmt: skip
BAD_TAILS = ("", "", "", "很失望。", "希望尽快处理。", "不会再来了。", "要求给个说法。", "我要投诉。", "要求退款。")
GOOD_TAILS = ("", "", "", "谢谢！", "会推荐给朋友。", "点赞。", "下次还来。")


def say(rng: Random, touch: str, mood: int) -> str:
    """A sentence or two: mood −1 complains, 0 shrugs, 1 praises."""
    bank = {-1: BAD, 1: GOOD}.get(mood)
    text = rng.choice(bank[touch]) if bank else rng.choice(PLAIN)
    tail = rng.choice(BAD_TAILS if mood < 0 else GOOD_TAILS) if mood else ""
    filled = text.format(model=rng.choice(MODELS), days=rng.choice(DAYS), sum=rng.choice(SUMS))
    return filled + tail


# cases that stand open when the demo is loaded: (store, text, minutes since receipt, what was done)
LIVE: tuple[tuple[str, str, str, int, str], ...] = (
    ("SZ-HQBE", "手机进水被拒保，要求退款。店员说是人为，可是我根本没有碰水。", "return_refund", 158, "reconstructed"),
    ("GZ-TIAN", "换屏后指纹失灵，二次到店仍未修好，我今天就要退款。", "repair_pickup", 72, "untouched"),
    ("FS-LING", "预售机三次推迟发货，客服说法不一，要求给个说法。", "online_order", 66, "assigned"),
    ("CQ-GUAN", "退货 9 天未到账，客服一直让我等，要求马上退款。", "return_refund", 57, "assigned"),
    ("HZ-XIXI", "耳机左侧无声，换过一次还是坏的，要求退货。", "usage", 49, "assigned"),
    ("HZ-XIXI", "换屏后三天再次闪屏，要求退机，上次留言没有人回。", "repair_pickup", 41, "replied"),
    ("NJ-XINJ", "上门安装迟到两小时，无人致歉。", "installation", 94, "reconstructed"),
    ("CD-TIAN", "以旧换新估价与到店价相差 600 元，觉得被骗了。", "return_refund", 68, "proposed"),
    ("SZ-GUAN", "客服承诺回电，过了三小时没有回。", "hotline", 41, "assigned"),
    ("SH-XUHU", "会员积分清零前没有收到提醒。", "membership", 19, "untouched"),
    ("NB-TIAN", "发票抬头开错，要求重开。", "payment", 72, "held"),
    ("CD-CHUN", "配送破损，要求换新。", "delivery", 82, "accepted"),
    ("SH-WUJC", "充电器充电时冒烟，差点烧到床单，太危险了。", "usage", 12, "untouched"),
    ("GZ-TIAN", "维修等了六天没有配件，打电话每次换一个人。", "repair_intake", 55, "untouched"),
)
