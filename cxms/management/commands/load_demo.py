"""`manage.py load_demo`: the demo organisation and a small neighbour; afterwards it only adds standing cases."""

from argparse import ArgumentParser
from random import Random
from typing import Any

from django.core.management.base import BaseCommand

from cxms.demo import cases, neighbour
from cxms.demo.loading import Size, load
from cxms.lib import clock
from tenancy import queries
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """Loads the demo."""

    help = "Loads the demo organisation `demo`, or adds fresh standing complaints to it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Size for trials."""
        parser.add_argument("--voices", type=int, default=60_000)
        parser.add_argument("--cases", type=int, default=3_000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Says each step and its seconds."""
        now = clock.now()
        there = queries.organisation_by_slug("demo")
        if there is not None:
            with organisation_scope(there.id):
                n = cases.open_live(Random(now.isoformat()), organisation=there.id, now=now)
            self.stdout.write(f"  {n} 宗新投诉")
            return
        events = max(100, options["voices"] * 3 // 2)
        size = Size(n_voices=options["voices"], n_cases=options["cases"], n_events=events)
        load("demo", "北屿数码", now=now, say=self.stdout.write, size=size)
        neighbour.load(now=now, say=self.stdout.write)
