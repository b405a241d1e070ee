"""Keeps Django's own traffic on the default connection: the dispatcher's is for raw SQL that lists due work."""

from typing import Any


class OneRoad:
    """Nothing is migrated, read or written by the ORM over the dispatcher's connection."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Only the default connection carries migrations."""
        return db == "default"

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """All reads of the ORM go to default."""
        return "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """All writes of the ORM go to default."""
        return "default"
