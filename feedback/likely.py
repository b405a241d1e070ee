"""What a topic most likely should have been: three guesses for one click. Called by the page of a voice; writes nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from feedback import keywords, topics
from feedback.enums import Label
from feedback.models import Correction
from feedback.nlp.taxonomy import default_taxonomy

MOST = 3
LOOK_BACK = 500
# what is easily taken for each other, nearest first: the last resort when neither history nor words say anything
NEAR: dict[str, tuple[str, ...]] = {
    "product_quality": ("product_function", "after_sales", "safety"),
    "product_function": ("product_quality", "app_usability", "after_sales"),
    "price": ("promotion", "billing", "loyalty"),
    "promotion": ("price", "loyalty", "information"),
    "stock": ("delivery_speed", "information", "reservation"),
    "delivery_speed": ("waiting_time", "delivery_damage", "stock"),
    "delivery_damage": ("product_quality", "delivery_speed", "refund"),
    "staff_attitude": ("staff_skill", "after_sales", "waiting_time"),
    "staff_skill": ("staff_attitude", "information", "after_sales"),
    "waiting_time": ("delivery_speed", "staff_attitude", "reservation"),
    "environment": ("hygiene", "safety", "waiting_time"),
    "hygiene": ("environment", "safety", "product_quality"),
    "safety": ("hygiene", "product_quality", "environment"),
    "refund": ("after_sales", "billing", "product_quality"),
    "after_sales": ("refund", "staff_attitude", "product_quality"),
    "billing": ("price", "refund", "information"),
    "app_usability": ("product_function", "information", "reservation"),
    "information": ("staff_skill", "app_usability", "billing"),
    "privacy": ("safety", "information", "app_usability"),
    "reservation": ("waiting_time", "app_usability", "information"),
    "loyalty": ("promotion", "price", "app_usability"),
    "other": ("information", "staff_attitude", "product_quality"),
}


def likely(mentions: Sequence[dict[str, Any]], text: str, *, organisation: int) -> list[list[str]]:
    """For each mention up to three other codes: what persons here made of its topic, what the words speak of, what is near."""
    taken = {mention["code"] for mention in mentions}
    swaps, said = _swaps(organisation) if mentions else {}, _said(text)
    found = []
    for mention in mentions:
        code = mention["code"]
        order = [*(other for other, _ in swaps.get(code, Counter()).most_common()), *said, *NEAR.get(code, ())]
        found.append([other for other in dict.fromkeys(order) if other not in taken and other in topics.LABELS][:MOST])
    return found


def _swaps(organisation: int) -> dict[str, Counter[str]]:
    """How often a topic was taken out for another, in the newest corrections."""
    rows = Correction.objects.filter(organisation_id=organisation, field=Label.TOPICS, undone_at=None).order_by("-id")
    found: dict[str, Counter[str]] = {}
    for before, after in rows.values_list("before", "after")[:LOOK_BACK]:
        was, present = {m["code"] for m in before}, {m["code"] for m in after}
        for code in was - present:
            found.setdefault(code, Counter()).update(present - was)
    return found


def _said(text: str) -> list[str]:
    """The topics whose words occur in the text, the most words first."""
    low = keywords.folded(text[:2000])
    hits = {topic.code: sum(word in low for word in topic.words) for topic in default_taxonomy()}
    return [code for code, n in sorted(hits.items(), key=lambda item: -item[1]) if n]
