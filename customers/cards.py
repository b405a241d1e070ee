"""What a source says of a customer, before we know who that is. Pure."""

from dataclasses import dataclass

from customers.identities import normal_email, normal_phone


@dataclass(frozen=True)
class Card:
    """What a source says of a customer; any field may be empty."""

    external_id: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    tier: str = ""
    union_id: str = ""

    def identities(self) -> list[tuple[str, str]]:
        """(kind, normal value), strongest first."""
        found = [("external", self.external_id), ("union", self.union_id)]
        found.append(("phone", normal_phone(self.phone) if self.phone else ""))
        found.append(("email", normal_email(self.email) if self.email else ""))
        return [(kind, value) for kind, value in found if value]
