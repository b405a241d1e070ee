"""Every page: no axe finding, no sideways scrolling, nothing in the console, light and dark, desk and phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from complaints import links, moves
from ledger import runner

PAGES = (
    "home", "executive", "desk", "empty", "recon", "solution", "reflection", "all", "log", "done", "notices", "login",
    "reset", "customer", "gone", "missing", "denied", "feedback", "nps",
)  # fmt: skip
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(addresses, visit, width, dark):
    found = []
    pages = {role: visit(role, width=width, dark=dark) for role in {role for role, _ in addresses.values()}}
    for name in PAGES:
        role, url = addresses[name]
        page = pages[role]
        said = []
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.on("console", lambda m, said=said: said.append(m.text) if m.type == "error" and "404" not in m.text else None)
        page.goto(url)
        page.wait_for_timeout(300)
        found += [f"{name}: says {text}" for text in said if "status of 40" not in text]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{name}: scrolls sideways")
        # as tall as its content: where a reader has scrolled to, the sticky bar may cover half a button, and axe says so
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": max(780, min(height + 120, 6000))})
        for violation in Axe().run(page, options=RULES).response["violations"]:
            where = violation["nodes"][0]
            found.append(f"{name}: {violation['id']} ×{len(violation['nodes'])} {where['html'][:160]} {where['failureSummary'][:200]}")
        page.set_viewport_size({"width": width, "height": 900 if width > 500 else 780})
    assert found == []


@pytest.mark.parametrize("name", ["home", "desk", "recon", "solution", "log", "done", "notices", "login", "customer"])
def test_fingers_find_their_targets_on_a_phone(addresses, visit, name):
    role, url = addresses[name]
    page = visit(role, width=360)
    page.goto(url)
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .btn, input:not([type=hidden]), select, textarea, .cx-tabbar a")]
          .filter(e => e.offsetParent && !e.closest(".pick, [hidden]") && !e.matches(".pick, .form-check-input, .seg input"))
          .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
          .filter(([, r]) => r.width > 1 && r.height < 43.5).map(([h, r]) => Math.round(r.height) + " " + h)"""
    )
    assert small == []
