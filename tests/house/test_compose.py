"""The compose file is a compose file, and what it promises: health checks, no root, named volumes, no example secrets."""

import json
import re
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from cxms.env import deploy, roles
from cxms.env.engines import Engines
from cxms.env.places import EngineError
from tests.cxms.env.test_roles import one

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
OURS = {"migrate", "web", "worker", "clockwork", "watchdog", "live"}


EXAMPLE = dict(
    line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line and line[0] != "#"
)


def filled(text):
    """The file with its variables put in, as Docker does: a required one that is missing stops everything."""

    def put(match):
        name, how, word = match.group(1), match.group(2) or "", match.group(3) or ""
        if how == ":?" and not EXAMPLE.get(name):
            raise KeyError(name)
        return EXAMPLE.get(name) or (word if how == ":-" else "")

    return re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", put, text)


def parsed(document):
    """What the specification's own parser makes of it; ValueError for what it does not know."""
    return json.loads(PyCompose.from_json(json.dumps(document)).to_json())


@pytest.fixture(scope="module")
def compose():
    # merge keys are YAML's business: Docker resolves them before it reads, so do we
    return parsed(yaml.safe_load(filled(TEXT)))


def test_the_house_is_complete(compose):
    assert set(compose["services"]) == OURS | {"postgres", "valkey", "proxy"}


def test_a_broken_file_is_refused():
    with pytest.raises(ValueError, match=r"."):
        parsed(yaml.safe_load(filled(TEXT).replace("  postgres:\n    image", "  postgres:\n    no_such_key: 1\n    image", 1)))


def test_every_standing_service_has_a_health_check_and_restarts(compose):
    for name, service in compose["services"].items():
        if name != "migrate":
            assert service.get("healthcheck", {}).get("test"), name
            assert service["restart"] == "unless-stopped", name


def test_ours_run_without_root_and_without_writing(compose):
    for name in OURS:
        service = compose["services"][name]
        assert str(service["user"]) == "10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "CXMS_SUPERUSER_URL" not in service["environment"] or name == "migrate"
        assert "CXMS_MIGRATOR_PASSWORD" not in service["environment"] or name == "migrate"
    assert re.search(r"^USER 10001$", (ROOT / "Dockerfile").read_text(), re.M)


def test_names_that_are_named_exist(compose):
    services = compose["services"]
    volumes, networks = set(compose["volumes"]), set(compose["networks"])
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        assert set(service.get("networks", [])) <= networks, name
    for volume in re.findall(r'^\s+(?:- |volumes: \[")([a-z-]+):/', TEXT, re.M):
        assert volume in volumes
    assert len(re.findall(r'^\s+(?:- |volumes: \[")([a-z-]+):/', TEXT, re.M)) == len(volumes)


def test_the_database_is_not_reachable_from_outside(compose):
    assert compose["networks"]["inside"]["internal"] is True
    assert compose["services"]["postgres"]["networks"] == ["inside"]
    assert [name for name, service in compose["services"].items() if service.get("ports")] == ["proxy"]


def test_the_example_names_every_variable_and_no_other():
    used = set(re.findall(r"\$\{(CXMS_\w+)", TEXT))
    assert set(EXAMPLE) == used
    required = set(re.findall(r"\$\{(CXMS_\w+):\?", TEXT))
    assert {name for name in required if "PASSWORD" in name or "KEY" in name} == {
        name for name, value in EXAMPLE.items() if value == "change-me"
    }


def test_the_examples_secrets_are_refused():
    with pytest.raises(EngineError, match="CXMS_APP_PASSWORD"):
        deploy.passwords_of(dict.fromkeys(deploy.PASSWORDS, "change-me"))


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="cxms-deploy-"))
    folder.chmod(0o755)
    with Engines(folder / "data", durable=False, valkey=False) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.services
@pytest.mark.xdist_group("env")
def test_the_migrate_service_prepares_an_empty_cluster_and_may_be_repeated(engines):
    environment = {name: f"{name.lower()}-{'x' * 30}" for name in deploy.PASSWORDS}
    environment |= {"CXMS_SUPERUSER_URL": engines.superuser_url, "CXMS_DATABASE": "deployed"}
    assert deploy.migrate(environment) == "roles prepared, migrated"
    assert deploy.migrate(environment) == "roles prepared, nothing to migrate"
    urls = roles.urls_for(roles.with_database(engines.superuser_url, "deployed"), deploy.passwords_of(environment))
    assert one(urls.app, "SELECT count(*) FROM tenancy_organisation") == 0
    assert one(urls.superuser, "SELECT count(*) > 20 FROM pg_class WHERE relforcerowsecurity") is True
    assert deploy.is_healthy("clockwork", {"CXMS_DATABASE_URL": urls.app}) is False
    with pytest.raises(ConnectionRefusedError):
        deploy.is_healthy("web", {"CXMS_PORT": "9"})
