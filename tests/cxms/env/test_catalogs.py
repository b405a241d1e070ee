"""The catalogues: every string of code and templates is found, checked, filled in and compiled."""

import gettext
import shutil
from pathlib import Path

import pytest

from cxms.env import catalogs

CODE = '''
from django.utils.translation import gettext as _, ngettext, pgettext
a = _("已失约")
b = _("剩余 %(n)s "
      "小时") % {"n": 1}
c = ngettext("%(n)s 条", "%(n)s 条反馈", 3)
d = pgettext("状态", "开")
'''
PAGE = """{% load i18n %}
   <p title="{% translate "软件" %}">{% translate "开" context "动作" %}</p>
 {% blocktranslate trimmed count n=n %}
   一位 {{ n }} '客户'
 {% plural %}
   多位 {{ n }} 100%
 {% endblocktranslate %}
{{ _("信息") }} {{ x|default:_("默认") }} {# _("注释") #} {% include "x" with a=_("视频") %}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tenancy").mkdir()
    (tmp_path / "tenancy" / "words.py").write_text(CODE)
    (tmp_path / "web" / "templates" / "web").mkdir(parents=True)
    (tmp_path / "web" / "templates" / "web" / "page.html").write_text(PAGE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_words.py").write_text('_("只在测试里")')
    return tmp_path


def translate_all(project: Path) -> None:
    """Fill the English catalogue with the source strings themselves."""
    catalogs.update(project)
    path = catalogs.catalogue_path(project, "en")
    english = catalogs._read(path)
    for message in english:
        if message.id:
            message.string = message.id
    with path.open("wb") as stream:
        catalogs.write_po(stream, english)


def test_finds_the_strings_of_code_and_templates(project: Path) -> None:
    assert sorted((s.context, s.text, s.plural) for s in catalogs.sources(project).values() if s.context) == [
        ("动作", "开", None),
        ("状态", "开", None),
    ]
    assert {(s.text, s.plural) for s in catalogs.sources(project).values() if not s.context} == {
        ("已失约", None),
        ("剩余 %(n)s 小时", None),
        ("%(n)s 条", "%(n)s 条反馈"),
        ("软件", None),
        ("一位 %(n)s '客户'", "多位 %(n)s 100%%"),
        ("信息", None),
        ("默认", None),
        ("视频", None),
    }


def test_update_fills_traditional_leaves_english_and_keeps_what_people_wrote(project: Path) -> None:
    assert catalogs.update(project) == {"zh_Hant": (10, 0), "en": (10, 0)}
    hant = catalogs.catalogue_path(project, "zh_Hant")
    assert 'msgid "软件"\nmsgstr "軟體"' in hant.read_text()
    hant.write_text(hant.read_text().replace('msgstr "軟體"', 'msgstr "應用軟體"'))
    (project / "tenancy" / "words.py").write_text('_("新的")')
    assert catalogs.update(project) == {"zh_Hant": (1, 4), "en": (1, 4)}
    assert 'msgid "软件"\nmsgstr "應用軟體"' in hant.read_text()
    assert "已失约" not in hant.read_text()
    before = hant.read_bytes()
    catalogs.update(project)
    assert hant.read_bytes() == before


def test_check_passes_when_all_is_translated_and_names_what_is_not(project: Path) -> None:
    translate_all(project)
    assert catalogs.problems(project) == []
    with (project / "tenancy" / "words.py").open("a") as stream:
        stream.write('e = _("忘了翻译")\n')
    assert catalogs.problems(project) == [
        "zh_Hant: not translated: '忘了翻译' (tenancy/words.py)",
        "en: not translated: '忘了翻译' (tenancy/words.py)",
    ]


def test_check_refuses_bent_placeholders_and_empty_translations(project: Path) -> None:
    translate_all(project)
    path = catalogs.catalogue_path(project, "en")
    text = path.read_text().replace('msgstr "剩余 %(n)s 小时"', 'msgstr "%(m)s hours left"')
    path.write_text(text.replace('msgstr "信息"', 'msgstr ""'))
    assert [line.partition(" (")[0] for line in catalogs.problems(project)] == [
        "en: not translated: '信息'",
        "en: placeholders differ: '剩余 %(n)s 小时'",
    ]


def test_check_without_catalogues_misses_everything_and_without_strings_nothing(project: Path) -> None:
    assert len(catalogs.problems(project)) == 20
    for folder in ("tenancy", "web"):
        shutil.rmtree(project / folder)
    assert catalogs.problems(project) == []
    assert catalogs.compile_all(project) == 0


def test_compile_makes_what_gettext_reads_and_only_once(project: Path) -> None:
    catalogs.update(project)
    assert catalogs.compile_all(project) == 2
    assert catalogs.compile_all(project) == 0
    with catalogs.catalogue_path(project, "zh_Hant").with_suffix(".mo").open("rb") as stream:
        assert gettext.GNUTranslations(stream).gettext("软件") == "軟體"
