"""Who may do what: one table, the only source for doors and tests. Roles hold capabilities; API keys hold scopes.

A capability has the same name as the API scope where both exist. A view without a capability fails a test.
"""

from tenancy.enums import Role

A, M, E, R, S, F, Y = (
    Role.ADMIN,
    Role.CX_MANAGER,
    Role.EXECUTIVE,
    Role.REGION_MANAGER,
    Role.STORE_MANAGER,
    Role.FRONTLINE,
    Role.ANALYST,
)

CAPABILITIES: dict[str, frozenset[Role]] = {
    "home:read": frozenset({A, M, E, R, S, F, Y}),
    "feedback:read": frozenset({A, M, E, R, S, F, Y}),
    "feedback:write": frozenset({A, M, R, S, F}),
    "originals:read": frozenset({A, M, R, S}),
    "labels:read": frozenset({A, M, Y}),
    "labels:write": frozenset({A, M, Y}),
    "complaints:read": frozenset({A, M, E, R, S, F}),
    "complaints:write": frozenset({A, M, E, R, S, F}),
    "complaints:manage": frozenset({A, M, E, R, S}),
    "customers:read": frozenset({A, M, E, R, S, F}),
    "customers:write": frozenset({A, M}),
    "events:write": frozenset({A, M}),
    "changes:read": frozenset({A}),
    "metrics:read": frozenset({A, M, E, R, S, Y}),
    "people:read": frozenset({A, M, R, S}),
    "people:decide": frozenset({A, M, R, S}),
    "metrics:raw": frozenset({A}),
    "targets:write": frozenset({A, M}),
    "taxonomy:write": frozenset({A, M}),
    "calendars:write": frozenset({A, M}),
    "policies:write": frozenset({A, M}),
    "webhooks:write": frozenset({A}),
    "privacy:write": frozenset({A}),
    "backdate": frozenset({A}),
    "notices:read": frozenset({A, M, E, R, S, F, Y}),
    "settings:read": frozenset({A, M}),
    "settings:write": frozenset({A, M}),
    "members:write": frozenset({A}),
    "surveys:read": frozenset({A, M, R, S, Y}),
    "surveys:write": frozenset({A, M}),
    "inspections:write": frozenset({A, M, R, S}),
    "imports:write": frozenset({A, M}),
    "journeys:read": frozenset({A, M, E, R, S, Y}),
    "journeys:write": frozenset({A, M}),
    "actions:read": frozenset({A, M, E, R, S, Y}),
    "actions:write": frozenset({A, M, R, S}),
    "reports:read": frozenset({A, M, E, R, S, Y}),
    "reports:write": frozenset({A, M}),
}

API_SCOPES = (
    "feedback:read",
    "feedback:write",
    "originals:read",
    "complaints:read",
    "complaints:write",
    "customers:read",
    "customers:write",
    "events:write",
    "changes:read",
    "metrics:read",
    "metrics:raw",
    "targets:write",
    "taxonomy:write",
    "calendars:write",
    "policies:write",
    "webhooks:write",
    "privacy:write",
    "backdate",
)


def may(roles: set[str], capability: str) -> bool:
    """True when any of the roles holds the capability. Raises KeyError for a capability that is not declared."""
    holders = CAPABILITIES[capability]
    return any(role in holders for role in roles)
