"""Solved cases like this one, as far as the reader may see them, with what was offered and what the customer said.

Bounded whatever the size of the house: the index `ticket_solved` gives the newest two thousand solutions, sixty of them that
share a topic or the touchpoint are compared by their words (pairs of characters, Dice), the best are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from complaints import offers
from complaints.models import Ticket
from complaints.offers import Option

WINDOW = 2_000
COMPARED = 60
SHOWN = 3
MOST_CHARACTERS = 400
NOT_CHARACTERS = str.maketrans("", "", " \t\r\n，。！？、；：,.!?;:\"'“”‘’（）()")


@dataclass(frozen=True)
class Like:
    """A solved case and why it is shown. likeness: 0 to 1; outcome: accepted, declined, reopened or unknown; text: of the way out taken."""

    ticket: Ticket
    likeness: float
    outcome: str
    text: str


def of(ticket: Ticket, *, paths: Sequence[str], limit: int = SHOWN) -> list[Like]:
    """The most similar solved cases inside the subtrees (empty: everywhere), best first. Two statements."""
    near = Q(topics__overlap=ticket.topics) if ticket.topics else Q()
    if ticket.touchpoint_id is not None:
        near |= Q(touchpoint=ticket.touchpoint_id)
    if not near:
        return []
    solved = Ticket.objects.filter(organisation_id=ticket.organisation_id, resolved_at__isnull=False).order_by("-resolved_at")
    recent = list(solved.exclude(id=ticket.id).values_list("id", flat=True)[:WINDOW])
    rows = Ticket.objects.filter(near, organisation_id=ticket.organisation_id, id__in=recent)
    if paths and not any(path.count("/") == 2 for path in paths):
        inside = Q()
        for path in paths:
            inside |= Q(unit__path__startswith=path)
        rows = rows.filter(inside)
    found = list(rows.select_related("unit", "feedback").order_by("-resolved_at")[:COMPARED])
    mine = pairs(ticket.feedback.text)
    ranked = [_like(ticket, other, mine) for other in found]
    # who was satisfied teaches more than who was not, then likeness, then the newest
    ranked.sort(key=lambda one: (-one.likeness, one.outcome != "accepted"))
    return ranked[:limit]


def _like(ticket: Ticket, other: Ticket, mine: frozenset[str]) -> Like:
    topics = set(ticket.topics) & set(other.topics)
    place = 0.1 if ticket.touchpoint_id is not None and ticket.touchpoint_id == other.touchpoint_id else 0.0
    likeness = 0.6 * dice(mine, pairs(other.feedback.text)) + (0.3 if topics else 0.0) + place
    option = taken(other)
    return Like(other, likeness, outcome_of(other), option.text if option else "")


def outcome_of(ticket: Ticket) -> str:
    """What became of its solution. Pure."""
    if ticket.n_reopened:
        return "reopened"
    answer = str(ticket.proposal.get("answer", ""))
    return answer if answer in {"accepted", "declined"} else "unknown"


def pairs(text: str) -> frozenset[str]:
    """The pairs of characters of a text, without what separates words. Pure."""
    clean = text[:MOST_CHARACTERS].translate(NOT_CHARACTERS).lower()
    return frozenset(clean[i : i + 2] for i in range(len(clean) - 1))


def dice(one: frozenset[str], two: frozenset[str]) -> float:
    """How much two sets have in common, 0 to 1. Pure."""
    return 2 * len(one & two) / (len(one) + len(two)) if one and two else 0.0


def solution(number: str, ticket: Ticket, *, paths: Sequence[str], currency: str) -> dict[str, str]:
    """The way out of a case shown as similar, for the form of this one: text, kind, amount in `currency` (else left open).

    Of several options the one its customer chose, else the first. Empty when the case is not among them.
    """
    for one in of(ticket, paths=paths):
        if one.ticket.number == number and one.text:
            option = taken(one.ticket)
            is_ours = option is not None and option.currency in {"", currency}
            amount = str(option.amount) if option is not None and option.amount and is_ours else ""
            return {"text": one.text, "kind": option.kind if option else "", "amount": amount}
    return {}


def taken(ticket: Ticket) -> Option | None:
    """The option of its offer that another case can take over: the chosen one, else the first."""
    return offers.chosen(ticket.proposal) or next(iter(offers.options_of(ticket.proposal)), None)
