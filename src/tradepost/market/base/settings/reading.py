"""Read the settings of all contexts from flat names: ``TRADEPOST_FEE_SHARE`` becomes ``settlement.fee_share``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from .group import Group

PREFIX = "TRADEPOST_"


def fields_of(settings: type[BaseModel]) -> Iterator[tuple[str, str, FieldInfo]]:
    """Yield the context, the name and the definition of each setting. The context is empty for settings that all share."""
    for name, field in settings.model_fields.items():
        if (group := _group(field)) is not None:
            yield from ((name, setting_name, definition) for setting_name, definition in group.model_fields.items())
        else:
            yield "", name, field


def is_context(settings: type[BaseModel], name: str) -> bool:
    """Return whether a field of the settings is the group of a context."""
    field = settings.model_fields.get(name)
    return field is not None and _group(field) is not None


def _group(field: FieldInfo) -> type[Group] | None:
    group = field.annotation
    return group if isinstance(group, type) and issubclass(group, Group) else None


def variables(name: str, field: FieldInfo) -> tuple[str, ...]:
    """Return the environment variables of a setting. The first that is set is used."""
    choices = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else ()
    return tuple(map(str, choices)) or (f"{PREFIX}{name.upper()}",)


def by_context(settings: type[BaseModel], values: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the texts that are set under their contexts. ``values``: variables, with names in lower case."""
    texts_by_context: dict[str, Any] = {}
    for context, name, field in fields_of(settings):
        texts = (values.get(variable.lower()) for variable in variables(name, field))
        text = next((text for text in texts if text is not None), None)
        if text is not None:
            (texts_by_context.setdefault(context, {}) if context else texts_by_context)[name] = text
    return texts_by_context
