"""How spans, promises and moves are said on the pages, in the active language. Called by views and template tags.

Seconds in, words out; what a promise *is* stays with `complaints`.
"""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from complaints.assignment import Reason
from complaints.models import Clock
from tenancy.enums import Channel

MINUTE, HOUR, DAY = 60, 3600, 86_400


def p_value(p: float | None) -> str:
    """A test's p as statisticians print it: three digits where they matter, never zero."""
    if p is None:
        return ""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.01 else f"p = {p:.2f}"


def span(seconds: float, *, up: bool = False) -> str:
    """A span in its two largest units: 42 秒, 19 分, 1 小时 19 分, 3 天 4 小时. `up` rounds a started minute up."""
    whole = max(0, int(seconds))
    if whole < MINUTE and not up:
        return _("%(n)d 秒") % {"n": whole}
    minutes = -(-whole // MINUTE) if up else whole // MINUTE
    if minutes < 60:
        return _("%(n)d 分") % {"n": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        if not minutes:
            return _("%(n)d 小时") % {"n": hours}
        return _("%(h)d 小时 %(m)d 分") % {"h": hours, "m": minutes}
    days, hours = divmod(hours, 24)
    if not hours:
        return ngettext("%(n)d 天", "%(n)d 天", days) % {"n": days}
    return _("%(d)d 天 %(h)d 小时") % {"d": days, "h": hours}


def digits(seconds: float) -> str:
    """A span as a running watch: 18:42, 1:18:42."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, HOUR)
    minutes, second = divmod(rest, MINUTE)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"


PROMISES: dict[str, Callable[[], str]] = {
    "first_response": lambda: _("%(target)s回应"),
    "reconstruction": lambda: _("%(target)s还原"),
    "solution": lambda: _("%(target)s方案"),
    "resolution": lambda: _("%(target)s解决"),
    "visit": lambda: _("%(target)s上门"),
}


def promise(kind: str, target_seconds: int, *, is_met: bool = False) -> str:
    """A promise by its name as customers know it: 1 小时还原, 2 小时方案, 直达高管, 反思."""
    if kind == "notify":
        return _("已直达高管") if is_met else _("直达高管")
    if kind == "reflection":
        return _("反思")
    if kind not in PROMISES:
        return kind
    return PROMISES[kind]() % {"target": span(target_seconds)}


def promise_of(clock: Clock, target_seconds: int, *, is_met: bool = False) -> str:
    """What a clock promises: the policy's own words for the customer, else its kind's in the reader's language."""
    return clock.promise or promise(clock.kind, target_seconds, is_met=is_met)


MOVES: dict[str, Callable[[], str]] = {
    "opened": lambda: _("登记"),
    "assign": lambda: _("指派"),
    "note": lambda: _("内部备注"),
    "reply": lambda: _("回复客户"),
    "reconstruct": lambda: _("还原签字"),
    "correct": lambda: _("更正还原"),
    "visit": lambda: _("上门"),
    "contact": lambda: _("联系客户"),
    "propose": lambda: _("提出方案"),
    "ask": lambda: _("请批准方案"),
    "approve": lambda: _("批准方案"),
    "refuse": lambda: _("不批方案"),
    "rate": lambda: _("客户评分"),
    "accept": lambda: _("客户接受"),
    "decline": lambda: _("客户不满意"),
    "hold": lambda: _("暂停"),
    "resume": lambda: _("恢复计时"),
    "resolve": lambda: _("标为已解决"),
    "reopen": lambda: _("重开"),
    "reflect": lambda: _("反思"),
    "close": lambda: _("关闭"),
    "change_severity": lambda: _("改严重度"),
    "excuse": lambda: _("免责"),
    "unexcuse": lambda: _("撤回免责"),
    "extend": lambda: _("延长时限"),
    "repolicy": lambda: _("换用新的承诺"),
    "own": lambda: _("我来负责"),
    "duplicate": lambda: _("并为重复"),
    "unduplicate": lambda: _("撤销合并"),
    "join_incident": lambda: _("并入群体事件"),
    "leave_incident": lambda: _("拿出群体事件"),
    "split": lambda: _("拆成两宗"),
    "linked": lambda: _("关联"),
    "hand_over": lambda: _("转交部门"),
    "accept_handover": lambda: _("部门接手"),
    "refuse_handover": lambda: _("部门退回"),
    "withdraw_handover": lambda: _("收回转交"),
    "unassign": lambda: _("收回指派"),
    "unclose": lambda: _("撤回关闭"),
    "message": lambda: _("客户来信"),
    "notified": lambda: _("已送达高管"),
}


def move(kind: str) -> str:
    """A move's name in the active language."""
    return MOVES[kind]() if kind in MOVES else kind


WHY: dict[str, Callable[[Reason], str]] = {
    "absent": lambda reason: _("%(who)s 缺勤") % {"who": reason.who},
    "nobody": lambda reason: _("没有在岗的人能接"),
    "unit": lambda reason: _("负责本单元"),
    "above": lambda reason: _("本单元没有在岗的人，往上 %(n)d 级") % {"n": reason.n},
    "skill": lambda reason: _("擅长这个主题"),
    "only": lambda reason: _("只有他"),
    "load": lambda reason: _("在办 %(n)d 宗，最轻") % {"n": reason.n},
    "turn": lambda reason: _("在办 %(n)d 宗，轮到他") % {"n": reason.n},
}


def why(reasons: Sequence[Reason]) -> str:
    """Why somebody was chosen, in one line."""
    return _("，").join(WHY[reason.code](reason) for reason in reasons if reason.code in WHY)


def channel(code: str) -> str:
    """What a channel is called."""
    return str(Channel(code).label) if code in Channel.values else code


def without(dimension: str) -> str:
    """What rows without a value of a dimension are called."""
    said = {"unit": _("没有单元"), "tier": _("没有等级"), "touchpoint": _("没有触点"), "channel": _("没有渠道")}
    return said.get(dimension, "–")
