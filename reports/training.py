"""What to practise, topic by topic: a suggestion for each topic that one person at the counter can do something about.

Topics of the house such as prices or stock have none: a figure of a person is no judgement on them.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PRACTICE: dict[str, Promise | str] = {
    "staff_attitude": _("和同事对练三段：先听完，再复述，最后才解释"),
    "staff_skill": _("挑两个最常被问倒的问题，请老师傅演示一遍，再自己讲一遍"),
    "information": _("把常变的信息写成一张小卡，开口前先核对"),
    "waiting_time": _("忙的时候先抬头说一句还要多久，再继续手里的事"),
    "after_sales": _("走一遍售后流程：当场说清下一步、谁来做、几点回话"),
    "refund": _("对着退款规则练三种情形，能当场定的当场定"),
    "reservation": _("复述预约的时间、人数和要求，请客户确认"),
    "billing": _("结账前逐项念一遍，再收款"),
    "app_usability": _("陪客户在手机上走一遍，而不是替他点"),
    "hygiene": _("交接时按清单看一遍自己的台面"),
}
