"""设置: the index of every settings page, in groups, searched by words. The pages themselves are in their own files."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from tenancy.members import Seat
from web.door import Visit, needs

Word = Callable[[], str]


@dataclass(frozen=True)
class Entry:
    """A settings page as the index tells of it. `also`: words it is found by besides its name."""

    name: str
    icon: str
    capability: str
    label: str
    what: str
    also: str = ""
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Pages under one heading."""

    label: str
    entries: tuple[Entry, ...]


def _all() -> tuple[Group, ...]:
    return (
        Group(_("组织"), (
            Entry("settings-organisation", "home", "settings:read", _("组织资料"), _("名称、语言、时区"), _("公司 时区 语言 双重验证")),
            Entry("settings-units", "building-store", "settings:read", _("组织单元"), _("大区、门店、班组的树"), _("门店 大区 导入 CSV 搬迁")),
            Entry("settings-hierarchies", "route", "settings:read", _("分组体系"), _("同样的门店，按加盟商、店型、价格区再加一遍"), _("加盟商 店型 价格区 销售区 层级 归组 导入 CSV")),
            Entry("settings-exposures", "activity-heartbeat", "settings:read", _("业务量"), _("投诉率的分母：自己数的，或上传的"), _("订单 到店 来电 包裹 活跃客户 分母 投诉率 导入")),
            Entry("settings-staff", "users", "settings:read", _("员工"), _("被评价的人，按工号"), _("工号 导入 CSV 离职")),
            Entry("settings-people", "shield-check", "settings:read", _("员工数据的使用"), _("员工的数给谁看，能不能考核"), _("排名 考核 申诉 保护 eNPS")),
            Entry("settings-members", "user", "members:write", _("成员与权限"), _("谁能登录，能看什么，能做什么"), _("邀请 角色 管理员 离开 缺勤")),
            Entry("settings-audit", "history", "settings:read", _("审计"), _("谁在什么时候改了什么"), _("日志 记录 历史")),
        )),
        Group(_("承诺"), (
            Entry("settings-policies", "clock-check", "settings:read", _("承诺政策"), _("对谁承诺什么，多久兑现"), _("SLA 时限 升级 还原 方案")),
            Entry("settings-case-rules", "filter", "settings:read", _("立案规则"), _("哪些声音成为投诉，轻重归谁"), _("内环 贬损者 红线 触发 试算")),
            Entry("settings-assignment", "users", "settings:read", _("分配"), _("新投诉交给谁，谁擅长什么"), _("自动分配 技能 轮流 负责人")),
            Entry("settings-handovers", "route", "settings:read", _("转交"), _("别的部门多久要接手"), _("部门 接收 OLA 时限")),
            Entry("settings-authority", "shield-check", "settings:read", _("补偿授权"), _("谁能自己给多少，超过的谁来批"), _("退款 金额 审批 补偿")),
            Entry("settings-templates", "message", "settings:read", _("口径"), _("回复客户的现成话，带变量"), _("模板 快捷回复 话术")),
            Entry("settings-causes", "tag", "settings:read", _("原因"), _("反思时选的原因代码，分两层"), _("反思 根因 复发 五个为什么")),
            Entry("settings-calendars", "calendar", "settings:read", _("营业日历"), _("营业时间、节假日、调休"), _("节假日 调休 工作时间")),
        )),
        Group(_("渠道"), (
            Entry("settings-touchpoints", "route", "settings:read", _("触点"), _("客户在哪里遇到我们"), _("旅程 阶段 行业模板")),
            Entry("settings-taxonomy", "tag", "settings:read", _("主题分类"), _("主题怎么叫，哪些词算它"), _("关键词 标签 文本分析")),
            Entry("settings-points", "route", "settings:read", _("改进点"), _("需求、产品、服务，各到谁的清单"), _("需求 产品改进点 服务提升点 负责人 分派")),
            Entry("settings-first", "filter", "settings:read", _("先归类"), _("声音归类以后，门店和部门才看得到"), _("第一步 归类 收件 部门 门店 可见")),
            Entry("settings-language-model", "robot", "settings:read", _("语言模型"), _("可选：拿不准的话问一问外面的模型"), _("大模型 LLM AI 接口 密钥 隐私")),
            Entry("settings-channels", "message", "settings:read", _("渠道开关"), _("哪些渠道收声音"), _("微信 电话 短信 邮件")),
            Entry("connect", "link", "webhooks:write", _("接口"), _("密钥、Webhook、投递"), _("API 密钥 webhook")),
        )),
        Group(_("通知"), (
            Entry("settings-notices", "bell", "settings:read", _("通知"), _("什么事告诉谁，要不要发邮件"), _("邮件 SMTP 试发 高管")),
            Entry("settings-metric-rules", "chart-dots-3", "settings:read", _("指标告警"), _("哪个数变了，告诉谁"), _("告警 阈值 控制图 显著 没有数据 试算")),
        )),
        Group(_("我自己"), (
            Entry("settings-me", "lock", "home:read", _("我的账号"), _("姓名、语言、密码、双重验证"), _("密码 TOTP 验证码 恢复码")),
        )),
    )  # fmt: skip


def groups(seat: Seat, words: str = "") -> list[Group]:
    """The pages that exist, that this person may open, and that have all the words."""
    found = []
    for group in _all():
        entries = tuple(entry for made in group.entries if (entry := _offered(made, seat, words)) is not None)
        if entries:
            found.append(Group(group.label, entries))
    return found


def _offered(entry: Entry, seat: Seat, words: str) -> Entry | None:
    said = f"{entry.label} {entry.what} {entry.also}".lower()
    if not seat.may(entry.capability) or not all(word in said for word in words.lower().split()):
        return None
    try:
        return Entry(**{**entry.__dict__, "url": reverse(entry.name)})
    except NoReverseMatch:
        return None


@needs("settings:read")
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Search first, then the groups."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    return render(request, "settings/index.html", {"found": groups(visit.seat, words), "q": words})
