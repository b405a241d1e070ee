"""Finds personal data in a text: numbers that check out, addresses, and names behind a cue.

Works on the folded text and keeps its case (e-mail, plates). Order, booking and waybill numbers, hotlines and staff
titles are not personal data; how numbers are told apart is in `numbers`. `mask` writes over the spans for readers
without the right to see them.
"""

import re
from collections.abc import Iterable
from functools import cache

from feedback.nlp.lexicon import read_toml, surnames, words_of
from feedback.nlp.numbers import numbers_in
from feedback.nlp.understanding import PersonalData

LABELS = {
    "mobile": "手机号", "phone": "电话号码", "id_card": "身份证号", "passport": "护照号", "bank_card": "银行卡号", "plate": "车牌号", "email": "邮箱",
    "address": "地址", "name": "姓名",
}  # fmt: skip
# digits or numerals: no number that names somebody has fewer, plates aside
_FEWEST = 6
_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,12}")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z][\s·.•\-]{0,2}(?:[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳](?![A-Za-z0-9])|[DF][A-HJ-NP-Z0-9]\d{4}|\d{5}[DF])(?![A-Za-z0-9])",
    re.I,
)
_TW_PLATE = re.compile(
    r"(?:车牌|车号|牌照|plate)[^A-Za-z0-9,。]{0,6}([A-Z]{2,3}-?\d{3,4}|\d{3,4}-?[A-Z]{2,3})(?![A-Za-z0-9])", re.I
)
_REGION = r"(?:[\u4e00-\u9fff]{2,7}?(?:省|自治区))?(?:[\u4e00-\u9fff]{2,6}?[市州盟])?(?:[\u4e00-\u9fff]{1,6}?(?:新区|开发区|区|县|旗|乡|镇|街道))?"
_ROAD = r"[\u4e00-\u9fffA-Za-z0-9]{1,10}?(?:大道|街道|路|街|巷|弄|胡同|里|段|村|花园|小区|公寓|大厦|广场|苑|新村|家园)"
_HOUSE = r"(?:[一二三四五六七八九十东西南北中]{1,2}段)?(?:\d{1,5}巷)?(?:\d{1,5}弄)?[\dA-Za-z一二三四五六七八九十百甲乙丙丁-]{1,7}(?:号院|号楼|号|栋|幢|弄|座|单元|楼|层|室|组|户)"
_UNIT = r"(?:(?:之\d{1,3})|[\s,]?[\u4e00-\u9fff]{0,8}?[\dA-Za-z一二三四五六七八九十-]{1,6}(?:号楼|号|栋|幢|座|单元|楼|层|室|户|f)){0,4}(?:\d{3,4}(?!\d))?"
_ADDRESS = re.compile(
    _REGION + r"(?:[\u4e00-\u9fff]{1,6}?(?:街道|镇|乡))?" + _ROAD + r"(?:[\u4e00-\u9fff]{0,8}?)" + _HOUSE + _UNIT
)
_ADDRESS_CUE = re.compile(r"(?:地址|住址|住在|家住|住|寄到|送到|寄往|收货地址?|位于|我家在|家在)(?:是|为|:|:)?\s*$")
_ADDRESS_LEAD = re.compile(
    r"^.*?(?:收货地址|送货地址|联系地址|家庭地址|家庭住址|地址|住址|住在|家住|寄到|送到|寄往|寄去|发到|我家在|家在|我住|人在|快递到|改成|改为|改到|搬到|从|在|到|往|于)(?:是|为|:|了)?"
)
_NAME_CUE = re.compile(
    r"(?:我叫|我是|我名叫|名叫|姓名|名字(?:叫|是|为)?|本人(?:姓名)?|联系人|收件人|收货人|寄件人|收款人|开户人|户名|户主|持卡人|投保人|被保人|乘客|旅客|乘机人|入住人|入住登记|预订人|预约人|订位人|登记(?:的)?(?:是|为)|患者|病人|就诊人|家属|致电|抬头|署名|投诉人|申请人|本人叫|机主|车主|房主|客户|会员|学员|司机|师傅|医生|大夫|护士|柜员|客服|店员|店长|经理|乘务员|空姐|销售|顾问|骑手|快递员|外卖员|工程师|老师|员工|主任|找|叫|名为|给|请|联系|感谢|表扬|谢谢|我妈|我爸|我老婆|我老公|我女儿|我儿子|我先生|我太太|父亲|母亲|妻子|丈夫|同事|朋友)(?:的)?(?:姓名)?(?:改成|改为|更换为|换成|是|为|叫|名叫)?[\s::,，(「“\"'-]{0,3}$"
)
_STRONG_CUE = re.compile(
    r"(?:我叫|我名叫|姓|写|姓名|名字|名字叫|名字是|本人|联系人|收件人|收货人|寄件人|收款人|开户人|户名|户主|持卡人|乘客|旅客|乘机人|入住人|预订人|预约人|订位人|患者|病人|就诊人|投诉人|申请人|机主|车主|署名|名叫|登记的是|登记为|登记是)(?:的)?(?:姓名)?(?:改成|改为|更换为|换成|是|为|叫)?[\s::,(「“\"'-]{0,3}$"
)
_ENGLISH_NAME = re.compile(
    r"(?:[Mm]y name is|[Nn]ame ?:|[Tt]his is|I am|I'm|[Mm]r\.?|[Mm]rs\.?|[Mm]s\.?|[Dd]r\.?|[Cc]ontact ?:?|[Gg]uest ?:?|[Pp]assenger ?:?|[Pp]atient ?:?|[Rr]egards,|[Ss]incerely,|[Ii]n the name of|[Uu]nder the name(?: of)?|[Nn]amed)\s+((?:[A-Z][a-z'’-]{1,15}\s){1,2}[A-Z][a-z'’-]{1,15})"
)
_HONORIFIC = re.compile(
    r"\s?(?:先生|女士|小姐|同志|老师|医生|大夫|护士|师傅|经理|主任|阿姨|大哥|大姐|本人|店长|客服|柜员|教授|主管|店员|同学|太太|夫人|[(,\s,::]{0,2}(?:电话|手机|身份证|tel|1[3-9]\d{9}))"
)
# A writer who vows or signs with his own name.
_SIGNS = re.compile(r"\s?(?:说到做到|说话算[数话]|说一不二|奉陪|敬上|敬启|谨上|拜上|亲笔|留言|留字|在此(?:声明|郑重|恭候|等))")
_GIVEN = re.compile(r"[\u4e00-\u9fff]{1,2}")
_NOT_GIVEN = frozenset(
    "的了是在有和与跟想要来去买订没不就也都说问被把给让做用看找到很太真从对为但所这那哪什么您你我他她它们吗呢吧啊呀哦啦先女老师医护经主店司客同刚今昨上下已又还再可能会该请办拿取打付退换投反建希联手电号码身份证及或而且因向总才只每个次号楼一二两三四五六七八九十百千元块"
)
_NOT_NAMES = frozenset(words_of(read_toml("names")["not_names"]))


# Family names that are everyday words far more often: only a strong cue makes names of them.
_SELDOM = frozenset("来於但利信幸都那和干能展阴满强权花计连还云开门对位国相容")
# Words that end in a family name.
_WORDS = frozenset(("谢谢", "订单", "运单", "工单", "下单", "保单", "账单", "清单", "面单", "递单"))
_CLAUSE_ENDS = frozenset(" \n,。!?;:，！？；：—…、") | {""}
# Never within a given name, whatever stands before.
_GRAMMAR = frozenset("的了是在有想要来去买订没不就也都说问被把吗呢吧啊们我你您他她它这那什么先女")
_HK_IDENTITY = re.compile(r"(?<![A-Za-z0-9])([A-Z]{1,2})(\d{6})\s?\(?([\dA])\)?(?![A-Za-z0-9])")
_TW_IDENTITY = re.compile(r"(?<![A-Za-z0-9])([A-Z])([12]\d{8})(?![A-Za-z0-9])")
_TW_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def personal_data_in(text: str) -> list[tuple[str, int, int]]:
    """Return (type, start, end) in the folded text `text`, ordered, without overlaps; the surer kind wins."""
    found = _codes(text)
    if any(c.isdigit() for c in text):
        _add(found, _addresses(text))
    _add(found, _names(text))
    return sorted(found, key=lambda item: item[1])


def codes_in(text: str) -> list[tuple[str, int, int]]:
    """As `personal_data_in` without addresses and names: numbers and e-mail addresses, read in no time."""
    return sorted(_codes(text), key=lambda item: item[1])


def may_hold_codes(text: str) -> bool:
    """A quick look at a text as it came: False where `codes_in` finds nothing, but for plates of five digits."""
    return "@" in text or "\uff20" in text or "\ufe6b" in text or sum(c.isnumeric() for c in text) >= _FEWEST


def _codes(text: str) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    if "@" in text:
        _add(found, (("email", m.start(), m.end()) for m in _EMAIL.finditer(text)))
    n_numeric = sum(c.isnumeric() for c in text)
    if n_numeric:
        _add(found, _plates(text))
    if n_numeric >= _FEWEST:
        _add(found, _lettered_identities(text))
        _add(found, numbers_in(text))
    return found


def mask(text: str, spans: Iterable[PersonalData]) -> str:
    """Return `text` with each span replaced by its label in 【】; overlapping spans are written once, as the first."""
    parts: list[str] = []
    at = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if span.start < at:
            at = max(at, span.end)
            continue
        parts.append(f"{text[at : span.start]}【{LABELS[span.type]}】")
        at = span.end
    return "".join(parts) + text[at:]


def _add(found: list[tuple[str, int, int]], more: Iterable[tuple[str, int, int]]) -> None:
    for kind, start, end in more:
        if all(end <= s or start >= e for _, s, e in found):
            found.append((kind, start, end))


def _plates(text: str) -> Iterable[tuple[str, int, int]]:
    for match in _PLATE.finditer(text):
        yield "plate", match.start(), match.end()
    for match in _TW_PLATE.finditer(text):
        yield "plate", match.start(1), match.end(1)


def _lettered_identities(text: str) -> Iterable[tuple[str, int, int]]:
    """Yield Hong Kong and Taiwan identity numbers whose check digit is right."""
    for match in _HK_IDENTITY.finditer(text):
        letters, digits, check = match.groups()
        values = (
            [36] * (2 - len(letters))
            + [ord(c) - 55 for c in letters]
            + [int(d) for d in digits]
            + [10 if check == "A" else int(check)]
        )
        if sum(value * weight for value, weight in zip(values, range(9, 0, -1), strict=True)) % 11 == 0:
            yield "id_card", match.start(), match.end()
    for match in _TW_IDENTITY.finditer(text):
        code = _TW_LETTERS.index(match[1]) + 10
        values = [code // 10, code % 10, *map(int, match[2])]
        if (
            sum(value * weight for value, weight in zip(values, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10
            == 0
        ):
            yield "id_card", match.start(), match.end()


def _addresses(text: str) -> Iterable[tuple[str, int, int]]:
    for match in _ADDRESS.finditer(text):
        start, end = match.start(), match.end()
        lead = _ADDRESS_LEAD.match(match[0])
        if lead and lead.end() < len(match[0]) - 4:
            start += lead.end()
        place = text[start:end]
        detailed = re.search(r"(?:省|市|区|县|镇|乡)", place) is not None
        rooms = len(re.findall(r"\d+(?:号|栋|幢|弄|座|单元|楼|层|室|巷|户)", place))
        cued = lead is not None or _ADDRESS_CUE.search(text[:start]) is not None
        if (detailed and rooms >= 1) or rooms >= 2 or (cued and rooms >= 1):
            yield "address", start, end


def _names(text: str) -> Iterable[tuple[str, int, int]]:
    for match in _ENGLISH_NAME.finditer(text):
        yield "name", match.start(1), match.end(1)
    taken = 0
    for match in _surname_pattern().finditer(text):
        if match.start() >= taken:
            end = _name_end(text, match.start(), len(match[0]))
            if end:
                yield "name", match.start(), end
                taken = end


@cache
def _surname_pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(surnames(), key=lambda name: (-len(name), name))))


def _name_end(text: str, at: int, size: int) -> int | None:
    """Return where a full name beginning at `at` ends, or None when nothing says that it is one."""
    given = _GIVEN.match(text, at + size)
    before = text[max(0, at - 14) : at]
    if (
        not given
        or given[0][0] == text[at]
        or text[at : at + size + 1] in _NOT_NAMES
        or before[-1:] + text[at] in _WORDS
    ):
        return None
    sure = _STRONG_CUE.search(before) is not None
    if given[0][0] in (_GRAMMAR if sure else _NOT_GIVEN):
        return None
    cued = text[at] not in _SELDOM and _NAME_CUE.search(before) is not None
    for length in (2, 1):
        end = at + size + length
        part = given[0][:length]
        open_end = end < len(text) and "\u4e00" <= text[end] <= "\u9fff"
        wrong_second = length == 2 and part[-1] in (_NOT_GIVEN if open_end else _GRAMMAR)
        if len(part) < length or wrong_second or text[at:end] in _NOT_NAMES:
            continue
        bounded = not open_end or text[end] in _NOT_GIVEN
        titled = _HONORIFIC.match(text, end) is not None and (length == 2 or size == 2 or (bounded and cued))
        signed = length == 2 and before[-1:] in _CLAUSE_ENDS and _SIGNS.match(text, end) is not None
        if titled or sure or signed or (bounded and cued and length == 2):
            return end
    return None
