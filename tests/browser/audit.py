"""What every page has to hold to, whoever visits it: axe's rules and no scrolling sideways, on a phone and on
a desk, in light and in dark."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from django.urls import resolve
from playwright.sync_api import Page

PHONE, DESK = (390, 844), (1280, 900)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# What axe asks of a whole document; nothing is left out but what passes. In the other scheme a page is the
# same but for its colours.
RUN_AXE = (
    "only => axe.run(document, {resultTypes: ['violations'], ...only}).then(result => result.violations)"
)
ASKED = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}
# axe does not examine what is hidden: details are opened for it, menus (they would cover the page) are not.
OPEN_DETAILS = """() => {
  const closed = [...document.querySelectorAll("details:not([open], [data-menu])")];
  for (const details of closed) details.open = true;
  window.openedForAudit = closed;
}"""
CLOSE_DETAILS = "() => { for (const details of window.openedForAudit) details.open = false; }"
SETTLED = """async () => {
  do {
    await Promise.all(document.getAnimations().map(each => each.finished.catch(() => null)));
    await new Promise(requestAnimationFrame);
  } while (document.getAnimations().length);
}"""
SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  const all = [...document.querySelectorAll("body *")];
  const wide = all.filter(each => each.getBoundingClientRect().right > width + 1);
  return wide.slice(0, 5).map(each => each.outerHTML.slice(0, 120));
}"""
# Which kinds of element a page is made of: another state of the same page has others.
STRUCTURE = """() => [...new Set([...document.querySelectorAll("main *")].map(
  each => each.tagName + "." + each.getAttribute("class")))].sort().join(" ")"""


def view_of(url: str) -> str:
    return resolve(urlsplit(url).path).view_name


@dataclass
class Audit:
    """Collects what is wrong over a whole test. A page in a state that was examined before is not again."""

    done: set[tuple[str, str]]  # names of views and states of their pages
    faults: list[str] = field(default_factory=list)

    def examine(self, page: Page) -> None:
        view = view_of(page.url)
        state = (view, page.evaluate(STRUCTURE))
        if state in self.done:
            return
        self.done.add(state)
        page.evaluate(AXE_SCRIPT)
        with _details_open(page):
            for size in (PHONE, DESK):
                page.set_viewport_size({"width": size[0], "height": size[1]})
                if wide := page.evaluate(SIDEWAYS):
                    self.faults.append(f"{view} scrolls sideways at {size[0]} px: {wide}")
                for scheme in SCHEMES:
                    page.emulate_media(color_scheme=scheme)
                    page.evaluate(SETTLED)
                    where = f"{view} ({page.title()}) at {size[0]} px, {scheme}"
                    self.faults += [
                        f"{where}: {_told(fault)}" for fault in page.evaluate(RUN_AXE, ASKED[scheme])
                    ]
        page.emulate_media(color_scheme="light")

    def has_examined(self, views: set[str]) -> bool:
        return views <= {view for view, _ in self.done}


@contextmanager
def _details_open(page: Page) -> Iterator[None]:
    page.evaluate(OPEN_DETAILS)
    yield
    page.evaluate(CLOSE_DETAILS)


def _told(violation: dict[str, Any]) -> str:
    nodes = [
        f"    {node['html'][:160]}\n      {node['failureSummary'].splitlines()[-1].strip()}"
        for node in violation["nodes"][:4]
    ]
    return "\n".join([f"{violation['id']}, {violation['help']} {json.dumps(violation['impact'])}", *nodes])
