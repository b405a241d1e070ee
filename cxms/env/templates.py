"""Whether every template compiles and speaks every language: `python -m cxms.env.templates`, called by `bin/check`.

A template with a broken tag fails only when its page is asked for; this asks for all of them. A Chinese sign that stands
outside what is translated would stand in English pages too: `{% mark "，" %}` writes it. Needs the settings, no database.
"""

import os
import re
import sys
from pathlib import Path

import django
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines

ROOT = Path(__file__).resolve().parents[2]
TAGS = re.compile(r"{%\s*(blocktranslate|comment)\b.*?{%\s*end\1\s*%}|{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
SIGNS = re.compile(r"[，：；（）。、！？]")


def problems() -> list[str]:
    """The templates of this checkout that do not compile, with the reason, a line each."""
    lines = []
    for engine in engines.all():
        for folder in sorted({Path(folder).resolve() for folder in engine.template_dirs}):
            if not folder.is_relative_to(ROOT) or ".venv" in folder.parts:
                continue
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                try:
                    engine.get_template(str(path.relative_to(folder)))
                    lines += [f"{path.relative_to(ROOT)}: untranslated: {said}" for said in untranslated(path.read_text("utf-8"))]
                except (TemplateSyntaxError, TemplateDoesNotExist, UnicodeDecodeError) as error:
                    lines.append(f"{path.relative_to(ROOT)}: {error}")
    return lines


def untranslated(source: str) -> list[str]:
    """Chinese signs that stand in a template outside its tags."""
    return SIGNS.findall(TAGS.sub("", source))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxms.settings")
    django.setup()
    found = problems()
    print("\n".join(found))
    sys.exit(1 if found else 0)
