"""What every sink takes and raises."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ledger.errors import DeliveryError


class SinkError(DeliveryError):
    """The far side did not take the message. permanent: it never will, the next channel is due; else it is tried again."""

    def __init__(self, text: str, *, permanent: bool) -> None:
        super().__init__(text[:200])
        self.permanent = permanent


@dataclass(frozen=True)
class Field:
    """One field of an account. is_secret: sealed, never shown again; options: the values a choice has."""

    name: str
    label: Callable[[], str]
    must: bool = True
    is_secret: bool = False
    is_long: bool = False
    options: tuple[str, ...] = ()
    hint: Callable[[], str] = str


@dataclass(frozen=True)
class Account:
    """An account opened for one sending. allow: addresses the operator permits although they are not public."""

    kind: str
    config: Mapping[str, str]
    allow: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Person:
    """Who is told: his e-mail, his mobile number, and what the group apps know him by (kind → id)."""

    name: str
    email: str = ""
    mobile: str = ""
    handles: Mapping[str, str] = field(default_factory=dict)

    def handle(self, kind: str) -> str:
        """His id in one of the group apps, or ""."""
        return self.handles.get(kind, "")


@dataclass(frozen=True)
class Message:
    """One message. key: the same at every attempt; stamp: seconds since 1970, fresh at every attempt, for signatures."""

    key: str
    subject: str
    text: str
    link: str
    people: tuple[Person, ...]
    stamp: int


class Sink(Protocol):
    """A kind of channel. is_group: one message reaches all its people, who are mentioned in it."""

    @property
    def kind(self) -> str:
        """Its code."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """What an account of it needs."""

    @property
    def is_group(self) -> bool:
        """True for a room."""

    def label(self) -> str:
        """Its name."""

    def reaches(self, person: Person) -> bool:
        """True when the person has what this channel needs."""

    def send(self, account: Account, message: Message) -> str:
        """Sends; gives what the provider calls the message, or "". Raises SinkError."""
