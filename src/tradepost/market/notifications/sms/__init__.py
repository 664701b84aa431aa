"""Who sends SMS: one folder an adapter, found by its name; adding one edits no other file.

A folder provides ``make(settings) -> SmsAdapter``. Providers in China send templates that they have approved, with variables;
``TRADEPOST_SMS_URL`` names them as options of its URL. What a provider needs beside the standard library is an extra of the
package and is imported when its adapter is made.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from tradepost.market.notifications.sending import PermanentFailure, Sent, TemporaryFailure


class Sms(Struct, frozen=True, kw_only=True):
    """One message. ``code`` is set instead of ``text`` where it tells a code: providers have templates of their own for that."""

    delivery: int
    phone: str
    """In the form +8613800000000."""
    language: str
    text: str = ""
    code: str = ""
    whole: str = ""
    """As a person reads it, where the adapter sends no template."""

    @property
    def english(self) -> bool:
        return not self.language.startswith("zh")


class SmsAdapter(Protocol):
    def send(self, message: Sms) -> Sent | TemporaryFailure | PermanentFailure:
        """One attempt; it may wait for seconds. Never raises for what a provider says or does."""
        ...


class WrongSettings(Exception):
    """An adapter cannot be made of what is set."""


def adapter_names() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules(__path__))


def make_adapter(settings: Mapping[str, Any]) -> SmsAdapter | None:
    """The adapter that is set; None where none is. Raises ``WrongSettings``."""
    name = settings["adapter"]
    if not name:
        return None
    if name not in adapter_names():
        raise WrongSettings(f"there is no SMS adapter {name!r}; there are {', '.join(sorted(adapter_names()))}")
    try:
        adapter: SmsAdapter = importlib.import_module(f"{__name__}.{name}").make(settings)
    except ImportError as missing:
        raise WrongSettings(f"the package of this SMS provider is missing: install tradepost[sms-{name}]") from missing
    return adapter


def option(settings: Mapping[str, Any], name: str) -> str:
    """An option that an adapter cannot do without. Raises ``WrongSettings``."""
    value = settings["options"].get(name, "")
    if not value:
        raise WrongSettings(f"TRADEPOST_SMS_URL lacks ?{name}=…")
    return str(value)


def shorten(text: str, longest: int) -> str:
    """Providers limit a variable of a template: a longer text ends with an ellipsis."""
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
