"""`manage.py clockwork`: the process that makes promise clocks ring on time."""

import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand

from ledger import clockwork


class Command(BaseCommand):
    """Runs until told to stop."""

    help = "Sweeps promise clocks and folds roll-ups as they become due."

    def handle(self, *args: Any, **options: Any) -> None:
        """Loops forever; SIGTERM ends it between two turns."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        self.stdout.write("clockwork runs")
        clockwork.forever()
