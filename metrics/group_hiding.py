"""Which groups of hierarchies would give a hidden figure away, beside the units and the other groups that are shown. Pure.

A group's figure can be asked alone, beside its siblings, above its parts, beside the organisation's own tree and beside the
other hierarchies, all of the same rows. The tree is settled first (`metrics.hiding`); then each hierarchy in turn, from the
top down and the largest first: a group is shown when what is shown already and it together, solved as equations, tell no
small cell. What the tree's own answers tell of a group without any answer by group is not taken back from the tree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.hiding import HIDDEN_BELOW, OWN, Place

MOST_SOLVED = 1500
TINY = 1e-6
Path = tuple[str, ...]
Atom = tuple[Place, tuple[Path, ...]]  # a unit's place in the tree, and its leaf in each hierarchy
Cell = tuple[int, Path, Place | None]  # which hierarchy, the group, and one unit's part of it (None: all of the group)


def hidden_groups(atoms: Mapping[Atom, int], hidden: set[Place]) -> set[Cell]:
    """The cells to hide. atoms: answers by unit and groups; hidden: the tree's hidden places of the same rows.

    Shown is what has five answers or more, tells no cell with 1 ≤ n < 5, and is not known to be one answer from each of
    several hidden units.
    """
    rows = {atom: n for atom, n in atoms.items() if n}
    cells, places = _cells(rows), _places(rows)
    totals = {key: sum(rows[atom] for atom in inside) for key, inside in cells.items()}
    small = {key for key, n in totals.items() if n < HIDDEN_BELOW}
    if not small and not hidden:
        return set()
    known = [inside for place, inside in places.items() if place not in hidden]
    told = {atom for inside in known if len(inside) == 1 for atom in inside}
    guarded = [inside for place, inside in places.items() if place in hidden and sum(rows[a] for a in inside) < HIDDEN_BELOW]
    guarded += [cells[key] for key in small]
    wanted = sorted((key for key in cells if key not in small), key=lambda key: _order(key, totals[key]))
    solver = _Solver.of([inside - told for inside in known], [cells[key] - told for key in wanted], [inside - told for inside in guarded])
    for key in wanted:
        left = cells[key] - told
        units = len({place for place, _ in left})
        if (left and sum(rows[atom] for atom in left) == units > 1) or not solver.takes(left):
            small.add(key)
    return small


def _order(key: Cell, n: int) -> tuple[bool, int, int, int, Path, Place]:
    at, path, place = key
    return (place is not None, at, len(path), -n, path, place or ())


def _cells(rows: Iterable[Atom]) -> dict[Cell, set[Atom]]:
    """Every group at every level, and the parts of units that belonged to several of a level."""
    found: dict[Cell, set[Atom]] = {}
    whole: dict[Place, set[Atom]] = {}
    for atom in rows:
        whole.setdefault(atom[0], set()).add(atom)
        for at, leaf in enumerate(atom[1]):
            for depth in range(1, len(leaf) + 1):
                found.setdefault((at, leaf[:depth], None), set()).add(atom)
    for key, inside in list(found.items()):
        for place in {atom[0] for atom in inside}:
            mine = {atom for atom in inside if atom[0] == place}
            if mine != whole[place]:
                found[key[0], key[1], place] = mine
    return found


def _places(rows: Iterable[Atom]) -> dict[Place, set[Atom]]:
    found: dict[Place, set[Atom]] = {}
    for atom in rows:
        place = atom[0]
        for step in [place[:depth] for depth in range(len(place) + 1)] + [(*place, OWN)]:
            found.setdefault(step, set()).add(atom)
    return found


Vector = NDArray[np.float64]


@dataclass
class _Solver:
    """The span of what is shown, over classes of atoms that no question tells apart.

    basis: orthonormal rows; guarded: the classes of each guarded cell, and lengths how many; inside: how
    much of that lies in the span, never all.
    """

    of_atom: Mapping[Atom, int]
    sizes: Vector
    basis: Vector
    guarded: Vector
    lengths: Vector
    inside: Vector
    is_solved: bool

    @classmethod
    def of(cls, known: Sequence[set[Atom]], wanted: Sequence[set[Atom]], guarded: Sequence[set[Atom]]) -> "_Solver":
        """What is known before any group is shown."""
        marks: dict[Atom, list[int]] = {}
        for index, inside in enumerate([*known, *wanted]):
            for atom in inside:
                marks.setdefault(atom, []).append(index)
        classes: dict[tuple[int, ...], int] = {}
        of_atom = {atom: classes.setdefault(tuple(found), len(classes)) for atom, found in marks.items()}
        sizes = np.bincount(list(of_atom.values()), minlength=len(classes)).astype(float)
        nothing = np.zeros((0, len(classes)))
        made = cls(of_atom, sizes, nothing, nothing, np.zeros(0), np.zeros(0), len(classes) <= MOST_SOLVED)
        if not made.is_solved or not classes:
            return made
        lines = np.array([made.row(inside) for inside in known if inside] or [np.zeros(len(classes))])
        _, strengths, turned = np.linalg.svd(lines, full_matrices=False)
        made.basis = turned[strengths > TINY]
        rows = [made.row(inside) for inside in guarded if inside and made.is_union(inside)]
        made.guarded = np.array(rows) if rows else nothing
        made.inside = ((made.guarded @ made.basis.T) ** 2).sum(axis=1)
        made.lengths = made.guarded.sum(axis=1)
        kept = made.lengths - made.inside > TINY
        made.guarded, made.lengths, made.inside = made.guarded[kept], made.lengths[kept], made.inside[kept]
        return made

    def row(self, inside: set[Atom]) -> Vector:
        """A set of atoms over the classes."""
        found = np.zeros(len(self.sizes))
        found[list({self.of_atom[atom] for atom in inside})] = 1.0
        return found

    def is_union(self, inside: set[Atom]) -> bool:
        """Whether it holds classes whole; another set no sum of questions can tell."""
        if any(atom not in self.of_atom for atom in inside):
            return False
        return len(inside) == int(self.sizes[list({self.of_atom[atom] for atom in inside})].sum())

    def takes(self, inside: set[Atom]) -> bool:
        """Shows a group if that tells nothing; too many unknowns to solve show none."""
        if not inside:
            return True
        if not self.is_solved:
            return False
        row = self.row(inside)
        for _ in range(2):
            row = row - self.basis.T @ (self.basis @ row)
        length = float(np.linalg.norm(row))
        if length < TINY:
            return True
        row = row / length
        told = self.inside + (self.guarded @ row) ** 2
        if bool((self.lengths - told < TINY).any()):
            return False
        self.basis, self.inside = np.vstack([self.basis, row]), told
        return True
