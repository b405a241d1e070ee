"""Pinyin initials of Chinese text, by the order of the common characters in GB 2312. Pure, no dictionary.

The 3,755 characters of the standard's first level are sorted by pinyin, so a character's place tells its first letter.
Rarer characters give nothing; one with two readings gives the one it is sorted by.
"""

from bisect import bisect_right

LETTERS = "abcdefghjklmnopqrstwxyz"
# the first code of each letter
FIRST = (
    0xB0A1, 0xB0C5, 0xB2C1, 0xB4EE, 0xB6EA, 0xB7A2, 0xB8C1, 0xB9FE, 0xBBF7, 0xBFA6, 0xC0AC, 0xC2E8, 0xC4C3, 0xC5B6,
    0xC5BE, 0xC6DA, 0xC8BB, 0xC8F6, 0xCBFA, 0xCDDA, 0xCEF4, 0xD1B9, 0xD4D1,
)  # fmt: skip
LAST = 0xD7F9


def initial(character: str) -> str:
    """The letter a character is found by: its pinyin initial, itself when it is a letter or digit, else nothing."""
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    try:
        high, low = character.encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return ""
    code = high << 8 | low
    return LETTERS[bisect_right(FIRST, code) - 1] if FIRST[0] <= code <= LAST else ""


def initials(text: str) -> str:
    """The initials of a text: 退款已办 → tkyb."""
    return "".join(initial(character) for character in text)
