"""Name a browser and its system from its User-Agent, so that people recognise their own. No I/O."""

from __future__ import annotations

BROWSERS = (
    ("MicroMessenger/", "WeChat"), ("WeLink/", "WeLink"), ("DingTalk/", "DingTalk"), ("Lark/", "Feishu"), ("Edg", "Edge"),
    ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip
"""The first match wins, because most browsers also name others."""
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Windows", "Windows"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_name(agent: str) -> str:
    """Return a name such as ``Chrome · Windows``; the start of the User-Agent if nothing matches."""
    names = [next((name for mark, name in patterns if mark in agent), "") for patterns in (BROWSERS, SYSTEMS)]
    return " · ".join(part for part in names if part) or agent[:60]
