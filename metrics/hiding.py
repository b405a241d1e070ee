"""Which units' figures would give a hidden one away, whichever way they are asked. Pure; `metrics.series` asks.

A subtree's figure can be asked by itself (`unit=EAST`) and beside its parts (`by=unit`), so what is hidden must not depend
on the question: it is decided on the whole tree, from the top down, per period and for the same other filters.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HIDDEN_BELOW = 5
Place = tuple[str, ...]  # codes from the top; the rows of a unit itself, without those below it, end in ""
OWN = ""


def hidden_places(own: Mapping[Place, int]) -> set[Place]:
    """The places to hide. own: how many answers each unit has itself, by its codes from the top; () has those without one.

    A place with 1 ≤ n < 5 is hidden. Among the parts of a shown place never just one is hidden, and what is hidden can
    always be more at the cost of another hidden one: a hidden cell is known to hold at least one answer, so as many
    answers as cells would tell them all. The smallest others go with them; a hidden place has hidden parts of the same
    kind, or they would tell it. By induction down to single units, no sum of shown places tells a hidden one.
    """
    if all(not n or n >= HIDDEN_BELOW for n in own.values()):
        return set()  # nothing is small anywhere, and a large organisation asks this often
    tree = _Tree({}, {}, {})
    for place, n in own.items():
        if n:
            _add(tree, place, n)
    hidden: set[Place] = {()} if tree.totals and _is_small(tree, ()) else set()
    waiting: list[Place] = [()]
    while waiting:
        place = waiting.pop()
        hidden |= _hidden_parts(tree, place, is_hidden=place in hidden)
        waiting.extend(tree.parts.get(place, set()))
    return hidden


@dataclass(frozen=True)
class _Tree:
    """Per place: answers, units that hold any, and the places right below."""

    totals: dict[Place, int]
    cells: dict[Place, int]
    parts: dict[Place, set[Place]]


def _add(tree: _Tree, place: Place, n: int) -> None:
    steps = [place[:depth] for depth in range(len(place) + 1)] + [(*place, OWN)]
    for above, below in zip(steps, steps[1:], strict=False):
        tree.parts.setdefault(above, set()).add(below)
    for step in steps:
        tree.totals[step] = tree.totals.get(step, 0) + n
        tree.cells[step] = tree.cells.get(step, 0) + 1


def _is_small(tree: _Tree, place: Place) -> bool:
    n = tree.totals[place]
    return n < HIDDEN_BELOW or n == tree.cells[place] > 1


def _hidden_parts(tree: _Tree, place: Place, *, is_hidden: bool) -> set[Place]:
    below = tree.parts.get(place, set())
    found = {part for part in below if _is_small(tree, part)}
    others = sorted(below - found, key=lambda part: (tree.totals[part], part))
    if is_hidden and not found:
        found.update(others[:1])
        del others[:1]
    while found and others and _tells(tree, found, least=1 if is_hidden else 2):
        found.add(others.pop(0))
    return found


def _tells(tree: _Tree, found: set[Place], *, least: int) -> bool:
    """True when what is known of them together, as many answers as cells or one place alone, tells them."""
    return len(found) < least or sum(tree.totals[part] for part in found) == sum(tree.cells[part] for part in found)
