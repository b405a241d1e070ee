"""Named places where a test may kill the process, as `kill -9` would: CXMS_FAILPOINT=name:nth.

Random kills miss windows of microseconds; enumerated ones do not. Costs one comparison when unset.
"""

import os
import signal

_name, _, _nth = os.environ.get("CXMS_FAILPOINT", "").partition(":")
_left = int(_nth or 1)


def reach(name: str) -> None:
    """Dies here by SIGKILL when the environment asks for the nth passage of this name."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
