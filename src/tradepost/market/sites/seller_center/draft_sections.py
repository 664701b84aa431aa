"""The sections of a draft that are plain inputs: what each asks, how it is read from a form, and how it is shown again.

A draft keeps what is unfinished and wrong; refused here is only what no draft could hold. Prices have a form of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tradepost.market.assets.models import Picture
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

from .draft_inputs import Look, Shown, Words, Wrong

MOST_HIGHLIGHTS = 5
MOST_PICTURES = 5
"""Main pictures, and those of a description (business-rules §2.3)."""
MOST_PARAMS = 3
"""Extension parameters of a product (business-rules §2.3)."""
LONGEST_HTML = 40_000
ZH, EN = gettext_lazy("Chinese"), gettext_lazy("English")
TITLES: Mapping[str, Words] = {
    "base": gettext_lazy("Name and category"),
    "media": gettext_lazy("Logo and pictures"),
    "description": gettext_lazy("Description"),
    "guide": gettext_lazy("User guide"),
    "support": gettext_lazy("Support"),
    "purchase": gettext_lazy("What is asked of buyers"),
    "pricing": gettext_lazy("Specs and prices"),
    "details": gettext_lazy("Details and proofs"),
    "discovery": gettext_lazy("Words to be found by"),
}
HELP: Mapping[str, Words] = {
    "base": gettext_lazy("What the product is called, everywhere. The name fits its software copyright certificate."),
    "media": gettext_lazy("Buyers see the first picture on cards and in searches. Show the product, not only a logo."),
    "description": gettext_lazy(
        "What it does, its core functions, and what each spec can do: at least 400 characters of text, or pictures."
    ),
    "guide": gettext_lazy(
        "How to begin after the purchase. Buyers see it on the product page and with their access data."
    ),
    "support": gettext_lazy("Who answers, and when. A seller that never answers is taken off the market."),
    "purchase": gettext_lazy("Each question costs orders: ask only what your server needs to begin."),
    "discovery": gettext_lazy("Words that people use for this and that stand in no text of yours."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question of a section. ``both``: in Chinese and in English, side by side."""

    name: str
    label: Words
    help: Words = ""
    look: Look = Look.LINE
    longest: int = 200
    both: bool = False
    required: bool = True
    purpose: str = ""
    """Of a picture."""

    def names(self) -> tuple[str, ...]:
        return (f"{self.name}.zh", f"{self.name}.en") if self.both else (self.name,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What stands together under one heading."""

    asks: tuple[Ask, ...]
    title: Words = ""
    help: Words = ""


def _numbered(name: str, number: int, **other: Any) -> tuple[Ask, ...]:
    return tuple(Ask(name=f"{name}.{n}", **other) for n in range(number))


_BODY = gettext_lazy("Simple HTML: <h3>, <p>, <ul>, <ol>, <table>, <b>, links. Scripts and styles are refused.")
GROUPS: Mapping[str, tuple[Group, ...]] = {
    "base": (
        Group(
            asks=(
                Ask(name="name", label=gettext_lazy("Name"), longest=64, both=True),
                Ask(
                    name="summary", label=gettext_lazy("Summary"), both=True,
                    help=gettext_lazy("One sentence, shown on cards and in searches."),
                ),
                Ask(name="category", label=gettext_lazy("Category"), look=Look.CHOICE),
            )
        ),
        Group(
            title=gettext_lazy("Highlights"),
            help=gettext_lazy("Up to five short reasons to choose it."),
            asks=tuple(
                Ask(name=f"highlights.{n}", label=gettext_lazy("Highlight"), longest=100, both=True, required=False)
                for n in range(MOST_HIGHLIGHTS)
            ),
        ),
    ),
    "media": (
        Group(asks=(Ask(name="logo", label=gettext_lazy("Logo"), purpose=Picture.Purpose.PRODUCT_LOGO),)),
        Group(
            title=gettext_lazy("Main pictures"),
            asks=_numbered(
                "pictures", MOST_PICTURES, label=gettext_lazy("Picture"), purpose=Picture.Purpose.PRODUCT_MAIN,
                required=False,
            ),
        ),
    ),
    "description": (
        Group(asks=(Ask(name="body", label=gettext_lazy("Text"), help=_BODY, look=Look.HTML, longest=LONGEST_HTML, both=True),)),
        Group(
            title=gettext_lazy("Pictures of the description"),
            asks=_numbered(
                "pictures", MOST_PICTURES, label=gettext_lazy("Picture"), purpose=Picture.Purpose.DESCRIPTION,
                required=False,
            ),
        ),
    ),
    "guide": (
        Group(asks=(Ask(name="body", label=gettext_lazy("Text"), help=_BODY, look=Look.HTML, longest=LONGEST_HTML, both=True),)),
    ),
    "support": (
        Group(
            asks=(
                Ask(
                    name="hours", label=gettext_lazy("Service hours"), both=True,
                    help=gettext_lazy("With the days, for example Monday to Friday, 9:00 to 18:00."),
                ),
                Ask(
                    name="content", label=gettext_lazy("What support covers"), look=Look.LINES, longest=2000, both=True
                ),
                Ask(name="email", label=gettext_lazy("Service e-mail"), look=Look.EMAIL, longest=254),
                Ask(name="phone", label=gettext_lazy("Service phone"), look=Look.PHONE, longest=32),
            )
        ),
    ),
    "purchase": (
        Group(
            title=gettext_lazy("Handed to you with each order"),
            asks=(
                Ask(name="asks_mobile", label=gettext_lazy("The buyer's mobile number"), look=Look.TICK, required=False),
                Ask(name="asks_email", label=gettext_lazy("The buyer's e-mail address"), look=Look.TICK, required=False),
            ),
        ),
        Group(
            title=gettext_lazy("Questions at checkout"),
            help=gettext_lazy(
                "Up to three extension parameters. The name goes to your server as it stands; the label is what buyers read."
            ),
            asks=tuple(
                ask
                for n in range(MOST_PARAMS)
                for ask in (
                    Ask(
                        name=f"extend_params.{n}.name", label=gettext_lazy("Name of the parameter"), longest=64,
                        required=False,
                    ),
                    Ask(
                        name=f"extend_params.{n}.label", label=gettext_lazy("Label"), longest=64, both=True,
                        required=False,
                    ),
                    Ask(
                        name=f"extend_params.{n}.required", label=gettext_lazy("Must be answered"), look=Look.TICK,
                        required=False,
                    ),
                )
            ),
        ),
        Group(
            title=gettext_lazy("Delivery and visibility"),
            asks=(
                Ask(
                    name="access_by_message", label=gettext_lazy("I send access data by SMS or e-mail"), look=Look.TICK,
                    required=False,
                    help=gettext_lazy("Only then your interface may answer without address, account and password."),
                ),
                Ask(
                    name="public", label=gettext_lazy("Shown in the store and its searches"), look=Look.TICK,
                    required=False, help=gettext_lazy("Otherwise only who has the address of its page finds it."),
                ),
            ),
        ),
    ),
    "discovery": (
        Group(
            asks=(
                Ask(
                    name="keywords", label=gettext_lazy("Keywords"), both=True, required=False,
                    help=gettext_lazy("With commas between them."),
                ),
                Ask(
                    name="tags", label=gettext_lazy("Tags"), required=False,
                    help=gettext_lazy("With commas between them, for example Kunpeng, hybrid cloud. A tag needs proof."),
                ),
            )
        ),
    ),
}  # fmt: skip
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
            for each in value.__dataclass_fields__:
                yield from _flat(f"{name}.{each}" if name else each, getattr(value, each))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
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
