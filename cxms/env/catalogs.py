"""Translation catalogues: compile them, find what is not translated, bring them up to date.

`python -m cxms.env.catalogs compile|check|update`, called by `bin/setup`, `bin/check` and by hand. Source strings are
简体中文, so only 繁體 and English have catalogues. Nothing here needs settings or a database.
"""

import ast
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ("zh_Hant", "en")
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
SKIPPED_FOLDERS = {"tests", "bench", "docs", "static", "staticfiles", "migrations", "node_modules", "__pycache__"}
TEMPLATE_SUFFIXES = {".html", ".txt", ".xml", ".svg"}
# What `templatize` writes for a translation: a call with literals and, for plurals, the word count.
_LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(n?p?gettext|_)\(((?:\s*{_LITERAL}\s*,?)+)(?:\s*count)?\)")
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|%[sd]")
# Catalogues carry no date of their own making: git knows when they changed.
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_N_SHOWN = 40

Key = tuple[str | None, str]


@dataclass
class Source:
    """A string to translate: its context and plural, and the files that say it."""

    text: str
    context: str | None = None
    plural: str | None = None
    files: set[str] = field(default_factory=set)

    @property
    def key(self) -> Key:
        return self.context, self.text


def sources(root: Path) -> dict[Key, Source]:
    """Every translatable string of the Python files and templates below the folder."""
    found: dict[Key, Source] = {}
    for path in _files(root):
        is_template = "templates" in path.relative_to(root).parts[:-1] and path.suffix in TEMPLATE_SUFFIXES
        if not is_template and path.suffix != ".py":
            continue
        text = path.read_text(encoding="utf-8")
        for context, singular, plural in _in_template(text) if is_template else _in_python(text):
            source = found.setdefault((context, singular), Source(singular, context))
            source.plural = source.plural or plural
            source.files.add(str(path.relative_to(root)))
    return found


def compile_all(root: Path) -> int:
    """Compile every catalogue that is newer than its compiled form; return how many."""
    n_compiled = 0
    for path in sorted(root.glob("locale/*/LC_MESSAGES/*.po")):
        compiled = path.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime_ns > path.stat().st_mtime_ns:
            continue
        content = io.BytesIO()
        write_mo(content, _read(path))
        fresh = compiled.with_name(f".{compiled.name}.{os.getpid()}")
        fresh.write_bytes(content.getvalue())
        fresh.replace(compiled)
        n_compiled += 1
    return n_compiled


def problems(root: Path) -> list[str]:
    """What a reader of 繁體 or English would see go wrong, a line each: untranslated strings, bent placeholders."""
    wanted = sources(root)
    lines = []
    for locale in LOCALES:
        path = catalogue_path(root, locale)
        known = _by_key(_read(path)) if path.exists() else {}
        for source in sorted(wanted.values(), key=_order):
            problem = _problem(source, known.get(source.key))
            if problem:
                lines.append(f"{locale}: {problem}: {source.text!r} ({', '.join(sorted(source.files))})")
    return lines


def update(root: Path, convert: Callable[[str], str] | None = None) -> dict[str, tuple[int, int]]:
    """Rewrite the catalogues with the strings of today, sorted; return (added, removed) a locale.

    Existing translations stay. A new string gets its 繁體 from `convert` (OpenCC's s2twp unless given); its English
    is left empty for a person.
    """
    wanted = sources(root)
    counts = {}
    for locale in LOCALES:
        path = catalogue_path(root, locale)
        known = _by_key(_read(path)) if path.exists() else {}
        catalogue = _empty(locale)
        for source in sorted(wanted.values(), key=_order):
            _add(catalogue, source, known.get(source.key), (convert or _to_taiwan) if locale == "zh_Hant" else None)
        content = io.BytesIO()
        write_po(content, catalogue, width=0, include_lineno=False, ignore_obsolete=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content.getvalue():
            path.write_bytes(content.getvalue())
        counts[locale] = len(wanted.keys() - known.keys()), len(known.keys() - wanted.keys())
    return counts


def catalogue_path(root: Path, locale: str) -> Path:
    return root / "locale" / locale / "LC_MESSAGES" / "django.po"


def main(arguments: list[str]) -> int:
    command = arguments[0] if len(arguments) == 1 else ""
    if command == "compile":
        print(f"{compile_all(ROOT)} catalogues compiled")
    elif command == "update":
        for locale, (n_added, n_removed) in update(ROOT).items():
            print(f"{locale}: {n_added} added, {n_removed} removed")
    elif command == "check":
        lines = problems(ROOT)
        print("\n".join(lines[:_N_SHOWN]))
        if lines:
            print(f"{len(lines)} strings to mend: python -m cxms.env.catalogs update, then write what is missing")
        return 1 if lines else 0
    else:
        print("usage: python -m cxms.env.catalogs compile|check|update", file=sys.stderr)
        return 2
    return 0


def _files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS and not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(files))


def _in_python(text: str) -> Iterator[tuple[str | None, str, str | None]]:
    for _line, message, _comments, context in extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS):
        singular, plural = message if isinstance(message, tuple) else (message, None)
        if singular:
            yield context, singular, plural


def _in_template(text: str) -> Iterator[tuple[str | None, str, str | None]]:
    # Only here, so that compiling the catalogues at every start costs no import of Django.
    from django.utils.translation.template import templatize  # noqa: PLC0415

    for name, inner in _CALL.findall(templatize(text)):
        words = [str(ast.literal_eval(literal)) for literal in re.findall(_LITERAL, inner)]
        context = words.pop(0) if name in ("pgettext", "npgettext") else None
        if words and words[0]:
            yield context, words[0], words[1] if len(words) > 1 else None


def _problem(source: Source, message: Message | None) -> str:
    strings = _strings(message)
    if message is None or not strings or not all(strings) or message.fuzzy:
        return "not translated"
    allowed = set(_PLACEHOLDER.findall(source.text + (source.plural or "")))
    for string in strings:
        used = set(_PLACEHOLDER.findall(string))
        if not used <= allowed or (source.plural is None and used != allowed):
            return "placeholders differ"
    return ""


def _add(
    catalogue: Catalog, source: Source, known: Message | None, convert: Callable[[str], str] | None
) -> None:
    identity: Any = (source.text, source.plural) if source.plural else source.text
    strings = _strings(known)
    n_forms = catalogue.num_plurals if source.plural else 1
    if convert is not None and not any(strings):
        strings = [convert(source.plural or source.text)] * n_forms
    strings = (strings + [""] * n_forms)[:n_forms]
    catalogue.add(
        identity,
        tuple(strings) if source.plural else strings[0],
        locations=[(name, 0) for name in sorted(source.files)],
        context=source.context,
        user_comments=known.user_comments if known else (),
    )


def _strings(message: Message | None) -> list[str]:
    if message is None:
        return []
    said = message.string
    return [said] if isinstance(said, str) else [string or "" for string in said or ()]


def _read(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale=path.parts[-3])


def _by_key(catalogue: Iterable[Message]) -> dict[Key, Message]:
    found = {}
    for message in catalogue:
        text = message.id if isinstance(message.id, str) else message.id[0]
        if text:
            found[message.context, text] = message
    return found


def _empty(locale: str) -> Catalog:
    return Catalog(
        locale=locale,
        project="CXMS",
        version="1",
        header_comment=f"# CXMS: {locale}",
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        last_translator="CXMS",
        language_team="CXMS",
        msgid_bugs_address="CXMS",
        fuzzy=False,
    )


def _order(source: Source) -> tuple[str, str]:
    return source.text, source.context or ""


# what the converter's phrases get wrong for us: a week is always 週 here, and rights are not licences
AFTERWARDS = {"周": "週", "許可權": "權限"}


def _to_taiwan(text: str) -> str:
    said = str(_taiwan_converter().convert(text))
    for wrong, right in AFTERWARDS.items():
        said = said.replace(wrong, right)
    return said


@cache
def _taiwan_converter() -> Any:
    # Loading its dictionaries takes longer than everything else here; only `update` needs them.
    import opencc  # noqa: PLC0415

    return opencc.OpenCC("s2twp")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
