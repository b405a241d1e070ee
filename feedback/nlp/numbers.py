"""Numbers in a text that reach or name a person: mobiles, landlines, identity numbers, cards, passports.

A number of an order, a booking or a parcel is nobody's: it stands right behind its word, with nothing between but “号”,
“编号”, “是”, a colon and the like. A number in Chinese numerals (一三八…) is read as its digits. Works on folded text.
"""

import re
from collections.abc import Iterable, Iterator

from stdnum import luhn
from stdnum.iso7064 import mod_11_2

Found = tuple[str, int, int]

_NUMERALS = "〇○零一二三四五六七八九幺壹贰叁参肆伍陆柒捌玖"
_DIGITS = str.maketrans(_NUMERALS, "00012345678911233456789")
# between two digits: blanks, points, hyphens, and what turns a digit into a key in a picture
_GAP = r"[\s.()\-\ufe0f\u20e3]{0,2}"
_NUMBER = re.compile(rf"\+?\(?\d(?:{_GAP}\d){{6,21}}[Xx]?(?![A-Za-z])")
_WRITTEN = re.compile(rf"[{_NUMERALS}\d](?:[\s.\-]?[{_NUMERALS}\d]){{10,21}}[Xx]?")
_MAINLAND = re.compile(r"(?:0{0,2}86)?(1[3-9]\d{9})")
_TAIWAN = re.compile(r"(?:(?:00)?886)?0?(9\d{8})")
_HONG_KONG = re.compile(r"(?:00)?852([4-9]\d{7})")
_LOCAL_HK = re.compile(r"[5679]\d{7}")
# an area code set off from the number of the line; without that, only behind a word for telephones
_LANDLINE = re.compile(r"(?:\(0(?:10|2\d|[3-9]\d{2})\)\s?|0(?:10|2\d|[3-9]\d{2})[\s-]{1,2})[2-9]\d{2,3}[\s-]?\d{4}|\(0[2-8]\)\s?\d{3,4}[\s-]?\d{4}")
_PLAIN_LANDLINE = re.compile(r"0(?:10|2\d)[2-9]\d{7}|0[3-9]\d{2}[2-9]\d{6,7}")
_PHONE_CUE = re.compile(
    r"(?:电话|手机|联系|致电|来电|号码|打|拨|whatsapp|tel|phone|mobile|call|contact|微信|香港)[^\d]{0,8}$", re.I
)
_LINE_CUE = re.compile(r"(?:电话|座机|固话|致电|来电|拨打|拨|tel|phone|call)(?:号码|号)?[是为::\s]{0,3}$", re.I)
# cards of UnionPay are taken at their word: some fail the check digit, and people mistype them
_UNION_CARD = re.compile(r"62\d{14,17}")
_CARD_CUE = re.compile(r"(?:卡|卡号|账号|帐号|账户|帐户|card)(?:号码|号|no\.?|number)?[是为::\s]{0,3}$", re.I)
_ORDER_CUE = re.compile(
    r"(?:订单|单号|运单|编号|票号|工单|流水|快递单|快递号|预约号|订位|确认号|(?<![a-z])(?:orders?|bookings?|waybill|tracking|ref|reference))"
    r"(?:号码|编号|单号|代号|号|是|为|:|：|\s|numbers?|no\.?|code|id|is|#|№)*$",
    re.I,
)
_PASSPORT = re.compile(
    r"(?:护照|通行证|台胞证|回乡证|passport)(?:号码|号|编号|\s?no\.?|\s?number)?(?:是|为|is|[::#\s]){0,4}([A-Z]{0,2}\d{7,9})(?![A-Za-z0-9])", re.I
)
# 加V138…, wx138…: letters that say where he is reached
_LED = re.compile(
    r"(?<![A-Za-z0-9])(?:vx?|wx|wechat|weixin|whatsapp|tel|phone|mobile|mob|call|qq|p|t|m)[\s:._-]{0,2}(1[3-9]\d[\s-]?\d{4}[\s-]?\d{4})(?!\d)", re.I
)
# 138…abc: letters after the eleven digits, no digits after those: else it is a code
_TAILED = re.compile(r"(?<![A-Za-z0-9_.-])(1[3-9]\d{9})(?=[A-Za-z]{1,12}(?![A-Za-z0-9]))")
# a whole number within a row of digits and signs, the plainest form first
_WHOLE = re.compile(
    r"(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!-?\d)|(?<!\d)(?:\(0\d{1,3}\)\s?|0\d{2,3}[\s-]{1,2})\d{3,4}[\s-]?\d{4}(?!-?\d)"
    r"|(?<!\d)\d{4}\s\d{4}\s\d{4}\s\d{4}(?:\s\d{1,3})?(?!\d)|[\d+()Xx-]{8,}"
)
_BEFORE = 24  # characters before a number that may say what it is


def numbers_in(text: str) -> Iterator[Found]:
    """Yield (type, start, end) in the folded text; spans may overlap, the surer comes first."""
    for pattern, kind in ((_PASSPORT, "passport"), (_LED, "mobile"), (_TAILED, "mobile")):
        for match in pattern.finditer(text):
            if kind == "passport" or not _ORDER_CUE.search(_before(text, match.start(1))):
                yield kind, match.start(1), match.end(1)
    yield from _plain(text)
    yield from _in_numerals(text)


def _plain(text: str) -> Iterator[Found]:
    for match in _NUMBER.finditer(text):
        start = match.start()
        if start and text[start - 1].isascii() and text[start - 1].isalnum():
            continue
        kind = _kind_of(match[0], _before(text, start))
        if kind:
            yield kind, start + (1 if match[0][0] == "(" and ")" not in match[0] else 0), match.end()
        else:
            yield from _pieces(match, text)


def _in_numerals(text: str) -> Iterator[Found]:
    """Numbers of which at least a part is written in Chinese numerals; 一 before or behind one is often only a word."""
    for match in _WRITTEN.finditer(text):
        if match[0].translate(_DIGITS) == match[0]:
            continue
        places = [match.start() + at for at, c in enumerate(match[0]) if c.isalnum() or c == "○"]
        digits = "".join(text[at] for at in places).translate(_DIGITS).upper()
        if _is_identity_number(digits[:18]):
            yield "id_card", places[0], places[17] + 1
            continue
        for first in sorted({0, len(digits) - 11}):
            start = places[first]
            if _MAINLAND.fullmatch(digits[first : first + 11]) and not _ORDER_CUE.search(_before(text, start)):
                yield "mobile", start, places[first + 10] + 1
                break


def _pieces(match: re.Match[str], text: str) -> Iterable[Found]:
    """Look for a whole number among blank-separated groups, as in '18000元 13800138000' or '139 1234 5678 3'."""
    for piece in _WHOLE.finditer(match[0]):
        if piece[0] == match[0]:
            return
        start = match.start() + piece.start()
        kind = _kind_of(piece[0], _before(text, start))
        if kind:
            yield kind, start, match.start() + piece.end()


def _before(text: str, at: int) -> str:
    return text[max(0, at - _BEFORE) : at]


def _kind_of(written: str, before: str) -> str | None:
    """What a number is, by its digits and the words before it; None for a number that is nobody's."""
    digits = re.sub(r"[^\dXx]", "", written).upper()
    if not digits.isascii():
        digits = "".join(str(int(c)) if c.isdigit() else c for c in digits)
    if _is_identity_number(digits):
        return "id_card"
    kind = _kind_by_form(written, digits, before) if digits.isdigit() else None
    return None if kind and _ORDER_CUE.search(before) else kind


def _kind_by_form(written: str, digits: str, before: str) -> str | None:
    if _MAINLAND.fullmatch(digits):
        return "mobile"
    if 13 <= len(digits) <= 19 and digits[0] in "3456" and luhn.is_valid(digits):
        return "bank_card"
    if _UNION_CARD.fullmatch(digits) and _CARD_CUE.search(before):
        return "bank_card"
    if _HONG_KONG.fullmatch(digits) or (_TAIWAN.fullmatch(digits) and digits.startswith(("09", "886", "00886"))):
        return "mobile"
    if _LOCAL_HK.fullmatch(digits) and _PHONE_CUE.search(before):
        return "mobile"
    if _LANDLINE.fullmatch(written) or _PLAIN_LANDLINE.fullmatch(digits) and _LINE_CUE.search(before):
        return "phone"
    return None


def _is_identity_number(digits: str) -> bool:
    """Check the birth date and the check digit (ISO 7064 MOD 11-2), not the region: regions come and go."""
    if not re.fullmatch(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", digits):
        return False
    return mod_11_2.is_valid(digits)
