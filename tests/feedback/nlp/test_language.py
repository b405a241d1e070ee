import pytest

from feedback.nlp.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("空调坏了没人修", "zh-Hans"),
        ("冷氣壞了沒人修", "zh-Hant"),
        ("APP闪退，VIP也没用", "zh-Hans"),
        ("订单号SF1029384756还没到", "zh-Hans"),
        ("发到zhang@example.com就行", "zh-Hans"),
        ("The bathroom was dirty", "en"),
        ("checkin的时候front desk完全没人", "mixed"),
        ("とても美味しかったです", "other"),
        ("Всё сломалось", "other"),
        ("Le service est très lent et pas bon", "other"),
        ("", "none"),
        ("12345 !!! 😀", "none"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language
