"""What a form shows when its page is drawn: values, what is wrong with them, and what stands now if somebody was faster."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError


@dataclass(frozen=True)
class Form:
    """values: by field; wrong: a sentence by field; said: a refusal that names no field; present: what stands now."""

    values: Mapping[str, Any]
    wrong: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    present: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""

    @property
    def status(self) -> int:
        """409 when somebody was faster, 400 when something is wrong, else 200."""
        if self.code == "stale":
            return 409
        return 400 if self.wrong or self.said else 200

    def refused(self, error: DomainError, present: Mapping[str, Any] | None = None) -> "Form":
        """The same values with the reason beside the field it names, or above the form."""
        # a pure module marks its sentences without translating them; a translated one stays as it is
        message = _(str(error.message))
        name = next((part for part in reversed(str(error.field).split(".")) if part in self.values), "")
        if name and name != "version":
            return replace(self, wrong={**self.wrong, name: message}, code=error.code)
        return replace(self, said=message, code=error.code, present=dict(present or {}))


def text(request: HttpRequest, name: str, most: int = 200) -> str:
    """One line of a form, trimmed, without what PostgreSQL cannot hold."""
    return " ".join(request.POST.get(name, "").replace("\x00", "").split())[:most]


def typed(request: HttpRequest, *names: str, most: int = 200) -> dict[str, str]:
    """Several lines of a form."""
    return {name: text(request, name, most) for name in names}


def version(request: HttpRequest) -> int:
    """The version a form was opened on; 0, which no row has, for none."""
    value = request.POST.get("version", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def key_of(request: HttpRequest, organisation: int) -> uuid.UUID:
    """The key of what a form makes, drawn from the form's own token: the same form sent twice makes one thing."""
    return uuid.uuid5(uuid.UUID(int=organisation), text(request, "token", 64) or uuid.uuid4().hex)
