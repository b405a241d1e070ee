"""Which cells of a cut by channel, touchpoint and tier would give a hidden one away, whichever way they are asked. Pure.

A cell can be asked alone (`channel=app`), beside its siblings (`by=channel`), and jointly (`by=channel,tier`), so what is
hidden is decided once, on the whole lattice of one period and the same other filters; `metrics.series` asks.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np

from metrics.hiding import HIDDEN_BELOW

ALL = "\x00all"  # stands where a dimension is not cut; no code holds NUL
MOST_SOLVED = 400
TINY = 1e-9
Cell = tuple[str | None, ...]  # a code per dimension; None: rows without one


def hidden_cells(leaves: Mapping[Cell, int], *, is_refined: bool = False) -> set[Cell]:
    """The cells to hide. leaves: answers of each full cell; margins have ALL where they add up over a dimension.

    is_refined: the same cells are also asked without the last dimension, and what that answer shows or hides stands here.

    A cell with 1 ≤ n < 5 is hidden. Among the parts of a shown cell never just one is hidden, nor as many as their answers; a
    hidden cell has a hidden part along each dimension. Then what is shown is solved as equations: as long as they tell a
    small cell, the smallest shown one that takes part goes with it.
    """
    counts = _margins(leaves)
    hidden = {cell for cell, n in counts.items() if n < HIDDEN_BELOW}
    if not hidden:
        return hidden
    lines, above = _lines(counts), {cell for cell in counts if cell[-1] == ALL} if is_refined else set()
    if is_refined:
        hidden |= {(*cell, ALL) for cell in hidden_cells({cell[:-1]: n for cell, n in counts.items() if ALL not in cell[:-1] and cell[-1] == ALL})}
    pinned = _pinned(above - hidden, lines)
    _close(hidden, lines, counts, pinned)
    while len(leaves) <= MOST_SOLVED and (told := _told(hidden, counts, list(leaves))):
        free = [cell for cell in counts if cell not in hidden | pinned]
        if not free:
            break
        hidden.add(min([cell for cell in free if _meet(cell, told)] or free, key=lambda cell: (cell.count(ALL), counts[cell], _order(cell))))
        _close(hidden, lines, counts, pinned)
    return hidden


def _pinned(shown: set[Cell], lines: list[tuple[Cell, list[Cell]]]) -> set[Cell]:
    """What another answer shows, and what is known to be the same number: the only part of a whole, the whole of an only part."""
    found, n = set(shown), -1
    while len(found) != n:
        n = len(found)
        for whole, parts in lines:
            if len(parts) == 1 and (whole in found or parts[0] in found):
                found |= {whole, parts[0]}
    return found


def _margins(leaves: Mapping[Cell, int]) -> dict[Cell, int]:
    counts: dict[Cell, int] = {}
    for leaf, n in leaves.items():
        if n:
            for cell in product(*((code, ALL) for code in leaf)):
                counts[cell] = counts.get(cell, 0) + n
    return counts


def _lines(counts: Mapping[Cell, int]) -> list[tuple[Cell, list[Cell]]]:
    """Each cell with its parts along one dimension; the widest first."""
    found: dict[tuple[Cell, int], list[Cell]] = {}
    for cell in counts:
        for at, code in enumerate(cell):
            if code != ALL:
                found.setdefault(((*cell[:at], ALL, *cell[at + 1 :]), at), []).append(cell)
    ordered = sorted(found.items(), key=lambda pair: (-pair[0][0].count(ALL), _order(pair[0][0]), pair[0][1]))
    return [(whole, sorted(parts, key=_order)) for (whole, _), parts in ordered]


def _close(
    hidden: set[Cell], lines: list[tuple[Cell, list[Cell]]], counts: Mapping[Cell, int], pinned: set[Cell] | frozenset[Cell] = frozenset()
) -> None:
    changed = True
    while changed:
        changed = False
        for whole, parts in lines:
            inside = [part for part in parts if part in hidden]
            if whole in hidden:
                is_told = not inside
            else:
                is_told = len(inside) == 1 or bool(inside) and sum(counts[part] for part in inside) == len(inside)
            if is_told:
                others = [part for part in parts if part not in hidden | pinned] or [cell for cell in (whole,) if cell not in hidden | pinned]
                hidden.update(sorted(others, key=lambda part: (counts[part], _order(part)))[:1])
                changed = changed or bool(others)


def _told(hidden: set[Cell], counts: Mapping[Cell, int], leaves: list[Cell]) -> Cell | None:
    """A small cell that the shown ones determine, or None: its row lies in the span of theirs."""
    small = sorted((cell for cell in hidden if counts[cell] < HIDDEN_BELOW), key=_order)
    if not small:
        return None
    columns = [leaf for leaf in leaves if leaf in counts]

    def row(cell: Cell) -> list[float]:
        return [float(all(want in (ALL, code) for want, code in zip(cell, leaf, strict=True))) for leaf in columns]

    shown = np.array([row(cell) for cell in counts if cell not in hidden] or [[0.0] * len(columns)])
    _, sizes, turned = np.linalg.svd(shown, full_matrices=True)
    free = turned[int((sizes > TINY).sum()) :]
    return next((cell for cell in small if float(np.abs(free @ np.array(row(cell))).sum()) < TINY), None)


def _meet(cell: Cell, told: Cell) -> bool:
    """True when the two share a leaf."""
    return cell != told and all(a in (ALL, b) or b == ALL for a, b in zip(cell, told, strict=True))


def _order(cell: Cell) -> tuple[tuple[bool, str], ...]:
    return tuple((code is None, code or "") for code in cell)
