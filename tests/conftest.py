"""The cast and the stage: real PostgreSQL as the application role, one fresh organisation per test.

Tests commit for real; nothing is rolled back or truncated, because every test works in an organisation of its own and
the walls keep them apart. `stranger` belongs to another organisation and is called on by every endpoint test.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from cxms.lib import clock
from tests.shop import Shop, close, make_shop

PASSWORD = "right-horse-battery-7"
# a property is a verdict on the code, never on how busy the machine was
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The engines plugin has already made this worker's database."""


@pytest.fixture(scope="session", autouse=True)
def _database_is_open(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def shop() -> Iterator[Shop]:
    """The organisation under test."""
    made = make_shop()
    yield made
    close(made)


@pytest.fixture
def stranger() -> Iterator[Shop]:
    """Another organisation, whose people must see nothing of `shop`."""
    made = make_shop("邻居")
    yield made
    close(made)


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
