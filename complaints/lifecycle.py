"""Which move a ticket's state allows and where it leads. Pure; doors answer `move_not_allowed` with 409."""

from cxms.lib.errors import DomainError

UNSOLVED = frozenset({"new", "handling", "proposed"})
NOT_CLOSED = frozenset({"new", "handling", "proposed", "resolved"})
EVERY = NOT_CLOSED | {"closed"}

# move → (states it is allowed in, state it leads to or None to stay)
MOVES: dict[str, tuple[frozenset[str], str | None]] = {
    "assign": (NOT_CLOSED, None),
    "note": (EVERY, None),
    "reply": (NOT_CLOSED, None),
    "reconstruct": (NOT_CLOSED, None),
    "correct": (EVERY, None),
    "visit": (NOT_CLOSED, None),
    "contact": (NOT_CLOSED, None),
    "propose": (UNSOLVED, "proposed"),
    "ask": (UNSOLVED, None),
    "approve": (UNSOLVED, None),
    "refuse": (UNSOLVED, None),
    "accept": (frozenset({"proposed", "resolved"}), "resolved"),
    "decline": (frozenset({"proposed"}), "handling"),
    "hold": (UNSOLVED, None),
    "resume": (UNSOLVED, None),
    "resolve": (UNSOLVED, "resolved"),
    "rate": (frozenset({"resolved", "closed"}), None),
    "reopen": (frozenset({"resolved", "closed"}), "handling"),
    "reflect": (frozenset({"resolved", "closed"}), None),
    "close": (frozenset({"resolved"}), "closed"),
    "change_severity": (UNSOLVED, None),
    "excuse": (EVERY, None),
    "unexcuse": (EVERY, None),
    "extend": (UNSOLVED, None),
    "repolicy": (UNSOLVED, None),
    "hand_over": (UNSOLVED, None),
    "accept_handover": (UNSOLVED, None),
    "refuse_handover": (UNSOLVED, None),
    "withdraw_handover": (UNSOLVED, None),
    "duplicate": (frozenset({"new", "handling"}), "closed"),
    "unduplicate": (frozenset({"closed"}), "handling"),
    "join_incident": (UNSOLVED, None),
    "leave_incident": (EVERY, None),
    "split": (UNSOLVED, None),
    "linked": (EVERY, None),
    "own": (NOT_CLOSED, None),
    "unassign": (NOT_CLOSED, None),
    "unclose": (frozenset({"closed"}), "resolved"),
    "message": (EVERY, None),
    "notified": (EVERY, None),
}
# the first thing a person does takes a new ticket into hand
TAKES_IN_HAND = frozenset(
    {"assign", "reply", "reconstruct", "hold", "own", "visit", "contact", "hand_over", "accept_handover", "ask"}
)


class MoveNotAllowed(DomainError):
    """The ticket's state forbids the move."""

    code = "move_not_allowed"


def next_state(state: str, move: str) -> str:
    """The state after a move. Raises MoveNotAllowed; KeyError never leaves (an unknown move is not allowed either)."""
    allowed, leads_to = MOVES.get(move, (frozenset(), None))
    if state not in allowed:
        raise MoveNotAllowed(f"{move} is not allowed while {state}", field="move")
    if leads_to is not None:
        return leads_to
    return "handling" if state == "new" and move in TAKES_IN_HAND else state


def allowed_moves(state: str) -> tuple[str, ...]:
    """The moves a state allows, in the table's order."""
    return tuple(move for move, (states, _) in MOVES.items() if state in states)
