"""`manage.py watchdog`: the process that says when promises, notices or the queue are late."""

import logging
import signal
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connections

from alerts import watchdog
from cxms.lib import clock
from ledger import runner

log = logging.getLogger(__name__)
LOOK_SECONDS = 60.0
BEAT_SECONDS = 10.0


class Command(BaseCommand):
    """Runs until told to stop."""

    help = "Watches promise clocks, escalations and the queue from a path of its own; tells CXMS_OPS_MAIL."

    def add_arguments(self, parser: CommandParser) -> None:
        """--once: one look, exit status 1 when something is wrong; --every: seconds between two looks."""
        parser.add_argument("--once", action="store_true")
        parser.add_argument("--every", type=float, default=LOOK_SECONDS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Loops forever; SIGTERM ends it between two looks."""
        if options["once"]:
            found = watchdog.run(now=clock.now())
            for finding in found:
                self.stdout.write(f"{finding.name}: {finding.n} {finding.what}")
            sys.exit(1 if found else 0)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        self.stdout.write("watchdog runs")
        looked = -options["every"]
        while True:
            try:
                close_old_connections()
                if time.monotonic() - looked >= options["every"]:
                    looked = time.monotonic()
                    watchdog.run(now=clock.now())
                runner.beat(watchdog.HEARTBEAT)
            except Exception:
                log.exception("the watchdog's turn failed")
                for connection in connections.all():
                    connection.close()
            time.sleep(min(BEAT_SECONDS, options["every"]))
