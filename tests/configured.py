"""Build settings for a test, named as in the environment: ``configured(fee_share="0.9")`` sets
``settlement.fee_share``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tradepost.market.base.config import Config
from tradepost.market.base.settings.reading import fields_of

CONTEXTS = {name: context for context, name, _field in fields_of(Config)}


def _by_context(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Group settings by context. Raises ``KeyError`` for a setting that does not exist."""
    contexts: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in settings.items():
        contexts[CONTEXTS[name]][name] = value
    return contexts


def configured(**settings: Any) -> Config:
    """Return the settings of the environment, with these values replaced. Raises ``ValidationError``."""
    contexts = _by_context(settings)
    values: dict[str, Any] = {**contexts.pop("", {}), **contexts}
    return Config(**values)


def changed(config: Config, **settings: Any) -> Config:
    """Return a copy of ``config`` with these values replaced. They are not validated."""
    contexts = _by_context(settings)
    groups = {
        context: getattr(config, context).model_copy(update=values) for context, values in contexts.items() if context
    }
    return config.model_copy(update={**contexts[""], **groups})
