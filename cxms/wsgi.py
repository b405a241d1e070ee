"""The WSGI application gunicorn serves.

Loaded once before the workers are forked (--preload), it gives them a directory in which they add up the figures of
/prometheus; loaded by each for itself, each counts alone.
"""

import atexit
import contextlib
import gc
import os
import shutil
import tempfile

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxms.settings")


def _shared_figures() -> None:
    made, mine = tempfile.mkdtemp(prefix="cxms-figures-"), os.getpid()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = made

    def clear() -> None:
        # the workers inherit this; only who made the directory takes it away
        if os.getpid() == mine:
            shutil.rmtree(made, ignore_errors=True)

    atexit.register(clear)


if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    with contextlib.suppress(OSError):
        _shared_figures()

application = get_wsgi_application()
# loaded once, before the workers part, instead of in each at its first request
_ = get_resolver().url_patterns
# what is loaded now stays: the collector need not look through it again, nor write into pages that the workers share
gc.collect()
gc.freeze()
