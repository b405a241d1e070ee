"""What every page's frame shows: navigation by capability, the engine's last sweep, unread notices, language, theme."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context of the shell; small for public pages."""
    theme = request.COOKIES.get("cxms_theme", "")
    return {"theme": theme if theme in {"light", "dark"} else "", "languages": settings.LANGUAGES}
