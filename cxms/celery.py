"""The Celery application: executor only. PostgreSQL is the queue, Redis the doorbell."""

import os
from threading import Thread
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxms.settings")

from django.conf import settings

app = Celery("cxms")
app.conf.update(
    broker_url=settings.REDIS_URL,
    task_default_queue="cxms",
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=0.5,
    broker_transport_options={
        "visibility_timeout": 120,
        "socket_timeout": 5,
        "socket_connect_timeout": 0.5,
        "max_retries": 0,
    },
    worker_hijack_root_logger=False,
    worker_soft_shutdown_timeout=10,
)
app.autodiscover_tasks()


@worker_process_init.connect  # Celery's own life-cycle hook, not a domain signal
def _poll(**_: Any) -> None:
    from feedback.nlp import warm_up  # noqa: PLC0415  apps are ready only now
    from ledger.tasks import start_polling  # noqa: PLC0415

    # the first voices do not wait for what reads them; nor does work of other kinds
    Thread(target=warm_up, name="warm-up", daemon=True).start()
    start_polling()
