"""Which failed tests may be asked once more alone: those that race real processes or a real browser against a clock.

`python -m cxms.env.second_look` prints their names, one a line, and ends with 0; with 1 when there is nothing to ask again:
a failure elsewhere, or more than a few, is a verdict. Called by `bin/test`, which says what it asked twice.
"""

import json
import sys
from pathlib import Path

CACHE = Path(".pytest_cache/v/cache/lastfailed")
RACING = ("tests/chaos/", "tests/browser/")
MOST = 3


def again(failed: list[str]) -> list[str]:
    """The tests to ask again: all that failed, when they are few and each of them races; else none."""
    return failed if 0 < len(failed) <= MOST and all(name.startswith(RACING) for name in failed) else []


def main() -> int:
    """Prints what to ask again. Returns 0 when there is something."""
    found = again(sorted(json.loads(CACHE.read_text()))) if CACHE.exists() else []
    print("\n".join(found))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
