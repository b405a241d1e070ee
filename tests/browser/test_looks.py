"""Every page: no axe finding, no sideways scrolling, nothing in the console, light and dark, desk and phone."""

import pytest

from complaints import links, moves
from ledger import runner
from tests.browser import looks

PAGES = (
    "home", "executive", "desk", "empty", "recon", "solution", "reflection", "all", "log", "done", "notices", "login",
    "reset", "customer", "gone", "missing", "denied", "feedback", "nps",
)  # fmt: skip


@pytest.fixture
def addresses(shop, complain, work):
    """Each page's reader and address, over complaints in several states."""
    ticket = complain(severity="high")
    complain("退款九天没有到账", unit="S002")
    work()
    with shop.scope():
        for move, fields in (
            ("assign", {"assignee": shop.members["frontline"].user.email}),
            ("reply", {"text": "您好，我们正在核实"}),
            ("propose", {"text": "换新机\n延保六个月", "compensation": "也可以退款", "wait": True}),
        ):
            moves.apply(ticket.id, move, fields, organisation=shop.id, actor="user:x", actor_name="唐雨")
    runner.beat("clockwork")
    case = f"/promises/{ticket.number}/"
    return {
        "home": ("cx_manager", "/"),
        "executive": ("executive", "/"),
        "desk": ("cx_manager", "/promises/"),
        "empty": ("cx_manager", "/promises/?view=resolved"),
        "recon": ("cx_manager", f"{case}?tab=recon"),
        "solution": ("cx_manager", f"{case}?tab=solution"),
        "reflection": ("cx_manager", f"{case}?tab=reflection"),
        "all": ("cx_manager", f"{case}?tab=all"),
        "log": ("frontline", "/log/"),
        "done": ("frontline", f"/log/done/{ticket.number}/"),
        "notices": ("executive", "/notices/"),
        "login": ("", "/accounts/login/"),
        "reset": ("", "/accounts/password/reset/"),
        "customer": ("", f"/p/{links.token_for(ticket.id, organisation=shop.id)}/"),
        "gone": ("", "/p/nothing/"),
        "missing": ("cx_manager", "/promises/C-000000-000/"),
        "denied": ("analyst", "/promises/"),
        "feedback": ("cx_manager", "/feedback/"),
        "nps": ("cx_manager", "/metrics/nps"),
    }


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(addresses, visit, width):
    found = []
    pages = {role: visit(role, width=width) for role in {role for role, _ in addresses.values()}}
    for name in PAGES:
        role, url = addresses[name]
        found += looks.findings(pages[role], name, url, width=width)
    assert found == []


@pytest.mark.parametrize("name", ["home", "desk", "recon", "solution", "log", "done", "notices", "login", "customer"])
def test_fingers_find_their_targets_on_a_phone(addresses, visit, name):
    role, url = addresses[name]
    page = visit(role, width=360)
    page.goto(url)
    assert looks.small_targets(page) == []
