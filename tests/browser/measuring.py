"""Find accessibility faults of a page in chromium: violations of axe's rules, targets that are too small, invisible
focus.
"""

from __future__ import annotations

from typing import Any, Literal

from playwright.sync_api import Page

from tests.browser.running import ROOT

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""Rules whose result depends on the theme."""
NAMES = ["label-content-name-mismatch"]
"""Listed explicitly, since axe calls it experimental: a person who says the word on a button activates it."""
THEMES: tuple[tuple[Literal["light", "dark"], list[str]], ...] = (("light", RULES), ("dark", COLOURS))
FINE, COARSE = 24, 44
"""Minimum width and height of a target in pixels, for a mouse (WCAG 2.5.8) and for a finger (pages.md, *Access*)."""
SHOWN = 3
"""Number of elements that are reported for each rule."""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Resolves after the page handled its new width and closed its menu."""

UNFOLD = """() => { for (const part of document.querySelectorAll('main details:not(.tp-fold, .sf-sheet)')) part.open = true; }"""
NAME = """const name = e => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + [...e.classList].map(c => '.' + c).join('')
    + ' “' + (e.getAttribute('aria-label') || e.textContent || e.name || '').trim().replace(/\\s+/g, ' ').slice(0, 30) + '” in '
    + [...(e.parentElement?.closest('[class]')?.classList || [])].map(c => '.' + c).join('');
  const CONTROL = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=option], [tabindex="0"]';
  const top = document.querySelector('dialog[open]') || document;
  const controls = [...top.querySelectorAll(CONTROL)].filter(e => !e.disabled && e.checkVisibility({visibilityProperty: true}));"""

SMALL = f"""([least, frame]) => {{ {NAME}
  const box = e => {{
    const boxes = [e, ...(e.matches('input') ? e.labels || [] : []), ...(e.matches('input') ? [e.closest('label')] : [])]
      .filter(Boolean).flatMap(one => [...one.getClientRects()]).filter(one => one.width && one.height);
    return [Math.max(0, ...boxes.map(one => one.right)) - Math.min(1e6, ...boxes.map(one => one.left)),
            Math.max(0, ...boxes.map(one => one.bottom)) - Math.min(1e6, ...boxes.map(one => one.top))];
  }};
  // WCAG 2.5.8: a link in a sentence is as high as its line.
  const inText = e => {{
    if (!e.matches('a') || getComputedStyle(e).display !== 'inline') return false;
    const around = e.parentElement.closest('p, li, dd, dt, td, th, label, span, div, legend, h1, h2, h3');
    return [...around.childNodes].some(n => n !== e && !n.contains?.(e) && n.textContent.trim().length > 1);
  }};
  // What lies above it belongs to it too: a row or card that one link covers.
  const covers = e => ['::before', '::after'].some(part => {{
    const style = getComputedStyle(e, part);
    return style.content !== 'none' && style.position === 'absolute' && parseFloat(style.width) >= least && parseFloat(style.height) >= least;
  }});
  const isPart = e => !e.matches('a, button, input, select, textarea, summary, [role]:not([role=region], [role=group])'); // scrolled, not pressed
  return controls.filter(e => (frame || e.closest('main, dialog')) && !isPart(e)).filter(e => !e.closest('.tp-skip, .visually-hidden')).filter(e => {{
    const [width, height] = box(e);
    return width > 1 && height > 1 && (width < least - 0.5 || height < least - 0.5) && !inText(e) && !covers(e);
  }}).map(e => `${{box(e).map(Math.round).join(' × ')}} px: ${{name(e)}}`);
}}"""

UNSEEN = f"""() => {{ {NAME}
  const quiet = new CSSStyleSheet();
  quiet.replaceSync('*, ::before, ::after {{ transition: none !important; animation: none !important; }}');
  document.adoptedStyleSheets = [quiet];
  const look = e => [e, e.nextElementSibling, e.closest('label'), ...(e.labels || []), e.parentElement].filter(Boolean)
    .map(one => getComputedStyle(one)).map(s => [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor].join()).join('|');
  document.activeElement?.blur();
  const before = new Map(controls.map(e => [e, look(e)]));
  const unseen = controls.filter(e => {{
    e.focus({{focusVisible: true, preventScroll: true}});
    return document.activeElement === e && look(e) === before.get(e);
  }});
  document.activeElement?.blur();
  document.adoptedStyleSheets = [];
  return unseen.map(name);
}}"""


def violations(page: Page, rules: list[str], within: str = "") -> list[str]:
    """Return what axe finds on the page, or in the part that ``within`` selects."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)  # through the debugger, which the page's policy does not restrict
    found: list[dict[str, Any]] = page.evaluate(
        """([rules, within]) => axe.run(within ? document.querySelector(within) : document,
             {runOnly: rules, resultTypes: ['violations']}).then(r => r.violations)""",
        [rules, within],
    )
    return [
        f"{rule['id']}: {rule['help']}: {node['target']} {node['any'][0]['message'] if node['any'] else ''}"
        for rule in found
        for node in rule["nodes"][:SHOWN]
    ]


def small_targets(page: Page, least: int, *, frame: bool = True) -> list[str]:
    """Return controls that are smaller than ``least`` pixels in one direction. ``frame``: include those around the
    content."""
    found: list[str] = page.evaluate(SMALL, [least, frame])
    return [f"target below {least} px: {control}" for control in found]


def invisible_focus(page: Page) -> list[str]:
    """Return controls that look the same with and without the focus."""
    found: list[str] = page.evaluate(UNSEEN)
    return [f"focus does not show: {control}" for control in found]


def dialogs_of(page: Page) -> list[str]:
    """Return a selector for each dialog of the page."""
    names: list[str] = page.evaluate("() => [...document.querySelectorAll('dialog[id]')].map(dialog => dialog.id)")
    return [f'dialog[id="{name}"]' for name in names]


def open_dialog(page: Page, selector: str) -> None:
    """Open only this dialog. Without a selector, close all."""
    page.evaluate(
        """selector => { for (const open of document.querySelectorAll('dialog[open]')) open.close();
             if (selector) document.querySelector(selector).showModal(); document.activeElement?.blur(); }""",
        selector,
    )
