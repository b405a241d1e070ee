"""The settings' own vocabulary: the list of pages beside each page."""

from typing import Any

from django import template

from tenancy.enums import Role
from web.clock_face import Face
from web.settings_index import Group, groups

register = template.Library()


@register.simple_tag(takes_context=True)
def settings_groups(context: dict[str, Any]) -> list[Group]:
    """The settings pages this reader may open, in groups."""
    seat = getattr(context["request"], "seat", None)
    return groups(seat) if seat is not None else []


@register.filter
def here(name: str, view_name: str) -> bool:
    """True when a page is the one named or one below it."""
    return view_name == name or view_name.startswith(f"{name}-")


@register.inclusion_tag("_shared/clock.html")
def face(made: Face) -> dict[str, Any]:
    """A face that is already made."""
    return {"face": made, "exact": False}


@register.filter
def indent(depth: int) -> str:
    """A unit's depth in a list of choices, as no-break spaces."""
    return "\u00a0\u00a0" * max(0, depth)


@register.filter
def role_word(role: str) -> str:
    """A role's name."""
    return str(Role(role).label) if role in Role.values else role
