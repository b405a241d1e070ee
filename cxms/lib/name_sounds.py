"""Names as they sound: what a person types on a Latin keyboard for 陈晓明. Pure; names, never sentences (see `pinyin`).

A name is found by its beginning in full pinyin (chenxiaom) or in initials (cxm). Surnames with a sound of their own are
read as surnames.
"""

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

# surnames read otherwise than the character is in words (单 shàn, not dān)
_SURNAMES = {
    "单": "shan", "單": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "朴": "piao", "区": "ou", "區": "ou", "盖": "ge",
    "翟": "zhai", "尉迟": "yu chi", "万俟": "mo qi", "冼": "xian", "任": "ren", "缪": "miao", "繆": "miao", "乐": "yue", "樂": "yue",
    "种": "chong", "秘": "bi", "折": "she", "黑": "he", "宓": "mi", "逄": "pang", "长孙": "zhang sun",
}  # fmt: skip
_LETTERS = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=20_000)
def keys(name: str, *, is_person: bool = True) -> str:
    """Full pinyin and initials of a name, each after a blank: 陈晓明 → " chenxiaoming cxm"; "" for a name without letters."""
    name, syllables = name.strip().lower(), []
    for surname, sound in _SURNAMES.items():
        if is_person and name.startswith(surname):
            syllables, name = sound.split(), name[len(surname) :]
            break
    for part in lazy_pinyin(name, style=Style.NORMAL, v_to_u=False):
        syllables += _LETTERS.findall(part)
    if not syllables:
        return ""
    full, initials = "".join(syllables), "".join(part[0] for part in syllables)
    return f" {full}" if full == initials else f" {full} {initials}"


def asked(query: str) -> str:
    """A query as `keys` is looked through with: " chenx" for “Chen X”; "" when it is no Latin word of two letters."""
    letters = "".join(query.lower().split()).replace("'", "")
    return f" {letters}" if len(letters) >= 2 and letters.isascii() and letters.isalpha() else ""
