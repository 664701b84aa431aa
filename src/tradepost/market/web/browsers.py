"""A browser in two words, by what it says it is: enough for somebody to know their own. No I/O."""

from __future__ import annotations

NAMES = (
    ("MicroMessenger/", "WeChat"), ("WeLink/", "WeLink"), ("DingTalk/", "DingTalk"), ("Lark/", "Feishu"), ("Edg", "Edge"),
    ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip
"""The first that is found counts: most say that they are others as well."""
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Windows", "Windows"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def in_words(agent: str) -> str:
    """``Chrome · Windows``; the beginning of what it says where nothing of that is known, empty for nothing."""
    found = [next((name for mark, name in known if mark in agent), "") for known in (NAMES, SYSTEMS)]
    return " · ".join(word for word in found if word) or agent[:60]
