"""The sections of a draft that are plain inputs: what each asks, how it is read from a form, and how it is shown again.

A draft keeps what is unfinished and wrong; refused here is only what no draft could hold. Prices have a form of their own.
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

from .draft_inputs import Shown, Words, Wrong
from .draft_questions import GROUPS, MOST_HIGHLIGHTS, MOST_PARAMS, MOST_PICTURES, Ask, Group

MOST_TAGS = 10


class TooLong(Exception):  # it says which
    """No draft could hold this. ``errors``: input → words."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(sorted(errors)))
        self.errors = errors


# --- from a form ------------------------------------------------------------------------------------------------------


def read(section: str, post: Mapping[str, str], before: Document) -> Any:
    """The section as it was typed. Pictures are those that the form names, whosever they are: the caller looks. Raises
    ``TooLong``."""
    typed = {name: _clean(post.get(name, "")) for name in _names(section)}
    _bound(section, typed)
    value = _READ[section](typed)
    # A drawing has no input: who has one keeps it.
    return replace(value, drawing=before.media.drawing) if isinstance(value, Media) else value


def _names(section: str) -> Iterator[str]:
    for group in GROUPS[section]:
        for ask in group.asks:
            yield from ask.names()


def _clean(text: str) -> str:
    """NUL is nothing that anybody types, and PostgreSQL keeps none."""
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def _bound(section: str, typed: Mapping[str, str]) -> None:
    errors = {
        name: _("At most %(most)s characters; these are %(are)s.") % {"most": ask.longest, "are": len(typed[name])}
        for group in GROUPS[section]
        for ask in group.asks
        for name in ask.names()
        if len(typed[name]) > ask.longest
    }
    if errors:
        raise TooLong(errors)


def _text(typed: Mapping[str, str], name: str) -> Text:
    return Text(zh=typed[f"{name}.zh"], en=typed[f"{name}.en"])


def _texts(typed: Mapping[str, str], name: str, most: int) -> tuple[Text, ...]:
    found = (_text(typed, f"{name}.{n}") for n in range(most))
    return tuple(text for text in found if text.zh or text.en)


def _base(typed: Mapping[str, str]) -> Base:
    return Base(
        name=_text(typed, "name"), summary=_text(typed, "summary"),
        highlights=_texts(typed, "highlights", MOST_HIGHLIGHTS), category=typed["category"],
    )  # fmt: skip


def _media(typed: Mapping[str, str]) -> Media:
    return Media(logo=typed["logo"], pictures=_pictures(typed))


def _pictures(typed: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for n in range(MOST_PICTURES) if (found := typed[f"pictures.{n}"])))


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
            name=typed[f"extend_params.{n}.name"], label=_text(typed, f"extend_params.{n}.label"),
            required=bool(typed[f"extend_params.{n}.required"]),
        )
        for n in range(MOST_PARAMS)
    )  # fmt: skip
    return Purchase(
        extend_params=tuple(p for p in params if p.name or p.label.zh or p.label.en),
        asks_mobile=bool(typed["asks_mobile"]), asks_email=bool(typed["asks_email"]),
        asks_user=bool(typed["asks_user"]), terms=_text(typed, "terms"),
        access_by_message=bool(typed["access_by_message"]), public=bool(typed["public"]),
    )  # fmt: skip


def _discovery(typed: Mapping[str, str]) -> Discovery:
    tags = dict.fromkeys(
        tag for each in typed["tags"].replace("，", ",").replace("、", ",").split(",") if (tag := each.strip())
    )
    return Discovery(keywords=_text(typed, "keywords"), tags=tuple(tags)[:MOST_TAGS])  # fmt: skip


_READ: Mapping[str, Any] = {
    "base": _base, "media": _media, "description": _description, "guide": _guide, "support": _support,
    "purchase": _purchase, "discovery": _discovery,
}  # fmt: skip


# --- to a form --------------------------------------------------------------------------------------------------------


def plain(value: object) -> dict[str, str]:
    """The inputs of a section's value."""
    return dict(_flat("", value))


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
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
            for number, each in enumerate(value):
                yield from _flat(f"{name}.{number}", each)
        case Mapping():
            for key, each in value.items():
                yield from _flat(f"{name}.{key}", each)
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
            for each in members(type(value)):
                yield from _flat(f"{name}.{each}" if name else each, getattr(value, each))


class ShownGroup(Struct, frozen=True, kw_only=True):
    title: Words
    help: Words
    lines: Sequence[Sequence[Shown]]
    """Each one input, or the two of both languages."""
    pictures: Sequence[Picture | object] = ()


def shown(
    groups: Iterable[Group],
    values: Mapping[str, str],
    wrong: Wrong,
    *,
    choices: Mapping[str, Sequence[tuple[str, Words]]],
) -> list[ShownGroup]:
    """The inputs of plain groups. ``choices``: of those that are chosen, by name."""
    return [
        ShownGroup(
            title=group.title,
            help=group.help,
            lines=[list(_line(ask, values, wrong, choices)) for ask in group.asks if not ask.purpose],
        )
        for group in groups
    ]


def _line(
    ask: Ask, values: Mapping[str, str], wrong: Wrong, choices: Mapping[str, Sequence[tuple[str, Words]]]
) -> Iterator[Shown]:
    for name in ask.names():
        yield Shown(
            name=name, label=ask.label, value=values.get(name, ""), help=ask.help, look=ask.look, longest=ask.longest,
            language=name.rpartition(".")[2] if ask.both else "", choices=choices.get(ask.name, ()),
            required=ask.required, errors=[*wrong.at(name), *(wrong.at(ask.name) if ask.both and name.endswith(".zh") else ())],
        )  # fmt: skip
