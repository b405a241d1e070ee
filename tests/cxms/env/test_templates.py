"""What a template may not hold outside its tags, and how a sign is written in each language."""

import pytest
from django.template import engines
from django.utils.translation import override

from cxms.env.templates import untranslated


def test_a_sign_outside_what_is_translated_is_found_and_one_inside_is_not():
    assert untranslated("<p>{{ a }}，{{ b }}</p>") == ["，"]
    assert untranslated('{% blocktranslate with n=3 %}{{ n }} 条，都在{% endblocktranslate %}{# ，#}{% mark "，" %}{{ x|join:"、" }}') == []


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "a，b（c）"), ("zh-hant", "a，b（c）"), ("en", "a, b (c)")])
def test_signs_follow_the_language(language, said):
    with override(language):
        made = engines["django"].from_string('{% load cx %}a{% mark "，" %}b{% mark "（" %}c{% mark "）" %}').render({})
    assert made == said
