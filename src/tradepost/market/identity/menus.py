"""What a member of a seller may see and change: menus, each to read or to write (business-rules §1.7). Pure.

Roles and menus are given to a group, members inherit from their groups; the owner has all. Two groups that know the same
menu give the larger right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct, field


class Menu(TextChoices):
    OVERVIEW = "overview", _("Overview")
    """Everybody who acts for the seller: what it shows goes by the other menus."""
    PRODUCTS = "products", pgettext_lazy("menu", "Products")
    TRADE = "trade", pgettext_lazy("menu", "Trade")
    TOOLS = "tools", pgettext_lazy("menu", "Interface tools")
    COMPANY = "company", pgettext_lazy("menu", "Company")
    MEMBERS = "members", pgettext_lazy("menu", "Members")


EXPLAINED: Mapping[str, str | Promise] = {
    Menu.PRODUCTS: _("Drafts, prices, submissions and what is on sale."),
    Menu.TRADE: _("Orders, operations and what buyers hold."),
    Menu.TOOLS: _("Interface messages, production addresses, domains, keys and debugging."),
    Menu.COMPANY: _("What the market knows of the company, agreements and certification."),
    Menu.MEMBERS: _("Who may act for the company, and their groups."),
}
"""The menus that a group can be given."""


class Level(IntEnum):
    NONE = 0
    READ = 1
    WRITE = 2


LEVELS: Mapping[str, Level] = {"read": Level.READ, "write": Level.WRITE}
"""As they are stored."""
WRITE_WORD, READ_WORD = "write", "read"

DEVELOPER, VIEWER = "developer", "viewer"
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    DEVELOPER: {Menu.PRODUCTS: "write", Menu.TRADE: "write", Menu.TOOLS: "write", Menu.COMPANY: "read"},
    VIEWER: dict.fromkeys(EXPLAINED, "read"),
}
"""Groups that every seller has and nobody changes: their codes and menus."""
BUILT_IN_NAMES: Mapping[str, str | Promise] = {DEVELOPER: _("Developers"), VIEWER: _("Viewers")}


class Rights(Struct, frozen=True):
    """What one person may do at one seller."""

    owner: bool = False
    menus: Mapping[str, Level] = field(default_factory=dict)

    def level(self, menu: str) -> Level:
        if self.owner:
            return Level.WRITE
        return max(self.menus.get(menu, Level.NONE), Level.READ if menu == Menu.OVERVIEW else Level.NONE)

    def sees(self, menu: str) -> bool:
        return self.level(menu) >= Level.READ

    def changes(self, menu: str) -> bool:
        return self.level(menu) >= Level.WRITE

    def covers(self, menus: Mapping[str, str]) -> bool:
        """Whether all of this is the person's own: nobody gives away more than they have."""
        return all(self.level(menu) >= LEVELS.get(word, Level.WRITE) for menu, word in menus.items())

    @property
    def seen(self) -> frozenset[str]:
        return frozenset(menu.value for menu in Menu if self.sees(menu))

    @property
    def changed(self) -> frozenset[str]:
        return frozenset(menu.value for menu in Menu if self.changes(menu))


OWNERS = Rights(owner=True)


def rights_from(groups: Iterable[Mapping[str, str]]) -> Rights:
    """The rights of whoever is in all of these groups. A menu or word that this release does not know gives nothing."""
    found: dict[str, Level] = {}
    for menus in groups:
        for menu, word in menus.items():
            level = LEVELS.get(word, Level.NONE)
            if menu in EXPLAINED and level > found.get(menu, Level.NONE):
                found[menu] = level
    return Rights(menus=found)
