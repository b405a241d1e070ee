"""The cast and the stage: real PostgreSQL as the application role, one fresh organisation per test.

Tests commit for real; nothing is rolled back or truncated, because every test works in an organisation of its own and
the walls keep them apart. `stranger` belongs to another organisation and is called on by every endpoint test.
"""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from cxms.lib import clock
from tenancy.models import Member, Organisation, Unit, User

_count = itertools.count(1)
PASSWORD = "right-horse-battery-7"


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The engines plugin has already made this worker's database."""


@pytest.fixture(scope="session", autouse=True)
def _database_is_open(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@dataclass
class Shop:
    """A small organisation: HQ → EAST (S001, S002), WEST (S003); one member per role."""

    organisation: Organisation
    units: dict[str, Unit] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return self.organisation.id

    def scope(self) -> Any:
        from tenancy.scope import organisation_scope

        return organisation_scope(self.organisation.id)

    def key(self, *scopes: str) -> str:
        """A fresh API key's token."""
        from tenancy import keys
        from tenancy.capabilities import API_SCOPES

        with self.scope():
            return keys.issue(
                organisation=self.id, scopes=list(scopes or API_SCOPES), name="test", now=clock.now(), actor="test"
            )

    def api(self, *scopes: str) -> Any:
        """A Django test client that carries a key of these scopes (all by default)."""
        from django.test import Client

        return Client(headers={"authorization": f"Bearer {self.key(*scopes)}"})

    def page(self, role: str = "cx_manager") -> Any:
        """A Django test client logged in as the member of that role."""
        from django.test import Client

        client = Client()
        client.force_login(self.members[role].user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client


UNITS = (
    ("EAST", "region", "华东区", "HQ"),
    ("WEST", "region", "西部区", "HQ"),
    ("S001", "store", "杭州西溪店", "EAST"),
    ("S002", "store", "苏州观前店", "EAST"),
    ("S003", "store", "成都天府店", "WEST"),
)
ROLES = (
    ("admin", "HQ"),
    ("cx_manager", "HQ"),
    ("executive", "HQ"),
    ("analyst", "HQ"),
    ("region_manager", "EAST"),
    ("store_manager", "S001"),
    ("frontline", "S001"),
)


def make_shop(name: str = "试店") -> Shop:
    """A fresh organisation with its units, staff and cast."""
    from complaints import sla_policies
    from tenancy import members, organisations, staff, units
    from tenancy.scope import organisation_scope

    slug = f"t{next(_count)}-{uuid.uuid4().hex[:8]}"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    organisation = organisations.create(slug=slug, name=name, timezone="Asia/Shanghai", now=now, actor="test")
    shop = Shop(organisation)
    with organisation_scope(organisation.id):
        shop.units["HQ"] = Unit.objects.get(organisation=organisation, code="HQ")
        for code, kind, label, parent in UNITS:
            shop.units[code] = units.add(
                organisation=organisation.id,
                code=code,
                kind=kind,
                name=label,
                parent=shop.units[parent],
                now=now,
                actor="test",
            )
        staff.import_csv(
            "employee_no,unit,name\nE001,S001,谢子昂\nE002,S001,唐雨\nE003,S002,江宁\n",
            organisation=organisation.id,
            now=now,
            actor="test",
        )
        for role, code in ROLES:
            user = User.objects.create_user(f"{role}@{slug}.example", name=role)
            shop.members[role] = members.add(
                organisation=organisation.id,
                user=user,
                name=role,
                roles=[(role, shop.units[code])],
                now=now,
                actor="test",
            )
        sla_policies.add_presets(organisation=organisation.id, now=now, actor="test")
    return shop


@pytest.fixture
def shop() -> Shop:
    """The organisation under test."""
    return make_shop()


@pytest.fixture
def stranger() -> Shop:
    """Another organisation, whose people must see nothing of `shop`."""
    return make_shop("邻居")


@pytest.fixture
def now() -> datetime:
    """The door's clock, read once."""
    return clock.now()


@pytest.fixture
def work() -> Any:
    """Works everything due, as a worker and the clockwork would, until nothing is left."""
    from ledger import clockwork, runner

    def run() -> None:
        for _ in range(20):
            if runner.drain(seconds=20) + clockwork.run_timers() == 0:
                return

    return run
