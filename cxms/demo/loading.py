"""Loading the demo: organisation, people, voices, exposure, cases, counts; in steps that say how long they took."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from random import Random
from typing import Any

from django.db import connection, connections

from complaints import sla_policies
from customers import customers, events
from customers.cards import Card
from customers.events import RawEvent
from cxms.demo import (
    asking,
    cases,
    coding,
    desking,
    handing,
    improving,
    links,
    looping,
    losing,
    mapping,
    measuring,
    setting_up,
    solving,
    sorting,
    voices,
    waiting,
)
from cxms.demo.catalogue import EMAIL_DOMAIN, LOGINS, PASSWORD, REGIONS, STORES, YOUNG
from feedback import analysis, intake
from feedback.intake import Source
from feedback.shapes import Receipt
from improvement import actions
from metrics import rollup
from reports import weekly_issue
from tenancy import members, organisations, queries, staff, units
from tenancy.enums import Role, UnitKind
from tenancy.models import Member, Organisation, Staff, Unit, User
from tenancy.scope import organisation_scope

SEED = 20261123
BATCH = 5000
Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much is loaded."""

    n_voices: int = 60_000
    n_cases: int = 3_000
    n_events: int = 90_000
    n_customers: int = 12_000
    staff_per_store: int = 10


@contextmanager
def step(say: Say, name: str) -> Iterator[None]:
    """Says a step and its seconds."""
    began = time.monotonic()
    yield
    say(f"  {name}: {time.monotonic() - began:.1f} s")


def load(slug: str, name: str, *, now: datetime, say: Say, size: Size, seed: int = SEED) -> Organisation:
    """Makes and fills the demo organisation. It bears its slug only when everything is there."""
    rng = Random(seed)
    draft = f"{slug}-loading"
    left = Organisation.objects.filter(slug=draft).first()
    if left is not None:
        organisations.rename(left, f"{slug}-broken-{left.id}")
    organisation = organisations.create(slug=draft, name=name, timezone="Asia/Shanghai", now=now, actor="demo")
    organisations.mark_set_up(organisation, now=now)
    with step(say, "组织与人员"), organisation_scope(organisation.id):
        owners, crew = _people(rng, organisation.id, now, size)
        sorting.adopt(organisation=organisation.id, now=now - timedelta(days=40))
    _fill(organisation.id, now, say, size, crew, seed)
    # folding is PostgreSQL's work and bringing cases is ours: they go side by side
    with ThreadPoolExecutor(1) as beside:
        folding = beside.submit(_fold_all, organisation.id)
        with step(say, f"{size.n_cases} 宗投诉"), organisation_scope(organisation.id):
            cases.bring_past(rng, organisation=organisation.id, now=now, n=size.n_cases, owners=owners)
        with step(say, "汇总"):
            folding.result()
    with step(say, "进行中的投诉"), organisation_scope(organisation.id):
        cases.open_live(rng, organisation=organisation.id, now=now)
        links.load(organisation=organisation.id, now=now)
    with step(say, "问卷"), organisation_scope(organisation.id):
        asking.ask(Random(seed), organisation=organisation.id, now=now)
        waiting.load(Random(seed), organisation=organisation.id, now=now)
    with organisation_scope(organisation.id):
        _worked_with(organisation, now, seed)
    organisations.rename(organisation, slug)
    return organisation


def _worked_with(organisation: Organisation, now: datetime, seed: int) -> None:
    """What people did with it since: settings, moves, codes, measures, reports."""
    key = organisation.id
    setting_up.add(organisation=key, now=now)
    desking.add(organisation=key, now=now)
    solving.add(organisation=key, now=now)
    handing.add(organisation=key, now=now)
    handing.learn(organisation=key, now=now)
    losing.load(Random(seed), organisation=key, now=now)
    looping.add(organisation=key, now=now)
    improving.load(organisation=key, now=now)
    mapping.load(organisation=key, now=now)
    measuring.load(organisation=key, now=now)
    coding.add(organisation=key, now=now)
    actions.check_due(queries.local_today(now, organisation.timezone), organisation=key, now=now)
    week = weekly_issue.last_week(now, organisation.timezone)
    weekly_issue.begin(week, organisation=key, now=now)


def _fold_all(organisation: int) -> None:
    try:
        n = 1
        while n:
            with organisation_scope(organisation):
                n = rollup.fold(organisation=organisation, limit=100_000)
    finally:
        connection.close()


def _people(
    rng: Random, organisation: int, now: datetime, size: Size
) -> tuple[dict[Any, list[Member]], dict[str, list[str]]]:
    root = Unit.objects.get(organisation_id=organisation, parent__isnull=True)
    regions = {
        code: units.add(
            organisation=organisation, code=code, kind=UnitKind.REGION, name=label, parent=root, now=now, actor="demo"
        )
        for code, label in REGIONS
    }
    stores: dict[str, Unit] = {}
    for code, label, region, _ in STORES:
        stores[code] = units.add(
            organisation=organisation,
            code=code,
            kind=UnitKind.STORE,
            name=label,
            parent=regions[region],
            now=now,
            actor="demo",
            calendar="store",
        )
    sla_policies.add_presets(organisation=organisation, now=now, actor="demo")
    lines, crew = ["employee_no,unit,name"], {}
    for i, code in enumerate(stores):
        crew[code] = [f"E{i:02d}{k:02d}" for k in range(size.staff_per_store)]
        lines += [f"{number},{code},{voices.person(rng)}" for number in crew[code]]
    staff.import_csv("\n".join(lines), organisation=organisation, now=now, actor="demo")
    return _members(organisation, now, root, regions, stores, rng), crew


def _members(
    organisation: int, now: datetime, root: Unit, regions: dict[str, Unit], stores: dict[str, Unit], rng: Random
) -> dict[Any, list[Member]]:
    places = {root.code: root, **regions, **stores}
    owners: dict[Any, list[Member]] = {}

    def seat(local: str, name: str, role: str, unit: Unit, password: str | None) -> Member:
        email = f"{local}@{EMAIL_DOMAIN}"
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, password, name=name)
        return members.add(
            organisation=organisation, user=user, name=name, roles=[(role, unit)], now=now, actor="demo"
        )

    for role, local, name, code in LOGINS:
        made = seat(local, name, role, places.get(code, root), PASSWORD)
        if role == Role.FRONTLINE:
            owners[places[code].id] = [made]
    seat("ceo", "顾承", Role.EXECUTIVE, root, None)
    for code, unit in regions.items():
        seat(f"region.{code.lower()}", voices.person(rng), Role.REGION_MANAGER, unit, None)
    for code, unit in stores.items():
        manager = seat(f"store.{code.lower()}", voices.person(rng), Role.STORE_MANAGER, unit, None)
        owners.setdefault(unit.id, []).append(manager)
    first = Staff.objects.filter(organisation_id=organisation, unit=stores["HZ-XIXI"]).order_by("employee_no").first()
    frontline = owners[stores["HZ-XIXI"].id][0]
    frontline.staff = first
    frontline.save(update_fields=["staff"])
    return owners


def _fill(organisation: int, now: datetime, say: Say, size: Size, crew: dict[str, list[str]], seed: int) -> None:
    """Voices, their analysis and orders, on two processes: each draws its own share from a seed of its own."""
    people = voices.cards(Random(seed), size.n_customers)
    with organisation_scope(organisation):
        # known beforehand, so that the two never wait for each other as makers of customers
        customers.resolve(people, organisation=organisation, now=now)
    connections.close_all()
    half = size.n_voices // 2
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        with step(say, f"{size.n_voices} 条客户之声，{size.n_events} 笔订单"):
            work = [
                pool.submit(_voices, seed + i, n, i, organisation, now, people, crew)
                for i, n in enumerate((half, size.n_voices - half))
            ]
            orders = pool.submit(_orders, seed, organisation, now, size.n_events, people)
            ids = sorted(key for done in work for key in done.result())
            orders.result()
        with step(say, "分析"):
            ends = [(part[0], part[-1]) for part in (ids[i : i + BATCH] for i in range(0, len(ids), BATCH))]
            for done in [pool.submit(_analyse, first, last, organisation, now) for first, last in ends]:
                done.result()


def _voices(
    seed: int, n: int, share: int, organisation: int, now: datetime, people: list[Card], crew: dict[str, list[str]]
) -> list[str]:
    """Draws and receives one share; gives the ids. Each voice was received when it was spoken."""
    rng, kept = Random(seed), []
    drawn = voices.draw(rng, n, now=now, people=people, staff=crew, prefix=f"demo-{share}")
    while batch := list(islice(drawn, BATCH)):
        with organisation_scope(organisation):
            source = Source(b"", "application/x-demo", "demo")
            receipts: list[Receipt] = intake.receive(
                batch, organisation=organisation, source=source, now=now, announce=False, received_as_occurred=True
            )
        kept += [str(receipt.id) for receipt in receipts if receipt.status == "accepted"]
    connections.close_all()
    return kept


def _analyse(first: str, last: str, organisation: int, now: datetime) -> None:
    with organisation_scope(organisation):
        analysis.analyse(first, last, organisation=organisation, now=now, announce=False)
    connections.close_all()


ORDERED_AT = ("store_visit", "online_order", "payment", "delivery", "repair_intake")


def _orders(seed: int, organisation: int, now: datetime, n: int, people: list[Card]) -> None:
    """Draws a year of orders; every third is by a customer we know."""
    rng, codes = Random(seed), [code for code, *_ in STORES]
    for start in range(0, n, BATCH * 2):
        rows = []
        for i in range(start, min(start + BATCH * 2, n)):
            store, age = rng.choice(codes), rng.random() * 365
            if store in YOUNG:
                age %= YOUNG[store]
            rows.append(
                RawEvent(
                    external_id=f"O-{i:06d}",
                    kind="order",
                    occurred_at=now - timedelta(days=age),
                    customer=rng.choice(people) if i % 3 == 0 else None,
                    unit=store,
                    touchpoint=ORDERED_AT[i // 3 % len(ORDERED_AT)],
                    amount_minor=rng.randrange(9_900, 999_900, 100),
                    currency="CNY",
                )
            )
        with organisation_scope(organisation):
            events.receive(rows, organisation=organisation, now=now, announce=False)
    connections.close_all()
