"""Eight at once: the same work by eight threads with connections of their own, as eight workers would do it."""

import threading
from collections.abc import Callable
from typing import Any


def by_eight(work: Callable[[], Any]) -> None:
    """Runs `work` in eight threads and waits; fails with what any of them raised."""
    failures: list[BaseException] = []

    def run() -> None:
        from django.db import connection

        try:
            work()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
