"""Sections of a draft with plain inputs: reading them from a form, and rendering them.

A draft may be incomplete or wrong; only values that it cannot store are refused. Prices have their own form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.models import Picture
from tradepost.market.base.values import members, replace
from tradepost.market.catalog.document import (
    Base,
    Description,
    Details,
    Discovery,
    Document,
    ExtendParam,
    Guide,
    Media,
    Purchase,
    Support,
)
from tradepost.protocols.text import Text

from .draft_inputs import InputErrors, InputView, Words
from .draft_questions import GROUPS, MAX_HIGHLIGHTS, MAX_PARAMS, MAX_PICTURES, DraftQuestion, Group

MAX_TAGS = 10


class InputTooLong(Exception):  # carries the errors
    """Values that a draft cannot store. ``errors``: input → message."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(sorted(errors)))
        self.errors = errors


# --- from a form ------------------------------------------------------------------------------------------------------


def read(section: str, post: Mapping[str, str], before: Document) -> Any:
    """Read a section from a form. The caller checks who owns the named pictures. Raises ``InputTooLong``."""
    typed = {name: _clean(post.get(name, "")) for name in _names(section)}
    _check_lengths(section, typed)
    value = _READERS[section](typed)
    # A drawing has no input, so it is kept.
    return replace(value, drawing=before.media.drawing) if isinstance(value, Media) else value


def _names(section: str) -> Iterator[str]:
    for group in GROUPS[section]:
        for ask in group.asks:
            yield from ask.names()


def _clean(text: str) -> str:
    """Remove NUL, which PostgreSQL cannot store, and normalise line ends."""
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def _check_lengths(section: str, typed: Mapping[str, str]) -> None:
    errors = {
        name: _("At most %(most)s characters. You entered %(are)s.") % {"most": ask.longest, "are": len(typed[name])}
        for group in GROUPS[section]
        for ask in group.asks
        for name in ask.names()
        if len(typed[name]) > ask.longest
    }
    if errors:
        raise InputTooLong(errors)


def _text(typed: Mapping[str, str], name: str) -> Text:
    return Text(zh=typed[f"{name}.zh"], en=typed[f"{name}.en"])


def _texts(typed: Mapping[str, str], name: str, count: int) -> tuple[Text, ...]:
    texts = (_text(typed, f"{name}.{n}") for n in range(count))
    return tuple(text for text in texts if text.zh or text.en)


def _base(typed: Mapping[str, str]) -> Base:
    return Base(
        name=_text(typed, "name"), summary=_text(typed, "summary"),
        highlights=_texts(typed, "highlights", MAX_HIGHLIGHTS), category=typed["category"],
    )  # fmt: skip


def _media(typed: Mapping[str, str]) -> Media:
    return Media(logo=typed["logo"], pictures=_pictures(typed))


def _pictures(typed: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sha256 for n in range(MAX_PICTURES) if (sha256 := typed[f"pictures.{n}"])))


def _description(typed: Mapping[str, str]) -> Description:
    return Description(body=_text(typed, "body"), pictures=_pictures(typed))


def _guide(typed: Mapping[str, str]) -> Guide:
    return Guide(body=_text(typed, "body"))


def _support(typed: Mapping[str, str]) -> Support:
    return Support(
        hours=_text(typed, "hours"), content=_text(typed, "content"), email=typed["email"], phone=typed["phone"]
    )


def _purchase(typed: Mapping[str, str]) -> Purchase:
    params = (
        ExtendParam(
            name=typed[f"extend_params.{index}.name"], label=_text(typed, f"extend_params.{index}.label"),
            required=bool(typed[f"extend_params.{index}.required"]),
        )
        for index in range(MAX_PARAMS)
    )  # fmt: skip
    return Purchase(
        extend_params=tuple(
            param for param in params if param.name or param.label.zh or param.label.en or param.required
        ),
        asks_mobile=bool(typed["asks_mobile"]), asks_email=bool(typed["asks_email"]),
        asks_user=bool(typed["asks_user"]), terms=_text(typed, "terms"),
        access_by_message=bool(typed["access_by_message"]), public=bool(typed["public"]),
    )  # fmt: skip


def _discovery(typed: Mapping[str, str]) -> Discovery:
    tags = dict.fromkeys(
        tag for part in typed["tags"].replace("，", ",").replace("、", ",").split(",") if (tag := part.strip())
    )
    return Discovery(keywords=_text(typed, "keywords"), tags=tuple(tags)[:MAX_TAGS])  # fmt: skip


_READERS: Mapping[str, Any] = {
    "base": _base, "media": _media, "description": _description, "guide": _guide, "support": _support,
    "purchase": _purchase, "discovery": _discovery,
}  # fmt: skip


# --- to a form --------------------------------------------------------------------------------------------------------


def input_values(value: object) -> dict[str, str]:
    """Return the inputs of a section's value."""
    return dict(_flatten("", value))


def _flatten(name: str, value: object) -> Iterator[tuple[str, str]]:
    match value:
        case Text():
            yield f"{name}.zh", value.zh
            yield f"{name}.en", value.en
        case bool():
            yield name, "1" if value else ""
        case str():
            yield name, value
        case tuple() if name == "tags":
            yield name, ", ".join(value)
        case tuple():
            for number, item in enumerate(value):
                yield from _flatten(f"{name}.{number}", item)
        case Mapping():
            for key, item in value.items():
                yield from _flatten(f"{name}.{key}", item)
        case (
            Base()
            | Media()
            | Description()
            | Guide()
            | Support()
            | Purchase()
            | Details()
            | Discovery()
            | ExtendParam()
        ):
            for member in members(type(value)):
                yield from _flatten(f"{name}.{member}" if name else member, getattr(value, member))


class GroupView(Struct, frozen=True, kw_only=True):
    title: Words
    help: Words
    lines: Sequence[Sequence[InputView]]
    """Rows of one input, or of two for both languages."""
    pictures: Sequence[Picture | object] = ()


def group_views(
    groups: Iterable[Group],
    values: Mapping[str, str],
    wrong: InputErrors,
    *,
    choices: Mapping[str, Sequence[tuple[str, Words]]],
) -> list[GroupView]:
    """Return the inputs of plain groups. ``choices``: options by input name."""
    return [
        GroupView(
            title=group.title,
            help=group.help,
            lines=[list(_question_inputs(ask, values, wrong, choices)) for ask in group.asks if not ask.purpose],
        )
        for group in groups
    ]


def _question_inputs(
    ask: DraftQuestion,
    values: Mapping[str, str],
    wrong: InputErrors,
    choices: Mapping[str, Sequence[tuple[str, Words]]],
) -> Iterator[InputView]:
    for name in ask.names():
        yield InputView(
            name=name, label=ask.label, value=values.get(name, ""), help=ask.help, look=ask.look, longest=ask.longest,
            language=name.rpartition(".")[2] if ask.both else "", choices=choices.get(ask.name, ()),
            required=ask.required, errors=[*wrong.at(name), *(wrong.at(ask.name) if ask.both and name.endswith(".zh") else ())],
        )  # fmt: skip
