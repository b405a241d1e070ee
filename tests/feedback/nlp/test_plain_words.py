"""What plain sentences mean: tables of our own, held out from the training sentences."""

import csv
from pathlib import Path

import pytest

from cxms.demo import phrases
from feedback.nlp import Understanding, fold, understand
from feedback.nlp.training.corpora import sentences

_HERE = Path(__file__).parent
_FILL = {"model": "X20", "days": "五天", "sum": "300 元"}


def table(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


DEMO, PLAIN = table("demo_phrases.tsv"), table("plain_sentences.tsv")


@pytest.fixture(scope="module")
def demo() -> list[Understanding]:
    return understand([row["text"].format(**_FILL) for row in DEMO])


def wrong(name: str, found: list[Understanding]) -> list[tuple[str, str]]:
    """Return the texts whose kind or feeling is none of those expected, with what was heard."""
    heard = [one.kind if name == "kind" else one.sentiment_label for one in found]
    return [(row["text"], said) for row, said in zip(DEMO, heard, strict=True) if said not in row[name].split("|")]


def test_demo_phrases_have_the_right_kind_and_feeling(demo: list[Understanding]) -> None:
    assert len(wrong("kind", demo)) <= len(DEMO) * 0.05, wrong("kind", demo)
    assert len(wrong("feeling", demo)) <= len(DEMO) * 0.05, wrong("feeling", demo)


def test_demo_phrases_have_the_right_topic(demo: list[Understanding]) -> None:
    rows = [(row, {m.code for m in one.topics}) for row, one in zip(DEMO, demo, strict=True) if row["topics"]]
    missed = [(row["text"], found) for row, found in rows if not found & set(row["topics"].split("|"))]
    assert len(missed) <= len(rows) * 0.15, missed


def test_demo_phrases_name_skill_and_safety_only_where_told(demo: list[Understanding]) -> None:
    found = [(row, {m.code for m in one.topics} & {"staff_skill", "safety"}) for row, one in zip(DEMO, demo, strict=True)]
    loose = [row["text"] for row, codes in found if not codes <= set(row["topics"].split("|"))]
    assert len(loose) <= 2, loose  # a second topic may be argued about: another voice on the phone each time


def test_demo_phrases_draw_hardly_a_red_line_but_the_smoke(demo: list[Understanding]) -> None:
    """Recall comes first: one false alarm in eighty is borne."""
    drawn = [row["text"][:9] for row, one in zip(DEMO, demo, strict=True) if one.red_line]
    assert "充电器充电时冒烟，" in drawn and len(drawn) <= 2, drawn


def test_the_table_covers_the_demo() -> None:
    known = {row["text"] for row in DEMO}
    said = [text for bank in (phrases.BAD, phrases.GOOD) for texts in bank.values() for text in texts]
    said += [*phrases.PLAIN, *(case[1] for case in phrases.LIVE)]
    assert len([text for text in said if text in known]) >= len(said) * 0.9


def test_plain_sentences_of_nine_trades_have_the_right_kind() -> None:
    trained = {fold(row.text) for row in sentences()}
    assert len(PLAIN) >= 150
    assert not trained & {fold(row["text"]) for row in [*PLAIN, *DEMO]}
    found = understand([row["text"] for row in PLAIN])
    missed = [(row["text"], one.kind) for row, one in zip(PLAIN, found, strict=True) if row["kind"] != one.kind]
    assert len(missed) <= len(PLAIN) * 0.1, missed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("第1单：", ""),
        ("", "第12单"),
        ("", "，订单号20261103001"),
        ("订单号 A20261103001，", ""),
        ("2026-11-02，", ""),
        ("", " 2026年11月2日"),
        ("【工单 88213】", ""),
    ],
)
def test_numbers_around_a_text_never_turn_its_kind(before: str, after: str) -> None:
    texts = [row["text"].format(**_FILL) for row in [*DEMO, *PLAIN]]
    bare, dressed = understand(texts), understand([before + text + after for text in texts])
    assert [(t, b.kind) for t, b in zip(texts, bare, strict=True)] == [
        (t, d.kind) for t, d in zip(texts, dressed, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "kind", "feeling", "urgency"),
    [
        ("第1单：电池坏了，要投诉，马上退款！", "complaint", "negative", 2),
        ("换了电池还是坏的，气死我了，我要投诉，马上退款！第1单", "complaint", "negative", 2),
        ("要求马上解决", "complaint", "negative", 2),
        ("投诉！", "complaint", "negative", 2),
        ("我不是来投诉的，你们的服务很好", "praise", "positive", 0),
        ("投诉之后很快就解决了，谢谢", "praise", "positive", 0),
        ("请问怎么投诉？", "enquiry", "neutral", 0),
        ("退货没有为难，第二天钱就到账了。", "praise", "positive", 0),
        ("不像别家那样推销，逛得很舒服", "praise", "positive", 0),
    ],
)
def test_acts_decide(text: str, kind: str, feeling: str, urgency: int) -> None:
    (one,) = understand([text])
    assert (one.kind, one.sentiment_label, one.urgency, one.red_line) == (kind, feeling, urgency, False)


@pytest.mark.parametrize("idiom", ["气死我了", "笑死", "吓死人了", "累死了", "热死了", "饿死了", "烦死了"])
def test_idioms_are_not_death(idiom: str) -> None:
    (one,) = understand([f"换了电池还是坏的，{idiom}，店里也没人管"])
    assert (one.kind, one.red_line) == ("complaint", False)


@pytest.mark.parametrize("text", ["店员态度特别好，耐心讲解，谢谢！", "味道很好，服务也热情", "环境好，服务好，味道好", "又快又好"])
def test_praise_without_a_but_is_not_mixed(text: str) -> None:
    (one,) = understand([text])
    assert (one.kind, one.sentiment_label) == ("praise", "positive")


@pytest.mark.parametrize("text", ["味道好，态度差", "价格有点贵，但是质量不错"])
def test_one_of_each_is_mixed(text: str) -> None:
    assert understand([text])[0].sentiment_label == "mixed"


@pytest.mark.parametrize(
    "text",
    [
        "店员态度特别好，耐心讲解，谢谢",
        "店员态度特别好",
        "东西很好，谢谢",
        "师傅很专业，谢谢",
        "服务很热情，下次还来",
        "送得快，包装好",
        "客服态度好，问题解决了",
        "非常满意这次服务",
        "司机师傅很准时，车里也干净",
    ],
)
def test_where_every_clause_is_kind_it_is_praise(text: str) -> None:
    """Told stories taught the models to doubt kind words: praise often comes after trouble there."""
    (one,) = understand([text])
    assert (one.kind, one.sentiment_label) == ("praise", "positive")


@pytest.mark.parametrize("text", ["态度很好，就是等了两个小时", "东西很好，谢谢，什么时候补货？", "服务太差", "态度很差，爱理不理", "东西是坏的"])
def test_one_clause_that_is_not_kind_is_enough(text: str) -> None:
    (one,) = understand([text])
    assert (one.kind, one.sentiment_label) != ("praise", "positive")


@pytest.mark.parametrize("text", ["谢谢小唐，态度特别好", "等了两个小时还没人来", "请问几点开门", "建议多放几把椅子", "店员很耐心，下次还来"])
@pytest.mark.parametrize("left", ["{}，电话13912340077", "{}，我的电话是 139 1234 0077", "电话13912340077，{}", "{}。订单号202611230001", "{} a.b@example.com"])
def test_a_number_left_behind_changes_nothing(text: str, left: str) -> None:
    """People leave a number with thanks too; to the models its digits once sounded like trouble."""
    bare, numbered = understand([text, left.format(text)])
    assert (numbered.kind, numbered.sentiment_label, numbered.red_line) == (bare.kind, bare.sentiment_label, bare.red_line)
