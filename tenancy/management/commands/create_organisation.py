"""`manage.py create_organisation SLUG --name … --timezone …`"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import organisations


class Command(BaseCommand):
    """Makes an organisation with its presets."""

    help = "Makes an organisation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """SLUG, name, zone and first language."""
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--timezone", default="Asia/Shanghai")
        parser.add_argument("--language", default="zh-hans")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what was made."""
        try:
            made = organisations.create(
                slug=options["slug"],
                name=options["name"],
                timezone=options["timezone"],
                language=options["language"],
                now=clock.now(),
                actor="command:create_organisation",
            )
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"organisation {made.slug} (id {made.id}) in {made.timezone}")
