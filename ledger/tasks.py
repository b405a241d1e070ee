"""Celery's side of the ledger: ring, poll, stand in. The message carries nothing that could be lost."""

import logging
import random
import threading
import time

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

from ledger import clockwork, purge, runner

log = logging.getLogger(__name__)


@shared_task(name="ledger.drain", ignore_result=True)
def drain(queues: str = "") -> int:
    """Works what is due; rung after commits. queues: names with commas between; empty for all."""
    return runner.drain(queues, seconds=10.0)


def poll_forever() -> None:
    """A worker child's own loop: every second or two it works what is due, rung or not, and beats."""
    while True:
        try:
            close_old_connections()
            runner.beat("worker")
            runner.drain(seconds=5.0)
            clockwork.stand_in()
        except Exception as error:
            log.warning("poll failed: %s", error)
            for connection in connections.all():
                connection.close()
        time.sleep(random.uniform(0.8, 1.6))


def start_polling() -> None:
    """Starts the polling thread of this worker child, and one for each pump."""
    threading.Thread(target=poll_forever, name="ledger-poll", daemon=True).start()
    for pump in import_string(settings.LEDGER_PUMPS):
        threading.Thread(target=import_string(pump.run), name=f"pump-{pump.name}", daemon=True).start()


def old_organisations() -> list[int]:
    """Timer: who has deliveries or idempotency keys that ended long ago."""
    return purge.due_organisations()


def purge_organisation(*, organisation: int) -> int:
    """Timer: delete a slice of them."""
    return purge.purge(organisation)
