"""The organisation of a test: made by the product's own functions once a process, then copied row by row.

Making one takes a hundred statements; nearly every test asks for one. The copies differ in nothing but their keys, the
slug and the log-ins' addresses, which `tests/house/test_shop.py` compares.
"""

import itertools
import json
import uuid
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.test.client import Client, ClientHandler

from cxms.lib import clock
from cxms.lib.ids import new_id
from tenancy.models import CalendarWatch, Member, Organisation, Unit, User

_count = itertools.count(1)


@cache
def _handler() -> ClientHandler:
    """The middleware, loaded once: WhiteNoise reads every static file's name when it starts, and each client has a start."""
    return ClientHandler(enforce_csrf_checks=False)


def _client(**settings: Any) -> Client:
    client = Client(**settings)
    client.handler = _handler()
    return client


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
        return _client(headers={"authorization": f"Bearer {self.key(*scopes)}"})

    def seat(self, role: str = "cx_manager") -> Any:
        """What a member may do and where, read anew."""
        from tenancy import members

        with self.scope():
            return members.seat_of(self.members[role].user, organisation=self.id)

    def page(self, role: str = "cx_manager") -> Any:
        """A Django test client logged in as the member of that role."""
        client = _client()
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


def found_shop(name: str = "试店") -> Shop:
    """A fresh organisation with its units, staff and cast, made as the product makes one."""
    from complaints import sla_policies
    from tenancy import members, organisations, staff, units
    from tenancy.scope import organisation_scope

    slug = _slug()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    organisation = organisations.create(slug=slug, name=name, timezone="Asia/Shanghai", now=now, actor="test")
    organisations.mark_set_up(organisation, now=now)
    # its people, hours and stores date from January; a newcomer all the same, who gets no weekly report before Monday
    Organisation.objects.filter(id=organisation.id).update(created_at=clock.now())
    shop = Shop(organisation)
    with organisation_scope(organisation.id):
        # nor is a notice about next year's holidays waiting since autumn
        CalendarWatch.objects.update(next_at=None)
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


def _slug() -> str:
    return f"t{next(_count)}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Pattern:
    """What one founded organisation consists of: its row, its log-ins and the rows of every walled table."""

    organisation: Organisation
    users: list[User]
    rows: list[tuple[type[models.Model], list[models.Model]]]


_patterns: dict[str, Pattern] = {}


def _read(shop: Shop) -> Pattern:
    walled = [m for m in apps.get_models() if any(f.attname == "organisation_id" for f in m._meta.concrete_fields)]
    with shop.scope():
        found = [(model, list(model._default_manager.filter(organisation_id=shop.id).order_by("pk"))) for model in walled]
        users = [member.user for member in shop.members.values()]
        return Pattern(Organisation.objects.get(id=shop.id), users, [(model, rows) for model, rows in found if rows])


def _again(row: models.Model, keys: dict[Any, Any], organisation: Organisation, slugs: tuple[str, str]) -> models.Model:
    """A new row like `row` whose references point to the new rows and whose words name the new slug."""
    made = copy(row)
    made._state = models.base.ModelState()
    for column in made._meta.concrete_fields:
        value = getattr(row, column.attname)
        if column.attname == "organisation_id":
            setattr(made, column.attname, organisation.id)
        elif column.is_relation or column.primary_key:
            target = column.related_model if column.is_relation else type(row)
            setattr(made, column.attname, keys.get((target, value), value))
        elif isinstance(value, dict | list | str):
            setattr(made, column.attname, json.loads(json.dumps(value).replace(*slugs)))
    return made


def make_shop(name: str = "试店") -> Shop:
    """A fresh organisation with its units, staff and cast."""
    from tenancy.scope import organisation_scope

    if name not in _patterns:
        shop = found_shop(name)
        _patterns[name] = _read(shop)
        return shop
    pattern, slug = _patterns[name], _slug()
    organisation = copy(pattern.organisation)
    organisation._state = models.base.ModelState()
    organisation.pk, organisation.slug, organisation.created_at = None, slug, clock.now()
    with transaction.atomic():
        organisation.save(force_insert=True)
        users = [User(name=user.name, email=f"{user.name}@{slug}.example", password=user.password) for user in pattern.users]
        User.objects.bulk_create(users)
        keys: dict[Any, Any] = {(User, old.pk): new.pk for old, new in zip(pattern.users, users, strict=True)}
        keys |= {(model, row.pk): new_id() for model, rows in pattern.rows for row in rows}
        shop, slugs = Shop(organisation), (pattern.organisation.slug, slug)
        with organisation_scope(organisation.id):
            for model, rows in pattern.rows:
                made = model._default_manager.bulk_create([_again(row, keys, organisation, slugs) for row in rows])
                if model is Unit:
                    shop.units = {unit.code: unit for unit in made}
                if model is Member:
                    by_id = {user.pk: user for user in users}
                    for member in made:
                        member.user = by_id[member.user_id]
                    shop.members = {member.user.name: member for member in made}
    return shop


def close(shop: Shop) -> None:
    """Nothing is left to do for an organisation whose test is over: the next `work` need not do it."""
    with shop.scope(), connection.cursor() as cursor:
        for statement in (
            "update ledger_delivery set done_at = now() where organisation_id = %s and done_at is null and dead_at is null",
            "delete from metrics_delta where organisation_id = %s",
            "update complaints_clock set next_fire_at = null where organisation_id = %s and next_fire_at is not null",
            "update surveys_invitation set release_at = null where organisation_id = %s and release_at is not null",
            "update surveys_response set enter_at = '9999-12-31' where organisation_id = %s and enter_at is not null",
            "update improvement_action set due_date = '9999-12-31' where organisation_id = %s and checked_at is null",
            "update feedback_mailbox set is_active = false where organisation_id = %s and is_active",
            "update tenancy_organisation set created_at = now() where id = %s",
            "update alerts_ring set next_at = null where organisation_id = %s and next_at is not null",
            "update alerts_metricrule set next_at = null where organisation_id = %s and next_at is not null",
            "update alerts_hop set next_at = null where organisation_id = %s and next_at is not null",
        ):
            cursor.execute(statement, [shop.id])
