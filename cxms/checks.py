"""System checks of the whole house: every follower, timer and pump named in `cxms/flows.py` can be loaded."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from cxms.flows import FLOWS, PUMPS, TIMERS


@register()
def flows_can_be_loaded(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An arrow that leads nowhere is an error at start, not in the night."""
    paths = [flow.handler for flow in FLOWS]
    paths += [path for timer in TIMERS for path in (timer.organisations, timer.run, timer.next_at) if path]
    paths += [pump.run for pump in PUMPS]
    found: list[CheckMessage] = []
    for path in paths:
        try:
            import_string(path)
        except ImportError as error:
            found.append(Error(f"cxms/flows.py names {path}: {error}", id="cxms.E001"))
    return found
