"""Texts of a product against the rules that a program can decide: each refusal says what it found, where, and by which rule.

What takes judgement is left to the operator who reviews: a text that is right must never be refused. The words are in
``text_rules.toml``; everything here is pure, and takes time in proportion to the text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from msgspec import Struct

from tradepost.market.base.findings import Finding

from . import links, name_rules, rich_text
from .claims import claims
from .plain_text import MOST, plain

LEAST_DESCRIPTION = 400
"""Characters of a description without pictures (business-rules §2.3)."""
RULE = "business-rules §2.3"
MOST_PICTURES = 5
LONGEST_SPEC_NAME = 50
MOST_OF_A_RULE = 3
"""Findings of one rule in one field: who has corrected three looks for the next."""
_SHOWN = 40


class Kind(StrEnum):
    """What a text is, and so which rules are about it."""

    NAME = "name"
    SPEC_NAME = "spec_name"
    INTRODUCTION = "introduction"
    HIGHLIGHT = "highlight"
    DESCRIPTION = "description"
    GUIDE = "guide"
    PROFILE = "profile"
    """Of a company."""
    OTHER = "other"


NAMES = frozenset({Kind.NAME, Kind.SPEC_NAME})
PRAISING = frozenset({Kind.INTRODUCTION, Kind.HIGHLIGHT, Kind.DESCRIPTION})
LINKING: Mapping[Kind, str] = {Kind.GUIDE: RULE, Kind.PROFILE: "business-rules §1.4"}
"""Texts whose links may not lead away, with the section."""


class Written(Struct, frozen=True, kw_only=True):
    """A text of a field. ``english``: of the pair of languages this is the English one. ``rich``: HTML. ``pictures``: how
    many stand with a description; ``least``: characters that it needs when there is none."""

    section: str
    field: str
    kind: Kind
    text: str
    english: bool = False
    rich: bool = False
    required: bool = False
    pictures: int = 0
    least: int = 0


def check_texts(
    texts: Iterable[Written], *, link_hosts: Collection[str] | None = None, brand_allowed: bool = False
) -> list[Finding]:
    """Everything that stands against these texts, in their order.

    ``link_hosts``: where links of guides and profiles may lead, with all that is below; None does not look at links.
    ``brand_allowed``: this seller may begin a name with the brand that others may not.
    """
    return [finding for text in texts for finding in _checked(text, link_hosts, brand_allowed)]


def _checked(text: Written, hosts: Collection[str] | None, brand_allowed: bool) -> Iterator[Finding]:  # noqa: FBT001
    if not text.text.strip() and not text.pictures:
        if text.required:
            yield _finding(text, "text.missing", _("Say something here."), RULE)
        return
    if len(text.text) > MOST:
        words = _("At most %(most)s characters.") % {"most": f"{MOST:,}"}
        yield _finding(text, "text.too_long", words, RULE)
        return
    if text.rich and rich_text.has_too_much_markup(text.text):
        yield _finding(text, "text.markup", _("This text has too much markup. Paste it as plain text."), RULE)
        return
    shown = rich_text.text_of(text.text) if text.rich else text.text
    read = plain(shown)
    if text.rich:
        yield from _running(text)
    if text.kind in NAMES:
        yield from _name(text, read, brand_allowed=brand_allowed)
    if text.kind in NAMES | PRAISING:
        yield from _claimed(text, read)
    if text.kind is Kind.DESCRIPTION:
        yield from _description(text, shown)
    if text.kind in LINKING and hosts is not None:
        yield from _linked(text, shown, hosts)


def _finding(text: Written, code: str, words: str, rule: str) -> Finding:
    return Finding(section=text.section, field=text.field, code=code, words=words, rule=rule)


def _short(found: str) -> str:
    return found if len(found) <= _SHOWN else f"{found[: _SHOWN - 1]}…"


def _running(text: Written) -> Iterator[Finding]:
    if found := rich_text.active(text.text):
        words = _("This text holds something that would run: %(found)s. Paste it without that.")
        yield _finding(text, "text.script", words % {"found": _short(", ".join(found))}, "business-rules §2.7")


def _name(text: Written, read: str, *, brand_allowed: bool) -> Iterator[Finding]:
    if found := name_rules.contact_in(read):
        words = _("A name holds no contact data. Leave out “%(found)s”.") % {"found": _short(found)}
        yield _finding(text, "text.contact", words, RULE)
    if not brand_allowed and (brand := name_rules.brand_of(read)):
        words = _("A name may begin with “%(brand)s” only with an authorisation. Say what it is for instead.")
        yield _finding(text, "text.brand", words % {"brand": brand}, RULE)
    if text.english and not any(sign.isascii() and sign.isalnum() for sign in read):
        yield _finding(text, "text.not_english", _("Say the name in English letters here: bills show it."), RULE)
    if text.kind is Kind.SPEC_NAME:
        if len(text.text.strip()) > LONGEST_SPEC_NAME:
            words = _("At most %(most)s characters.") % {"most": LONGEST_SPEC_NAME}
            yield _finding(text, "text.too_long", words, RULE)
        if name_rules.says_nothing(read):
            words = _("“%(name)s” does not say what one gets. Name what is in it, for example Professional.")
            yield _finding(text, "text.says_nothing", words % {"name": _short(text.text.strip())}, RULE)


def _claimed(text: Written, read: str) -> Iterator[Finding]:
    where = "name" if text.kind in NAMES else "text"
    seen: set[tuple[str, str]] = set()
    numbers: dict[str, int] = {}
    for claim in claims():
        if where not in claim.where:
            continue
        for found in claim.found(read):
            if (claim.code, found) in seen or numbers.get(claim.code, 0) >= MOST_OF_A_RULE:
                continue
            seen.add((claim.code, found))
            numbers[claim.code] = numbers.get(claim.code, 0) + 1
            yield _finding(
                text,
                f"text.{claim.code}",
                _words_of(claim.code) % {"found": _short(found)},
                f"business-rules §{claim.section}",
            )


def _words_of(code: str) -> str:
    return {
        "superlative": _(
            "“%(found)s” is a superlative that advertising law forbids. Say what the product does instead."
        ),
        "ask_for_price": _("Prices stand on the product's page. Leave out “%(found)s”."),
        "private_purchase": _("What is sold here is ordered here. Leave out “%(found)s”."),
    }[code]


def _description(text: Written, shown: str) -> Iterator[Finding]:
    if text.pictures > MOST_PICTURES:
        words = _("At most %(most)s pictures.") % {"most": MOST_PICTURES}
        yield _finding(text, "text.pictures", words, RULE)
    length = len("".join(shown.split()) if not text.english else " ".join(shown.split()))
    if not text.pictures and length < text.least:
        words = ngettext(
            "The description has %(length)s character. Without a picture it needs at least %(least)s.",
            "The description has %(length)s characters. Without a picture it needs at least %(least)s.",
            length,
        ) % {"length": length, "least": text.least}
        yield _finding(text, "text.too_short", words, RULE)


def _linked(text: Written, shown: str, hosts: Collection[str]) -> Iterator[Finding]:
    addresses = dict.fromkeys([*(rich_text.links(text.text) if text.rich else []), *links.written_in(shown)])
    for address in [*links.leading_away(addresses, hosts)][:MOST_OF_A_RULE]:
        words = (
            _(
                "Links here lead to this market or to a domain that you proved to be yours. This one leads elsewhere: %(found)s."
            )
            if text.kind is Kind.GUIDE
            else _("A profile holds no links. Leave out %(found)s.")
        )
        yield _finding(text, "text.link", words % {"found": _short(address)}, LINKING[text.kind])
