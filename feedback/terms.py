"""Terms: words of 2 to 6 characters as customers say them, and how many counted voices hold one, hour by hour.

Which terms there are is cut from the words with personal data written over. Whether a voice holds a term is plain
containment in its search form, so that the list, asked for the term, shows as many rows as are counted here.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from django.db import connection

from feedback import queries, search
from feedback.heard import HOURS
from feedback.masking import covered, personal
from feedback.nlp import segment
from feedback.queries import Filters
from feedback.search_form import bare_form, search_form

# so many voices of a day are cut into words, the newest
MOST_VOICES = 20_000
# so many voices that hold a term are told apart by day and hour
MOST_HELD = 10_000
HAN = 6
LATIN = 20
# the words are cut by these rules; a day read by others is read anew
READING = 1
# of two terms that touch, said by so much the same voices, one says it
SAME = 0.8

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]{1,6}")
_LATIN = re.compile(f"[a-z]{{3,{LATIN}}}")
_NUMBER = re.compile("[零一二两三四五六七八九十百千万第几多半个次天年月日号点分秒时元块钱]+")
# words that say nothing by themselves: no term, and none begins, ends or goes on through them
_EMPTY_WORDS = (
    "的 了 是 我 你 他 她 它 们 在 就 也 都 不 很 有 这 那 个 和 跟 与 给 让 被 把 对 从 到 去 来 会 能 要 想 说 还 又 再 没 太 真 好 吗 呢 吧 啊 呀 哦 嗯 哈"
    " 等 着 过 得 地 之 其 而 但 或 及 为 以 于 用 做 看 买 吃 上 下 里 外 前 后 中 多 少 才 只 已 最 更 非 请 您 每 各 该 如 若 则 因 所 并 且 向 往 比 像 叫 问 人"
    " 我们 你们 他们 她们 自己 大家 别人 这个 那个 这些 那些 这里 那里 这样 那样 这么 那么 什么 怎么 怎样 为什么 哪里 哪个 谁 没有 不是 还是 就是 都是 只是 但是 可是"
    " 不过 因为 所以 如果 虽然 而且 或者 以及 然后 已经 一直 一个 一下 一点 一次 有点 有些 一些 一样 可以 可能 应该 需要 觉得 感觉 知道 希望 时候 现在 今天 昨天 明天"
    " 之前 之后 以后 以前 刚刚 马上 非常 特别 真的 比较 十分 更加 还有 其他 另外 不能 不会 不要 不好 不到 不了 起来 出来 进去 下来 过来 回来 东西 事情 问题 情况 谢谢 你好 看到 看见 见到 发现 听到 听说 遇到 碰到"
    " the and for was were are you your our they them this that with have has had not but very too from what when which there here just been will would can could"
    " all out one get got did does its his her she him who how why than then some any more most about into over only also"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
FROM_DAY = """
    from feedback_feedback f
    join feedback_analysis a on a.organisation_id = f.organisation_id and a.feedback_id = f.id and a.is_current
    cross join lateral (select (f.occurred_at at time zone %s)::date, extract(hour from f.occurred_at at time zone %s)::int) as at(day, hour)
    where f.organisation_id = %s and f.occurred_at >= %s and f.occurred_at < %s and f.local_day = %s
      and f.deleted_at is null and f.excluded_at is null and f.text <> ''
"""
HOUR = "case when at.day < f.local_day then 0 when at.day > f.local_day then 23 else at.hour end"
OF_DAY = f"select f.text, a.pii::text, {HOUR} {FROM_DAY} order by f.occurred_at desc, f.id desc limit %s"
VOLUME = f"select {HOUR}, count(*) {FROM_DAY} group by 1"
BY_HOUR = f"""
    select f.local_day, {HOUR}, count(*)
    from feedback_feedback f
    cross join lateral (select (f.occurred_at at time zone %s)::date, extract(hour from f.occurred_at at time zone %s)::int) as at(day, hour)
    where f.organisation_id = %s and f.id = any(%s::uuid[]) group by 1, 2
"""


@dataclass(frozen=True)
class Spoken:
    """The voices of a day that are read. forms: as the search holds them, bare: their forms with * over personal data; hours: 0..23 each.

    is_capped: there were more than are read.
    """

    forms: list[str]
    bare: list[str]
    hours: list[int]
    is_capped: bool = False


def of_day(day: date, *, organisation: int, zone: str, most: int = MOST_VOICES) -> Spoken:
    """The counted voices with words of a local day, the newest `most`."""
    with connection.cursor() as cursor:
        cursor.execute(OF_DAY, [*_day(day, organisation, zone), most + 1])
        rows = cursor.fetchall()
    kept = rows[:most]
    read = [(text, personal(text, json.loads(pii))) for text, pii, _ in kept]
    forms = [bare_form(text, [(span.start, span.end) for span in spans]) for text, spans in read]
    bare = [search_form(covered(text, json.loads(pii))) for text, pii, _ in kept]
    return Spoken(forms, bare, [int(hour) for *_, hour in kept], len(rows) > most)


def volume(day: date, *, organisation: int, zone: str) -> list[int]:
    """How many counted voices have words, by hour."""
    found = [0] * HOURS
    with connection.cursor() as cursor:
        cursor.execute(VOLUME, _day(day, organisation, zone))
        for hour, n in cursor.fetchall():
            found[int(hour)] = int(n)
    return found


def _day(day: date, organisation: int, zone: str) -> list[int | str | date]:
    around = timedelta(days=1)
    begin, end = (datetime.combine(at, time(), tzinfo=UTC) for at in (day - around, day + 2 * around))
    return [zone, zone, organisation, begin, end, day]


def by_hour(term: str, *, organisation: int, from_date: date, to_date: date, zone: str) -> dict[date, list[int]] | None:
    """Counted voices that hold the term, by local day and hour, as the list finds them; None where there are too many to be told apart."""
    filters = Filters(q=f'"{term}"', from_date=from_date, to_date=to_date)
    rows = queries.voices(filters, organisation=organisation).filter(excluded_at__isnull=True)
    held = search.within(rows, filters, organisation=organisation, most=MOST_HELD)
    if held.has_more or held.looked_until is not None:
        return None
    found: dict[date, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(BY_HOUR, [zone, zone, organisation, [str(key) for key in held.ids]])
        for day, hour, n in cursor.fetchall():
            found.setdefault(day, [0] * HOURS)[int(hour)] = int(n)
    return found


def holders(spoken: Spoken, *, least: int, also: Sequence[str] = ()) -> dict[str, set[int]]:
    """Terms that `least` voices hold, and `also` whatever holds them, with the places of those voices. Pure."""
    said = Counter(term for words in segment(spoken.bare) for term in set(_terms(words)))
    wanted = {term for term, n in said.items() if n >= least}
    pairs = _pairs_of(spoken.forms, {pair for term in (*wanted, *also) for pair in _pairs(term)})
    return {term: _holding(term, spoken.forms, pairs) for term in (*wanted, *also)}


def hours_of(voices: set[int], spoken: Spoken) -> list[int]:
    """So many of the voices by hour. Pure."""
    found = [0] * HOURS
    for place in voices:
        found[spoken.hours[place]] += 1
    return found


def _holding(term: str, forms: Sequence[str], pairs: Mapping[str, set[int]]) -> set[int]:
    near = set.intersection(*(pairs.get(pair, set()) for pair in _pairs(term)))
    return near if len(term) == 2 else {place for place in near if term in forms[place]}


def _pairs(term: str) -> list[str]:
    return [a + b for a, b in pairwise(term)]


def _pairs_of(forms: Sequence[str], wanted: set[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {pair: set() for pair in wanted}
    for place, form in enumerate(forms):
        for pair in set(map("".join, pairwise(form))) & wanted:
            found[pair].add(place)
    return found


def _terms(words: Sequence[str]) -> Iterator[str]:
    """The words, and Chinese ones that follow each other as one: a new name is cut into the old words it is made of."""
    for at, word in enumerate(words):
        if _LATIN.fullmatch(word) and word not in _EMPTY:
            yield word
        whole = ""
        for part in words[at:]:
            if part in _EMPTY or not _HAN.fullmatch(part) or _NUMBER.fullmatch(part) or len(whole) + len(part) > HAN:
                break
            whole += part
            if len(whole) > 1:
                yield whole


def longest(terms: Sequence[str], voices: Mapping[str, set[int]], told: Sequence[str] = ()) -> list[str]:
    """Of terms that touch in the text and are said by the same voices the longest, in the order given; none that one already told says. Pure."""
    kept: list[str] = []
    for term in sorted(terms, key=lambda term: (-len(term), -len(voices[term]), term)):
        if not any(_touch(term, other) and _alike(voices[term], voices[other]) for other in kept) and not any(
            _touch(term, other) and len(voices[term] & voices[other]) >= len(voices[term]) / 2 for other in told
        ):
            kept.append(term)
    return [term for term in terms if term in set(kept)]


def _alike(a: set[int], b: set[int]) -> bool:
    return len(a & b) >= SAME * len(a | b)


def _touch(a: str, b: str) -> bool:
    """One holds the other, or the end of one is the beginning of the other."""
    if a in b or b in a:
        return True
    return any(a[-n:] == b[:n] or b[-n:] == a[:n] for n in range(1, min(len(a), len(b))))
