"""Hide small counts, and whatever would give them away: complementary suppression in a table with its sums.

A cell is *primary* when its count is below the floor and not 0. The published figures are linear in the cells (the
cells themselves, sums of groups, the total, which is taken as known). A primary cell is given away when it is a
combination of published figures, or when they leave only one value that it can have. The figure with the least count
that helps is hidden until none is (Willenborg and de Waal 2001, ch. 4: here by exhaustion, the tables being small).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

__all__ = ["withheld"]

Figure = tuple[int, ...]


def withheld(
    counts: Sequence[int], sizes: Sequence[int], sums: Mapping[str, Sequence[int]], floor: int
) -> tuple[set[int], set[str]]:
    """Return the cells and the sums to hide.

    Parameters
    ----------
    counts, sizes
        Events and people of each cell.
    sums
        Name of a published sum to the cells in it. The total of all cells is taken as known.
    floor
        Counts above 0 and below this are hidden.
    """
    primary = {i for i, c in enumerate(counts) if 0 < c < floor}
    cells: set[int] = set(primary)
    # A sum that is itself small tells as much as a small cell.
    names = {k for k, members in sums.items() if 0 < sum(counts[i] for i in members) < floor}
    while True:
        exposed = _exposed(counts, sizes, sums, floor, primary, cells, names)
        if not exposed:
            return cells, names
        options: list[tuple[int, int, int | str]] = [
            (counts[i], 0, i) for i in range(len(counts)) if i not in cells
        ]
        options += [
            (sum(counts[i] for i in members), 1, k) for k, members in sums.items() if k not in names
        ]
        if not options:
            return cells, names
        for _, _, choice in sorted(options, key=lambda o: o[:2]):
            more_cells, more_names = set(cells), set(names)
            (more_names if isinstance(choice, str) else more_cells).add(choice)  # type: ignore[arg-type]
            left = _exposed(counts, sizes, sums, floor, primary, more_cells, more_names)
            if len(left) < len(exposed):
                cells, names = more_cells, more_names
                break
        else:
            # No single figure helps: hide the smallest and look again.
            choice = min(options, key=lambda o: o[:2])[2]
            (names if isinstance(choice, str) else cells).add(choice)  # type: ignore[arg-type]


def _exposed(
    counts: Sequence[int],
    sizes: Sequence[int],
    sums: Mapping[str, Sequence[int]],
    floor: int,
    primary: set[int],
    cells: set[int],
    names: set[str],
) -> set[int]:
    """The primary cells that what is shown gives away."""
    hidden = sorted(cells)
    place = {i: j for j, i in enumerate(hidden)}
    shown = [tuple(range(len(counts)))]
    shown += [tuple(members) for k, members in sums.items() if k not in names]
    # What is known of the hidden cells: each shown sum less its shown cells.
    rows = {frozenset(place[i] for i in members if i in place) for members in shown}
    rows.discard(frozenset())
    rows = _differences(rows)
    known = {row: sum(counts[hidden[j]] for j in row) for row in rows}
    reduced = _reduce(
        [[Fraction(int(j in row)) for j in range(len(hidden))] for row in sorted(rows, key=sorted)]
    )
    exact = {
        hidden[next(j for j, v in enumerate(r) if v)]
        for r in reduced
        if sum(v != 0 for v in r) == 1
    }
    low = [1 if i in primary else 0 for i in hidden]
    high = [floor - 1 if i in primary else sizes[i] for i in hidden]
    _tighten(known, low, high)
    return {i for i in primary if i in exact or low[place[i]] == high[place[i]]}


def _differences(rows: set[frozenset[int]]) -> set[frozenset[int]]:
    """The sums, and what is left of one when another that lies inside it is taken away."""
    held = set(rows)
    while True:
        more = {a - b for a in held for b in held if b < a} - held
        if not more:
            return held
        held |= more


def _reduce(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Reduced row echelon form: a row with one entry is a cell that the rows determine."""
    held = [list(r) for r in rows]
    pivot = 0
    for column in range(len(held[0]) if held else 0):
        found = next((r for r in range(pivot, len(held)) if held[r][column]), None)
        if found is None:
            continue
        held[pivot], held[found] = held[found], held[pivot]
        lead = held[pivot][column]
        held[pivot] = [v / lead for v in held[pivot]]
        for r, row in enumerate(held):
            if r != pivot and row[column]:
                factor = row[column]
                held[r] = [a - factor * b for a, b in zip(row, held[pivot], strict=True)]
        pivot += 1
    return held


def _tighten(known: Mapping[frozenset[int], int], low: list[int], high: list[int]) -> None:
    """Narrow the range of each hidden cell by every known sum, until nothing moves."""
    moved = True
    while moved:
        moved = False
        for row, total in known.items():
            for j in row:
                others = row - {j}
                least = max(low[j], total - sum(high[k] for k in others))
                most = min(high[j], total - sum(low[k] for k in others))
                if (least, most) != (low[j], high[j]):
                    low[j], high[j] = least, most
                    moved = True
