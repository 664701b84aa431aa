"""Check the texts of a product against the rules that a program can decide. Each finding names the match, the field
and the rule.

Questions of judgement are left to the reviewing operator: a correct text must never be refused. The patterns are in
``text_rules.toml``. Everything here is pure and takes linear time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from msgspec import Struct

from tradepost.market.base.findings import Finding

from . import links, name_rules, rich_text
from .claims import claims
from .plain_text import MAX_LENGTH, plain

MIN_DESCRIPTION_LENGTH = 400
"""Minimum characters of a description without pictures (business-rules §2.3)."""
RULE = "business-rules §2.3"
MAX_PICTURES = 5
MAX_SPEC_NAME_LENGTH = 50
MAX_FINDINGS_PER_RULE = 3
"""Maximum findings of a rule in a field."""
_MAX_QUOTED_LENGTH = 40


class Kind(StrEnum):
    """The kind of a text, which determines its rules."""

    NAME = "name"
    SPEC_NAME = "spec_name"
    INTRODUCTION = "introduction"
    HIGHLIGHT = "highlight"
    DESCRIPTION = "description"
    GUIDE = "guide"
    PROFILE = "profile"
    """Profile of a company."""
    OTHER = "other"


NAMES = frozenset({Kind.NAME, Kind.SPEC_NAME})
PRAISING = frozenset({Kind.INTRODUCTION, Kind.HIGHLIGHT, Kind.DESCRIPTION})
LINKING: Mapping[Kind, str] = {Kind.GUIDE: RULE, Kind.PROFILE: "business-rules §1.4"}
"""Texts whose links must not lead out of the market, with the section."""


class CheckedText(Struct, frozen=True, kw_only=True):
    """The text of a field. ``english``: whether it is the English text of a pair. ``rich``: HTML. ``pictures``:
    number of pictures with a description; ``least``: minimum characters without pictures."""

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
    texts: Iterable[CheckedText], *, link_hosts: Collection[str] | None = None, brand_allowed: bool = False
) -> list[Finding]:
    """Return all findings on these texts, in their order.

    ``link_hosts``: allowed targets of links in guides and profiles, with their subdomains; None skips the check.
    ``brand_allowed``: this seller may begin a name with a protected brand."""
    return [finding for text in texts for finding in _checked(text, link_hosts, brand_allowed)]


def _checked(text: CheckedText, hosts: Collection[str] | None, brand_allowed: bool) -> Iterator[Finding]:  # noqa: FBT001
    if not text.text.strip() and not text.pictures:
        if text.required:
            yield _finding(text, "text.missing", _("Fill in this field."), RULE)
        return
    if len(text.text) > MAX_LENGTH:
        message = _("At most %(most)s characters.") % {"most": f"{MAX_LENGTH:,}"}
        yield _finding(text, "text.too_long", message, RULE)
        return
    if text.rich and rich_text.has_too_much_markup(text.text):
        yield _finding(text, "text.markup", _("This text has too much markup. Paste it as plain text."), RULE)
        return
    visible_text = rich_text.text_of(text.text) if text.rich else text.text
    normalised = plain(visible_text)
    if text.rich:
        yield from _active_content(text)
    if text.kind in NAMES:
        yield from _name(text, normalised, brand_allowed=brand_allowed)
    if text.kind in NAMES | PRAISING:
        yield from _claims(text, normalised)
    if text.kind is Kind.DESCRIPTION:
        yield from _description(text, visible_text)
    if text.kind in LINKING and hosts is not None:
        yield from _external_links(text, visible_text, hosts)


def _finding(text: CheckedText, code: str, message: str, rule: str) -> Finding:
    return Finding(section=text.section, field=text.field, code=code, words=message, rule=rule)


def _short(match: str) -> str:
    return match if len(match) <= _MAX_QUOTED_LENGTH else f"{match[: _MAX_QUOTED_LENGTH - 1]}…"


def _active_content(text: CheckedText) -> Iterator[Finding]:
    if active_content := rich_text.active(text.text):
        message = _("The text contains executable code: %(found)s. Remove it.")
        yield _finding(
            text, "text.script", message % {"found": _short(", ".join(active_content))}, "business-rules §2.7"
        )


def _name(text: CheckedText, normalised: str, *, brand_allowed: bool) -> Iterator[Finding]:
    if contact := name_rules.contact_in(normalised):
        message = _("A name must not contain contact details. Remove “%(found)s”.") % {"found": _short(contact)}
        yield _finding(text, "text.contact", message, RULE)
    if not brand_allowed and (brand := name_rules.brand_of(normalised)):
        message = _("A name may begin with “%(brand)s” only with an authorisation. Describe the intended use instead.")
        yield _finding(text, "text.brand", message % {"brand": brand}, RULE)
    if text.english and not any(character.isascii() and character.isalnum() for character in normalised):
        yield _finding(text, "text.not_english", _("Enter the name in English. Bills show it."), RULE)
    if text.kind is Kind.SPEC_NAME:
        if len(text.text.strip()) > MAX_SPEC_NAME_LENGTH:
            message = _("At most %(most)s characters.") % {"most": MAX_SPEC_NAME_LENGTH}
            yield _finding(text, "text.too_long", message, RULE)
        if name_rules.is_meaningless(normalised):
            message = _("“%(name)s” does not describe the content. Use a descriptive name, for example Professional.")
            yield _finding(text, "text.says_nothing", message % {"name": _short(text.text.strip())}, RULE)


def _claims(text: CheckedText, normalised: str) -> Iterator[Finding]:
    place = "name" if text.kind in NAMES else "text"
    reported: set[tuple[str, str]] = set()
    counts: dict[str, int] = {}
    for claim in claims():
        if place not in claim.where:
            continue
        for match in claim.found(normalised):
            if (claim.code, match) in reported or counts.get(claim.code, 0) >= MAX_FINDINGS_PER_RULE:
                continue
            reported.add((claim.code, match))
            counts[claim.code] = counts.get(claim.code, 0) + 1
            yield _finding(
                text,
                f"text.{claim.code}",
                _message_of(claim.code) % {"found": _short(match)},
                f"business-rules §{claim.section}",
            )


def _message_of(code: str) -> str:
    return {
        "superlative": _(
            "“%(found)s” is a superlative that advertising law forbids. Describe what the product does instead."
        ),
        "ask_for_price": _("The product page shows the prices. Remove “%(found)s”."),
        "private_purchase": _("Products on this market must be ordered here. Remove “%(found)s”."),
    }[code]


def _description(text: CheckedText, visible_text: str) -> Iterator[Finding]:
    if text.pictures > MAX_PICTURES:
        message = _("At most %(most)s pictures.") % {"most": MAX_PICTURES}
        yield _finding(text, "text.pictures", message, RULE)
    length = len("".join(visible_text.split()) if not text.english else " ".join(visible_text.split()))
    if not text.pictures and length < text.least:
        message = ngettext(
            "The description has %(length)s character. Without a picture it needs at least %(least)s.",
            "The description has %(length)s characters. Without a picture it needs at least %(least)s.",
            length,
        ) % {"length": length, "least": text.least}
        yield _finding(text, "text.too_short", message, RULE)


def _external_links(text: CheckedText, visible_text: str, hosts: Collection[str]) -> Iterator[Finding]:
    addresses = dict.fromkeys([*(rich_text.links(text.text) if text.rich else []), *links.addresses_in(visible_text)])
    for address in [*links.external_addresses(addresses, hosts)][:MAX_FINDINGS_PER_RULE]:
        message = (
            _(
                "Links may lead only to this market or to a domain that you have verified. This link leads "
                "elsewhere: %(found)s."
            )
            if text.kind is Kind.GUIDE
            else _("A profile must not contain links. Remove %(found)s.")
        )
        yield _finding(text, "text.link", message % {"found": _short(address)}, LINKING[text.kind])
