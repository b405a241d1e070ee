"""What imports do not show: tables point down or level, templates keep to their noun, files and functions stay short."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

ROOT = Path(__file__).resolve().parents[2]
FLOORS = [
    ("ledger",), ("tenancy",), ("customers",), ("feedback",), ("complaints", "surveys"), ("metrics",), ("journeys",),
    ("alerts", "improvement", "integrations"), ("reports",), ("api", "web"),
]  # fmt: skip
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
PACKAGES = [*FLOOR, "cxms"]
SOURCES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts and "__pycache__" not in path.parts
]


def test_foreign_keys_point_down_or_level():
    for model in apps.get_models():
        app = model._meta.app_label
        if app not in FLOOR:
            continue
        for field in model._meta.get_fields():
            other = getattr(field, "related_model", None)
            if field.auto_created or not field.concrete or other is None or not hasattr(other, "_meta"):
                continue
            target = other._meta.app_label
            assert target not in FLOOR or target == app or FLOOR[target] < FLOOR[app], f"{model.__name__}.{field.name} points up"


def test_migrations_depend_down_or_level():
    loader = MigrationLoader(None)
    for (app, name), migration in loader.disk_migrations.items():
        if app in FLOOR:
            for other, _ in migration.dependencies:
                assert other not in FLOOR or other == app or FLOOR[other] < FLOOR[app], f"{app}.{name} depends on {other}"


def test_every_migration_can_be_undone():
    loader = MigrationLoader(None)
    for (app, name), migration in loader.disk_migrations.items():
        if app in FLOOR:
            assert all(operation.reversible for operation in migration.operations), f"{app}.{name} is one-way"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno <= 40, f"{node.name} is too long"


def test_modules_and_public_functions_say_what_they_are_for():
    missing = []
    for path in SOURCES:
        if path.name in {"__init__.py", "apps.py"} and path.stat().st_size < 300:
            continue
        if path.is_relative_to(ROOT / "cxms" / "env"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if ast.get_docstring(tree) is None:
            missing.append(str(path.relative_to(ROOT)))
    assert missing == []


def test_a_model_is_written_only_in_its_own_app():
    """Reading from above is allowed; create, update, delete and save by name are not."""
    owners = {model.__name__: model._meta.app_label for model in apps.get_models()}
    verbs = "create|bulk_create|bulk_update|update_or_create|get_or_create|delete|update"
    writing = re.compile(rf"\b([A-Z]\w+)\.objects(?:\.\w+\([^()\n]*\))*\.({verbs})\(")
    found = []
    for path in SOURCES:
        app = path.relative_to(ROOT).parts[0]
        if "management" in path.parts:
            continue
        for match in writing.finditer(path.read_text(encoding="utf-8")):
            owner = owners.get(match.group(1))
            if owner and owner != app:
                found.append(f"{path.relative_to(ROOT)}: {match.group(1)}.{match.group(2)}")
    assert found == []


def test_templates_include_only_shared_or_their_own_noun():
    templates = ROOT / "templates"
    for path in templates.rglob("*.html"):
        noun = path.relative_to(templates).parts[0]
        for other in re.findall(r"{%\s*(?:include|extends)\s+[\"']([^\"']+)", path.read_text(encoding="utf-8")):
            head = other.split("/")[0]
            assert head in {"_shared", noun}, f"{path.name} reaches for {other}"


def test_no_inline_styles_or_handlers_where_the_policy_forbids_them():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=\"", text), path.name
        assert not re.search(r"\son(click|change|submit|load|input)=", text), path.name


def test_the_lock_names_only_the_public_index():
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r'registry = "([^"]+)"', lock)) == {"https://pypi.org/simple"}
    assert "file://" not in lock


def test_vendored_files_are_what_their_manifest_says():
    import base64
    import hashlib
    import json

    vendor = ROOT / "static" / "vendor"
    manifest = json.loads((vendor / "manifest.json").read_text(encoding="utf-8"))
    listed = json.dumps(manifest)
    digests = 0
    for path in vendor.rglob("*"):
        if path.suffix in {".css", ".js", ".woff2"}:
            digest = base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
            assert digest in listed, f"{path.name} was changed"
            digests += 1
    assert digests >= 3
