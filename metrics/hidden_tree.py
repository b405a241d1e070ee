"""Which places of an organisation's tree are hidden, per bucket: the units' own cells, and where each unit hangs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from metrics.hiding import HIDDEN_BELOW, Place, hidden_places

Code = str | None


@dataclass(frozen=True)
class Hidden:
    """The places of the whole tree to hide, by the bucket's first day; paths: where each unit hangs. Both empty: nothing is small."""

    places: Mapping[date, set[Place]]
    paths: Mapping[Code, Place]


def hidden_tree(counts: Mapping[tuple[Any, ...], int], organisation: int) -> Hidden:
    """Of the n of every cell of the whole tree by unit: (bucket, code) → n."""
    if not any(1 <= n < HIDDEN_BELOW for n in counts.values()):
        return Hidden({}, {})  # nothing is small anywhere, and a large organisation asks this often
    paths = unit_paths(organisation)
    own: dict[date, dict[Place, int]] = {}
    for (bucket, code), n in counts.items():
        if n:
            own.setdefault(bucket, {})[paths.get(code, ())] = n
    return Hidden({bucket: hidden_places(found) for bucket, found in own.items()}, paths)


def unit_paths(organisation: int) -> dict[Code, Place]:
    """Where each unit hangs today, as codes from the top."""
    with connection.cursor() as cursor:
        cursor.execute("select code, path from tenancy_unit where organisation_id = %s", [organisation])
        return {code: tuple(path.strip("/").split("/")) for code, path in cursor.fetchall()}
