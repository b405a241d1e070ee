"""What a move has in hand: the ticket, locked, with its clocks and holds, at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from complaints.clocks import Moment
from complaints.file_kinds import CleanFile
from complaints.models import Clock, Pause, Ticket
from tenancy.models import Member


@dataclass
class Hand:
    """A ticket in hand; `fields` are the move's own, and an effect may add what the timeline is to keep.

    people: colleagues already looked up, by what they were named; shared by the moves of one slice of a bulk run.
    """

    ticket: Ticket
    clocks: list[Clock]
    pauses: list[Pause]
    moment: Moment
    fields: dict[str, Any] = field(default_factory=dict)
    actor_name: str = ""
    files: Sequence[CleanFile] = ()
    people: dict[str, Member] = field(default_factory=dict)

    def open_pause(self) -> Pause | None:
        """The hold that lasts, or None."""
        return next((pause for pause in self.pauses if pause.to_at is None), None)
