"""审计: who did what, newest first, in words. What is stored are codes; names are looked up when the page is drawn."""

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tenancy import audit, queries
from tenancy.audit import Filters
from tenancy.models import AuditEvent, Invitation, Member
from web.door import Visit, needs

PAGE = 50
Word = Callable[[], str]
ACTIONS: dict[str, Word] = {
    "organisation.changed": lambda: _("改了组织资料"),
    "organisation.set_up": lambda: _("完成了设置"),
    "customer.joined": lambda: _("合并了客户"),
    "customer.parted": lambda: _("撤销了客户合并"),
    "customer.parted_for_good": lambda: _("记下两位客户不是同一人"),
    "industry.adopted": lambda: _("用了行业模板"),
    "member.invited": lambda: _("邀请了"),
    "member.joined": lambda: _("加入了"),
    "member.changed": lambda: _("改了成员权限"),
    "member.renamed": lambda: _("改了自己的资料"),
    "member.left": lambda: _("让成员离开"),
    "invitation.sent_again": lambda: _("又寄了邀请"),
    "invitation.revoked": lambda: _("收回了邀请"),
    "unit.added": lambda: _("加了单元"),
    "unit.changed": lambda: _("改了单元"),
    "unit.moved": lambda: _("搬了单元"),
    "unit.retired": lambda: _("停用了单元"),
    "unit.reopened": lambda: _("重新启用了单元"),
    "units.imported": lambda: _("导入了单元"),
    "hierarchy.added": lambda: _("加了分组体系"),
    "hierarchy.changed": lambda: _("改了分组体系"),
    "hierarchy.group_added": lambda: _("加了分组"),
    "hierarchy.group_changed": lambda: _("改了分组"),
    "hierarchy.store_placed": lambda: _("给门店归了组"),
    "hierarchies.imported": lambda: _("导入了门店归组"),
    "staff.added": lambda: _("加了员工"),
    "staff.changed": lambda: _("改了员工"),
    "staff.imported": lambda: _("导入了员工"),
    "people_use.saved": lambda: _("改了员工数据的使用"),
    "pulse.opened": lambda: _("开了一轮员工问卷"),
    "pulse.closed": lambda: _("结束了一轮员工问卷"),
    "pulse.links": lambda: _("取了员工问卷的链接"),
    "appeal.made": lambda: _("提了申诉"),
    "appeal.decided": lambda: _("决定了申诉"),
    "touchpoint.added": lambda: _("加了触点"),
    "touchpoint.changed": lambda: _("改了触点"),
    "touchpoint.moved": lambda: _("调了触点顺序"),
    "taxonomy.node.changed": lambda: _("改了分类"),
    "taxonomy.adopted": lambda: _("用了行业分类"),
    "axes.coded": lambda: _("给投诉编了两个轴"),
    "leaving.recorded": lambda: _("记了一条流失"),
    "leaving.changed": lambda: _("改了流失记录"),
    "leaving.withdrawn": lambda: _("撤回了流失记录"),
    "leaving.told": lambda: _("写入了流失记录"),
    "point.decided": lambda: _("决定了改进点"),
    "point_route.saved": lambda: _("改了改进点的去处"),
    "own_model.asked": lambda: _("训练了自己的模型"),
    "own_model.in_use": lambda: _("采用了自己的模型"),
    "own_model.declined": lambda: _("没有采用自己的模型"),
    "own_model.retired": lambda: _("用回了出厂模型"),
    "coding.drawn": lambda: _("抽了双人编码的样本"),
    "original.read": lambda: _("看了原文"),
    "contact.read": lambda: _("看了客户的联系方式"),
    "rejects.read": lambda: _("下载了没有遮盖的导入错误行"),
    "language_model.switched_on": lambda: _("打开了语言模型"),
    "language_model.changed": lambda: _("改了语言模型"),
    "language_model.switched_off": lambda: _("关掉了语言模型"),
    "topic.changed": lambda: _("改了主题"),
    "calendar.saved": lambda: _("存了日历"),
    "policy.saved": lambda: _("存了承诺政策"),
    "policy.moved": lambda: _("调了承诺政策顺序"),
    "policy.switched_off": lambda: _("停用了承诺政策"),
    "case_rules.saved": lambda: _("改了立案规则"),
    "assignment.chosen": lambda: _("改了分配方式"),
    "authority.changed": lambda: _("改了补偿授权"),
    "cause.added": lambda: _("加了原因"),
    "cause.changed": lambda: _("改了原因"),
    "handover.target": lambda: _("改了接收时限"),
    "skills.chosen": lambda: _("改了擅长的主题"),
    "template.added": lambda: _("写了口径"),
    "template.changed": lambda: _("改了口径"),
    "view.added": lambda: _("存了视图"),
    "view.changed": lambda: _("改了视图"),
    "view.removed": lambda: _("删了视图"),
    "policy.reapplied": lambda: _("让未结的投诉换用新版承诺"),
    "promise.extended": lambda: _("延长了承诺时限"),
    "promise.excused": lambda: _("免责了失约"),
    "promise.excuse_undone": lambda: _("撤回了免责"),
    "bursts.budget": lambda: _("改了新冒头话题的误报上限"),
    "notices.budget": lambda: _("改了每人每天的通知上限"),
    "weighting.saved": lambda: _("改了加权份额"),
    "model.saved": lambda: _("存了模型树"),
    "checklist.saved": lambda: _("存了检查表"),
    "inspection.filed": lambda: _("做了门店检查"),
    "inspection.withdrawn": lambda: _("撤回了门店检查"),
    "published.added": lambda: _("加了公开指数"),
    "published.withdrawn": lambda: _("撤回了公开指数"),
    "target.set": lambda: _("设了目标"),
    "target.withdrawn": lambda: _("撤回了目标"),
    "exposures.told": lambda: _("写入了业务量"),
    "exposures.undone": lambda: _("撤回了一批业务量"),
    "segment.added": lambda: _("存了分群"),
    "segment.removed": lambda: _("删了分群"),
    "money.assumed": lambda: _("改了关于金钱的假设"),
    "dashboard.added": lambda: _("建了看板"),
    "dashboard.changed": lambda: _("改了看板"),
    "dashboard.removed": lambda: _("删了看板"),
    "annotation.added": lambda: _("写了批注"),
    "annotation.removed": lambda: _("去掉了批注"),
    "metric_rule.saved": lambda: _("存了指标告警规则"),
    "metric_rule.rebased": lambda: _("换了控制图基线"),
    "metric_rule.removed": lambda: _("去掉了指标告警规则"),
    "notices.chosen": lambda: _("改了邮件通知"),
    "notices.reach_changed": lambda: _("改了怎样找到自己"),
    "notice_account.saved": lambda: _("存了通道账号"),
    "notice_account.switched": lambda: _("停用或启用了通道账号"),
    "notice_account.tested": lambda: _("试发了通道账号"),
    "rota.added": lambda: _("排了班"),
    "rota.removed": lambda: _("去掉了班次"),
    "rota.covered": lambda: _("排了替班"),
    "survey.created": lambda: _("建了问卷"),
    "survey.changed": lambda: _("改了问卷"),
    "survey.published": lambda: _("发布了问卷"),
    "survey.paused": lambda: _("暂停了问卷"),
    "survey.closed": lambda: _("结束了问卷"),
    "survey.quiet_days": lambda: _("改了打扰间隔"),
    "key.issued": lambda: _("发了密钥"),
    "key.allowed": lambda: _("改了密钥能给的金额"),
    "key.revoked": lambda: _("作废了密钥"),
    "webhook.created": lambda: _("加了 Webhook"),
    "webhook.changed": lambda: _("改了 Webhook"),
    "webhook.removed": lambda: _("删了 Webhook"),
    "webhook.replayed": lambda: _("重发了 Webhook"),
    "webhook.rotated": lambda: _("换了 Webhook 的签名密钥"),
    "webhook.tested": lambda: _("试发了 Webhook"),
    "mailbox.saved": lambda: _("存了收件邮箱"),
    "mailbox.stopped": lambda: _("停了收件邮箱"),
}
HEADS: dict[str, Word] = {
    "member": lambda: _("成员"),
    "invitation": lambda: _("邀请"),
    "organisation": lambda: _("组织资料"),
    "customer": lambda: _("客户"),
    "contact": lambda: _("联系方式"),
    "money": lambda: _("客户与金钱"),
    "exposures": lambda: _("业务量"),
    "segment": lambda: _("分群"),
    "unit": lambda: _("单元"),
    "units": lambda: _("单元导入"),
    "hierarchy": lambda: _("分组体系"),
    "hierarchies": lambda: _("门店归组导入"),
    "language_model": lambda: _("语言模型"),
    "staff": lambda: _("员工"),
    "people_use": lambda: _("员工数据的使用"),
    "appeal": lambda: _("申诉"),
    "pulse": lambda: _("员工问卷"),
    "touchpoint": lambda: _("触点"),
    "topic": lambda: _("主题"),
    "taxonomy": lambda: _("分类"),
    "bursts": lambda: _("新冒头的话题"),
    "original": lambda: _("原文"),
    "rejects": lambda: _("导入错误行"),
    "axes": lambda: _("客户为什么会离开"),
    "leaving": lambda: _("流失记录"),
    "point": lambda: _("改进点"),
    "point_route": lambda: _("改进点的去处"),
    "own_model": lambda: _("自己的模型"),
    "coding": lambda: _("双人编码"),
    "calendar": lambda: _("营业日历"),
    "policy": lambda: _("承诺政策"),
    "authority": lambda: _("补偿授权"),
    "cause": lambda: _("原因"),
    "causes": lambda: _("原因"),
    "recurrence": lambda: _("原因又出现"),
    "handover": lambda: _("转交"),
    "handover_minutes": lambda: _("接收时限"),
    "case_rules": lambda: _("立案规则"),
    "assignment": lambda: _("分配"),
    "skills": lambda: _("擅长的主题"),
    "template": lambda: _("口径"),
    "view": lambda: _("承诺台视图"),
    "weighting": lambda: _("加权份额"),
    "model": lambda: _("模型树"),
    "target": lambda: _("目标"),
    "published": lambda: _("公开指数"),
    "checklist": lambda: _("检查表"),
    "inspection": lambda: _("门店检查"),
    "dashboard": lambda: _("看板"),
    "annotation": lambda: _("批注"),
    "promise": lambda: _("承诺"),
    "metric_rule": lambda: _("指标告警"),
    "notices": lambda: _("通知"),
    "notice_account": lambda: _("通道账号"),
    "rota": lambda: _("值班表"),
    "survey": lambda: _("问卷"),
    "key": lambda: _("密钥"),
    "webhook": lambda: _("Webhook"),
    "mailbox": lambda: _("收件邮箱"),
}
FIELDS: dict[str, Word] = {
    "name": lambda: _("名称"),
    "kind": lambda: _("类型"),
    "timezone": lambda: _("时区"),
    "calendar": lambda: _("营业日历"),
    "language": lambda: _("语言"),
    "roles": lambda: _("角色与范围"),
    "absent": lambda: _("在岗与否"),
    "unit": lambda: _("单元"),
    "left": lambda: _("离职与否"),
    "stage": lambda: _("阶段"),
    "owner": lambda: _("负责的单元"),
    "retired": lambda: _("停用与否"),
    "label": lambda: _("叫法"),
    "keywords": lambda: _("关键词"),
    "touchpoint": lambda: _("触点"),
    "offered": lambda: _("列出与否"),
    "channels_off": lambda: _("渠道开关"),
    "query": lambda: _("条件"),
    "role": lambda: _("给谁看"),
    "admins_need_totp": lambda: _("管理员双重验证"),
    "classify_first": lambda: _("先归类"),
    "executives": lambda: _("直达高管"),
    "approval": lambda: _("等你批"),
    "approval_decided": lambda: _("批了没有"),
    "authority": lambda: _("补偿授权"),
    "assigned": lambda: _("交给你"),
    "escalation": lambda: _("快到期与失约"),
    "match": lambda: _("对谁"),
    "clauses": lambda: _("承诺什么"),
    "ladder": lambda: _("谁会知道"),
    "mentioned": lambda: _("提到你"),
    "contact": lambda: _("再联系客户"),
    "holidays": lambda: _("缺节假日"),
    "handover": lambda: _("转交"),
    "recurrence": lambda: _("原因又出现"),
    "daily_most": lambda: _("每人每天最多几条"),
    "assignment": lambda: _("分配"),
    "skills": lambda: _("擅长的主题"),
    "employee_no": lambda: _("工号"),
    "people_stage": lambda: _("阶段"),
    "people_ranked": lambda: _("员工分层排名"),
    "people_rule": lambda: _("写给员工的规则"),
    "appeal": lambda: _("申诉"),
    "points": lambda: _("改进点"),
    "praise": lambda: _("表扬"),
    "metric": lambda: _("指标"),
    "condition": lambda: _("条件"),
    "where": lambda: _("筛选"),
    "grain": lambda: _("多久一期"),
    "by": lambda: _("分到"),
    "budget": lambda: _("每周最多几条"),
    "is_on": lambda: _("启用与否"),
    "baseline": lambda: _("基线"),
    "text": lambda: _("内容"),
    "topic": lambda: _("主题"),
    "widgets": lambda: _("块"),
    "day": lambda: _("日期"),
    "customer": lambda: _("客户"),
    "reference": lambda: _("怎么认得他"),
    "reason": lambda: _("原因"),
    "note": lambda: _("备注"),
    "unmet": lambda: _("什么没有满足"),
    "left_with": lambda: _("问题留给客户了吗"),
    "side": lambda: _("算在哪边"),
    "point_owner": lambda: _("谁的清单"),
    "reach": lambda: _("勿扰、通道、代班"),
}


@dataclass(frozen=True)
class Line:
    """One event in words; `detail` is what was stored, for who must know it exactly."""

    at: datetime
    actor: str
    action: str
    subject: str
    fields: str
    detail: str


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The list with its filters in the URL."""
    get = request.GET
    asked = {name: get.get(name, "").replace("\x00", "").strip()[:80] for name in ("action", "actor", "from", "to")}
    zone = queries.zone(visit.organisation.timezone)
    since, until = _day(asked["from"]), _day(asked["to"])
    filters = Filters(
        action=asked["action"] if asked["action"] in HEADS else "",
        actor=asked["actor"],
        since=datetime(since.year, since.month, since.day, tzinfo=zone) if since else None,
        until=datetime(until.year, until.month, until.day, tzinfo=zone) + timedelta(days=1) if until else None,
    )
    shown = Paginator(audit.events(filters, organisation=visit.organisation.id), PAGE).get_page(get.get("page"))
    query = get.copy()
    query.pop("page", None)
    context = {
        "page": shown,
        "lines": _lines(list(shown.object_list), visit.organisation.id),
        "query": query.urlencode(),
        "asked": asked,
        "heads": [(code, word()) for code, word in HEADS.items()],
        "is_filtered": any(asked.values()),
    }
    return render(request, "settings/audit.html", context)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1990 < found.year < 2200 else None


def _lines(rows: list[AuditEvent], organisation: int) -> list[Line]:
    names = _names(rows, organisation)
    return [
        Line(
            row.at,
            names.get(row.actor, row.actor.removeprefix("user:")),
            ACTIONS[row.action]() if row.action in ACTIONS else row.action,
            names.get(row.subject, row.subject),
            _("、").join(FIELDS[field]() if field in FIELDS else field for field in row.detail.get("fields", [])),
            json.dumps(row.detail, ensure_ascii=False) if row.detail else "",
        )
        for row in rows
    ]


def _names(rows: Iterable[AuditEvent], organisation: int) -> dict[str, str]:
    """Names of the members and invitations the lines speak of, and of those who acted. Two statements."""
    keys = {key for row in rows if (key := _uuid(row.subject))}
    emails = {row.actor.removeprefix("user:") for row in rows if row.actor.startswith("user:")}
    members = Member.objects.filter(organisation_id=organisation).select_related("user")
    found = {str(m.id): m.name for m in members.filter(id__in=keys)}
    found |= {f"user:{m.user.email}": m.name for m in members.filter(user__email__in=emails)}
    invited = Invitation.objects.filter(organisation_id=organisation, id__in=keys)
    return found | {str(row.id): row.email for row in invited}


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
