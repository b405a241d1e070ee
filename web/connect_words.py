"""How the outward links are said: events, scopes, followers, reasons of failure, in the active language."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

Word = Callable[[], str]

FACTS: Mapping[str, Word] = {
    "feedback.received": lambda: _("收到反馈（一批）"),
    "feedback.analysed": lambda: _("反馈分析完成（一批）"),
    "feedback.excluded": lambda: _("反馈被排除"),
    "feedback.included": lambda: _("反馈恢复计入"),
    "feedback.deleted": lambda: _("反馈被删除"),
    "complaint.opened": lambda: _("投诉开立"),
    "complaint.moved": lambda: _("投诉有动作"),
    "promise.escalated": lambda: _("承诺升级"),
    "promise.breached": lambda: _("承诺失约"),
    "promise.met": lambda: _("承诺守约"),
    "customer.created": lambda: _("客户建立"),
    "customer.updated": lambda: _("客户更新"),
    "survey.answered": lambda: _("问卷有回答"),
    "action.moved": lambda: _("行动有进展"),
    "action.checked": lambda: _("行动有结论"),
    "report.issued": lambda: _("周报发出"),
    "metric.alerted": lambda: _("指标提醒"),
}
SCOPES: Mapping[str, Word] = {
    "feedback:read": lambda: _("读取反馈"),
    "feedback:write": lambda: _("写入、排除、删除反馈"),
    "originals:read": lambda: _("读取未遮盖的原文"),
    "complaints:read": lambda: _("读取投诉和承诺"),
    "complaints:write": lambda: _("提交投诉、推进动作"),
    "customers:read": lambda: _("读取客户"),
    "customers:write": lambda: _("写入客户"),
    "events:write": lambda: _("写入订单、到店等事件"),
    "changes:read": lambda: _("读取变更流"),
    "metrics:read": lambda: _("读取指标"),
    "metrics:raw": lambda: _("读取不足 5 人也不隐藏的指标"),
    "calendars:write": lambda: _("修改营业日历"),
    "policies:write": lambda: _("修改承诺政策"),
    "webhooks:write": lambda: _("管理 Webhook"),
    "targets:write": lambda: _("设定与撤回目标"),
    "taxonomy:write": lambda: _("改主题分类"),
    "privacy:write": lambda: _("执行个人信息请求"),
    "backdate": lambda: _("补录过去的时间"),
}
FOLLOWERS: Mapping[str, Word] = {
    "feedback.tasks.analyse_received": lambda: _("文本分析"),
    "complaints.tasks.judge_analysed": lambda: _("判断是否投诉并开立"),
    "complaints.tasks.notice_accepted": lambda: _("记录已送达高管"),
    "alerts.tasks.complaint_opened": lambda: _("通知高管"),
    "alerts.tasks.complaint_moved": lambda: _("通知负责人"),
    "alerts.tasks.promise_escalated": lambda: _("逐级通知"),
    "alerts.tasks.deliver": lambda: _("送出通知"),
    "alerts.tasks.lost": lambda: _("告诉运维：没有人可以通知"),
    "alerts.tasks.praised": lambda: _("把表扬告诉本人"),
    "integrations.tasks.fan_out": lambda: _("为 Webhook 排队"),
    "integrations.tasks.warn": lambda: _("提醒管理员"),
    "integrations.tasks.mail": lambda: _("寄出提醒"),
}
FAILURES: Mapping[str, Word] = {
    "exhausted": lambda: _("多次重试都没有完成"),
    "refused": lambda: _("对方明确拒收"),
    "settings": lambda: _("我们的设置有误"),
    "bug": lambda: _("程序出错"),
    "passing": lambda: _("暂时的故障"),
}


def fact(kind: str) -> str:
    """An event's name; its code where it has none."""
    return FACTS[kind]() if kind in FACTS else kind


def scope(name: str) -> str:
    """What a scope permits."""
    return SCOPES[name]() if name in SCOPES else name


def follower(path: str) -> str:
    """What a follower does."""
    return FOLLOWERS[path]() if path in FOLLOWERS else path


def failure(name: str) -> str:
    """Why it was given up."""
    return FAILURES[name]() if name in FAILURES else name
