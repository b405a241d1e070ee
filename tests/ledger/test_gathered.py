"""Facts gathered for one writing: those of a part rolled back go with it, an error writes none, another house is not touched."""

import pytest
from django.db import transaction

from ledger.facts import gathered, record
from ledger.models import Fact


def test_what_was_rolled_back_is_not_told(shop, stranger, now):
    def tell(name):
        record("feedback.deleted", name, {}, organisation=shop.id, now=now)

    with shop.scope():
        with gathered(shop.id) as facts:
            tell("a")
            told = len(facts)
            with transaction.atomic():
                tell("b")
            del facts[told:]
            tell("c")
            assert not Fact.objects.filter(kind="feedback.deleted").exists()
        assert list(Fact.objects.filter(kind="feedback.deleted").order_by("seq").values_list("subject", flat=True)) == ["a", "c"]
        with pytest.raises(ValueError, match="half way"), gathered(shop.id):
            tell("d")
            raise ValueError("half way")
        tell("e")
        assert set(Fact.objects.filter(kind="feedback.deleted").values_list("subject", flat=True)) == {"a", "c", "e"}
    with stranger.scope(), gathered(shop.id):
        record("feedback.deleted", "theirs", {}, organisation=stranger.id, now=now)
        assert Fact.objects.filter(kind="feedback.deleted").count() == 1
