"""`manage.py add_member --organisation SLUG --email … --role … [--unit CODE] [--name …]`: the password on the last line."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cxms.lib import clock
from tenancy import members, queries
from tenancy.enums import Role
from tenancy.models import Unit, User
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """Makes a log-in a member with a role over a unit's subtree; a new log-in gets a password, printed once."""

    # the servers check the whole house when they start; a single command need not wait for that
    requires_system_checks = ()

    help = "Adds a member; prints the password of a new log-in on the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, where, as what."""
        parser.add_argument("--organisation", required=True)
        parser.add_argument("--email", required=True)
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--unit", default="", help="code of the unit; the headquarters by default")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what was made."""
        organisation = queries.organisation_by_slug(options["organisation"])
        if organisation is None:
            raise CommandError(f"no organisation {options['organisation']}")
        email = options["email"].strip().lower()
        name = options["name"] or email.split("@")[0]
        with organisation_scope(organisation.id):
            units = Unit.objects.filter(organisation_id=organisation.id)
            unit = units.filter(code=options["unit"]).first() if options["unit"] else units.filter(parent=None).first()
            if unit is None:
                raise CommandError(f"no unit {options['unit']}")
            user, password = User.objects.filter(email=email).first(), ""
            if user is None:
                password = secrets.token_urlsafe(12)
                user = User.objects.create_user(email, password, name=name, language=organisation.language)
            members.add(
                organisation=organisation.id,
                user=user,
                name=name,
                roles=[(options["role"], unit)],
                now=clock.now(),
                actor="command:add_member",
            )
        self.stdout.write(f"{email} is {options['role']} over {unit.code} in {organisation.slug}")
        self.stdout.write(password or "the log-in existed; its password stays")
