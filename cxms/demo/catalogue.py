"""Who and where of the demo: regions, stores, people, tempers. All invented."""

from dataclasses import dataclass

# (code, name), three regions
REGIONS = (("EAST", "华东区"), ("SOUTH", "华南区"), ("WEST", "西部区"))

# (code, name, region, quality): quality shifts how well customers are served, in logits
STORES: tuple[tuple[str, str, str, float], ...] = (
    ("HZ-XIXI", "杭州西溪店", "EAST", 0.15),
    ("HZ-BINJ", "杭州滨江店", "EAST", 0.0),
    ("SZ-GUAN", "苏州观前店", "EAST", 0.45),
    ("SZ-YUAN", "苏州园区店", "EAST", 0.1),
    ("SH-WUJC", "上海五角场店", "EAST", 0.5),
    ("SH-XUHU", "上海徐汇店", "EAST", 0.05),
    ("SH-JING", "上海静安店", "EAST", 0.0),
    ("SH-PUDO", "上海浦东店", "EAST", -0.1),
    ("NJ-XINJ", "南京新街口店", "EAST", 0.1),
    ("NJ-HEXI", "南京河西店", "EAST", 0.0),
    ("NB-TIAN", "宁波天一店", "EAST", 0.05),
    ("WX-CHON", "无锡崇安店", "EAST", -0.05),
    ("HF-ZHEN", "合肥政务店", "EAST", 0.0),
    ("JN-QUAN", "济南泉城店", "EAST", 0.1),
    ("QD-WUSI", "青岛五四店", "EAST", 0.05),
    ("GZ-TIAN", "广州天河店", "SOUTH", -0.6),
    ("GZ-YUEX", "广州越秀店", "SOUTH", 0.0),
    ("GZ-PANY", "广州番禺店", "SOUTH", -0.05),
    ("SZ-HQBE", "深圳华强北店", "SOUTH", -0.5),
    ("SZ-NANS", "深圳南山店", "SOUTH", 0.1),
    ("SZ-LUOH", "深圳罗湖店", "SOUTH", 0.0),
    ("FS-LING", "佛山岭南店", "SOUTH", -0.45),
    ("DG-NANC", "东莞南城店", "SOUTH", 0.0),
    ("ZH-XIAN", "珠海香洲店", "SOUTH", 0.1),
    ("XM-ZHON", "厦门中山店", "SOUTH", 0.15),
    ("FZ-DONG", "福州东街店", "SOUTH", 0.0),
    ("NN-CHAO", "南宁朝阳店", "SOUTH", -0.05),
    ("HK-GUOM", "海口国贸店", "SOUTH", 0.05),
    ("CD-CHUN", "成都春熙店", "WEST", 0.6),
    ("CD-TIAN", "成都天府店", "WEST", 0.05),
    ("CD-GAOX", "成都高新店", "WEST", 0.2),
    ("CQ-GUAN", "重庆观音桥店", "WEST", 0.1),
    ("CQ-JIEF", "重庆解放碑店", "WEST", 0.0),
    ("XA-ZHON", "西安钟楼店", "WEST", 0.05),
    ("XA-GAOX", "西安高新店", "WEST", 0.0),
    ("KM-CUIH", "昆明翠湖店", "WEST", 0.1),
    ("GY-PENS", "贵阳喷水池店", "WEST", -0.05),
    ("LZ-ZHAN", "兰州张掖路店", "WEST", 0.0),
    ("WL-YOUH", "乌鲁木齐友好店", "WEST", 0.0),
    ("WH-GUAN", "武汉光谷店", "WEST", 0.05),
)
# stores that opened this month: few voices yet
YOUNG = {"KM-CUIH": 25, "CD-GAOX": 40, "HK-GUOM": 12}
TINY = {"LZ-ZHAN", "WL-YOUH"}

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蔡蒋余于杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
GIVEN = ["子昂", "静", "启明", "晓", "越", "雨", "骁", "可", "宁", "毅", "佳琪", "思远", "明轩", "雅婷", "浩然", "若曦", "俊杰", "诗涵", "建国", "丽华", "志强", "秀英", "伟", "芳", "娜", "敏", "磊", "洋", "艳", "勇", "杰", "涛", "超", "霞", "平", "刚", "桂英", "雪", "鹏", "婷", "欣怡", "宇航", "梦瑶", "泽宇", "文博", "嘉怡", "天佑", "一诺", "晨曦", "立新"]
TIERS = ("", "", "", "", "B", "B", "A")


@dataclass(frozen=True)
class Touch:
    """A touchpoint of the demo: its share of voices and how it weighs on the score, in logits."""

    code: str
    share: float
    weight: float


TOUCHES = (
    Touch("store_visit", 0.24, 0.25),
    Touch("online_order", 0.14, 0.2),
    Touch("payment", 0.05, 0.1),
    Touch("delivery", 0.14, 0.05),
    Touch("installation", 0.06, -0.1),
    Touch("usage", 0.09, 0.1),
    Touch("repair_intake", 0.08, -0.45),
    Touch("repair_pickup", 0.09, -0.55),
    Touch("return_refund", 0.05, -0.6),
    Touch("hotline", 0.04, -0.3),
    Touch("membership", 0.02, 0.0),
)
CSI_ITEMS = ("product", "price", "service", "environment", "speed", "after_sales")
EMAIL_DOMAIN = "demo.cxms.example"
# role, local part of the e-mail, name, unit code; these can log in
LOGINS = (
    ("cx_manager", "manager", "沈知夏", "HQ"),
    ("frontline", "frontline", "谢子昂", "HZ-XIXI"),
    ("executive", "executive", "周维", "HQ"),
    ("admin", "admin", "管理员", "HQ"),
)
PASSWORD = "beiyu-demo-2026"
