"""Words of the organisation: unit kinds, roles, channels."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class UnitKind(TextChoices):
    """Levels of the unit tree."""

    HEADQUARTERS = "headquarters", _("总部")
    REGION = "region", _("大区")
    STORE = "store", _("门店")
    TEAM = "team", _("班组")
    DEPARTMENT = "department", _("部门")


class Role(TextChoices):
    """What a member is to the organisation; each over a unit subtree."""

    ADMIN = "admin", _("管理员")
    CX_MANAGER = "cx_manager", _("客户体验经理")
    EXECUTIVE = "executive", _("高管")
    REGION_MANAGER = "region_manager", _("区域经理")
    STORE_MANAGER = "store_manager", _("店长")
    FRONTLINE = "frontline", _("一线员工")
    ANALYST = "analyst", _("分析员")


class PeopleStage(TextChoices):
    """How far an organisation is with figures of its people."""

    START = "start", _("起步：只有感谢与成长")
    GROWTH = "growth", _("成长：经理看得到组员的数，不排名")
    MATURE = "mature", _("成熟：可用于考核")


class ClassifyFirst(TextChoices):
    """Who must have classified a voice before a department or a store sees it."""

    OFF = "off", _("不必等")
    ENGINE = "engine", _("引擎读过就看得到")
    PERSON = "person", _("有人归类以后才看得到")


class Channel(TextChoices):
    """The doors a voice may come in by."""

    API = "api", _("接口")
    STORE = "store", _("门店")
    PHONE = "phone", _("电话")
    APP = "app", _("App")
    WECHAT = "wechat", _("公众号")
    WECOM = "wecom", _("企业微信")
    EMAIL = "email", _("邮件")
    SMS = "sms", _("短信")
    WEB = "web", _("网页")
    QR = "qr", _("二维码")
    SURVEY = "survey", _("问卷")
    REVIEW = "review", _("评价")
    SOCIAL = "social", _("社交媒体")
    IMPORT = "import", _("导入")
