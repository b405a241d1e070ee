"""`manage.py create_organisation SLUG --name … --timezone … [--admin-email …]`: the invitation's link on the last line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import invitations, organisations
from tenancy.enums import Role
from tenancy.models import Organisation
from tenancy.scope import organisation_scope

ACTOR = "command:create_organisation"


class Command(BaseCommand):
    """Makes an organisation with its presets."""

    # the servers check the whole house when they start; a single command need not wait for that
    requires_system_checks = ()

    help = "Makes an organisation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """SLUG, name, zone and first language."""
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--timezone", default="Asia/Shanghai")
        parser.add_argument("--language", default="zh-hans")
        parser.add_argument("--admin-email", default="", help="invites the first administrator and prints the link")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what was made."""
        email, link = options["admin_email"], ""
        try:
            if email:
                invitations.clean_email(email)
            made = organisations.create(
                slug=options["slug"],
                name=options["name"],
                timezone=options["timezone"],
                language=options["language"],
                now=clock.now(),
                actor=ACTOR,
            )
            if email:
                link = _invite(made, email)
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"organisation {made.slug} (id {made.id}) in {made.timezone}")
        if link:
            self.stdout.write(f"{email} is invited as its administrator; the link works once, for 14 days:")
            self.stdout.write(link)


def _invite(made: Organisation, email: str) -> str:
    with organisation_scope(made.id):
        row = invitations.invite(
            organisation=made.id,
            email=email,
            name="",
            roles=[(Role.ADMIN, organisations.ROOT)],
            now=clock.now(),
            actor=ACTOR,
            by=made.name,
        )
        return invitations.address(row)
