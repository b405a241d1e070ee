"""What every page must be, asked in one place: clean under axe in both themes, a quiet console, no sideways scrolling.

With `CXMS_SHOTS=<folder>` every page visited is also kept as a picture, per width, theme and language, to be looked at.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# what a theme can change; all else was asked in the light. Colours hardly know of widths: a narrow page is asked for them
# in the dark, and in the light too on a nightly run
COLOURS = ["color-contrast", "link-in-text-block"]
NIGHTLY = os.environ.get("CXMS_NIGHTLY") == "1"
# fonts are there and two frames were drawn: what a page does by itself on opening has happened
SETTLED = """async () => {
  await document.fonts.ready;
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"


def findings(page: Any, name: str, url: str, *, width: int, opened: str = "") -> list[str]:
    """Opens the page and says what is wrong with it, a line each. opened: a selector of folded parts to look at unfolded."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text) if m.type == "error" and "404" not in m.text else None)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(url)
    _settle(page, opened)
    found = []
    if page.evaluate(SIDEWAYS):
        found.append(f"{name}: scrolls sideways")
    # as tall as its content: where a reader has scrolled to, the sticky bar may cover half a button, and axe says so
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": max(780, min(height + 120, 16_000))})
    found += _axe(page, name, {"type": "tag", "values": RULES}, [] if width > 500 or NIGHTLY else COLOURS)
    _keep(page, f"{name}-{width}-light")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.evaluate(SETTLED)
    found += _axe(page, f"{name} dark", {"type": "rule", "values": COLOURS})
    _keep(page, f"{name}-{width}-dark")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900 if width > 500 else 780})
    if width < 500:
        found += _in_english(page, name, opened)
    return found + [f"{name}: says {text}" for text in said if "status of 40" not in text]


def _axe(page: Any, name: str, only: dict[str, Any], without: list[str] | None = None) -> list[str]:
    found = []
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    # what passed is not told: on a long page it weighs megabytes
    options = {"runOnly": only, "resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in without or []}}
    for violation in page.evaluate("options => axe.run(document, options).then(found => found.violations)", options):
        where = violation["nodes"][0]
        found.append(
            f"{name}: {violation['id']} ×{len(violation['nodes'])} {where['html'][:160]} {where['failureSummary'][:200]}"
        )
    return found


def _settle(page: Any, opened: str) -> None:
    """What comes after the page is there, what is folded is open, and it is drawn."""
    expect(page.locator(".dx-wait")).to_have_count(0)
    if opened:
        assert page.evaluate("which => { const all = [...document.querySelectorAll(which)]; all.forEach(e => { e.open = true }); return all.length }", opened)
    page.evaluate(SETTLED)


def _in_english(page: Any, name: str, opened: str = "") -> list[str]:
    """English has the longest words: a narrow page must hold them."""
    cookie = {"name": "cxms_language", "value": "en", "domain": urlsplit(page.url).hostname, "path": "/"}
    page.context.add_cookies([cookie])
    page.reload()
    _settle(page, opened)
    found = [f"{name}: scrolls sideways in English"] if page.evaluate(SIDEWAYS) else []
    _keep(page, f"{name}-360-english")
    page.context.add_cookies([{**cookie, "value": "zh-hans"}])
    return found


def _keep(page: Any, name: str) -> None:
    if folder := os.environ.get("CXMS_SHOTS"):
        test = Path(os.environ["PYTEST_CURRENT_TEST"].partition("::")[0]).stem.removeprefix("test_looks").strip("_")
        page.screenshot(path=str(Path(folder) / f"{test}-{name.replace('/', '_')}.png"), full_page=True)


def small_targets(page: Any) -> list[str]:
    """On a phone: controls lower than 44 px."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, .btn, input:not([type=hidden]), select, textarea, .cx-tabbar a")]
          .filter(e => e.offsetParent && !e.closest(".pick, [hidden]") && !e.matches(".pick, .form-check-input, .seg input"))
          .map(e => [e.outerHTML.slice(0, 80), (e.matches("[type=checkbox], [type=radio]") && e.closest("label") || e).getBoundingClientRect()])
          .filter(([, r]) => r.width > 1 && r.height < 43.5).map(([h, r]) => Math.round(r.height) + " " + h)"""
    )
    return found
