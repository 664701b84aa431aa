"""Menus of the seller center that a member may read or write (business-rules §1.7). Pure.

Rights are granted to groups, and members have those of their groups; owners have all. If two groups grant the same
menu, the higher level applies."""

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
    """Visible to every member; its content depends on the other menus."""
    PRODUCTS = "products", pgettext_lazy("menu", "Products")
    TRADE = "trade", pgettext_lazy("menu", "Trade")
    TOOLS = "tools", pgettext_lazy("menu", "Interface tools")
    COMPANY = "company", pgettext_lazy("menu", "Company")
    MEMBERS = "members", pgettext_lazy("menu", "Members")


GRANTABLE: Mapping[str, str | Promise] = {
    Menu.PRODUCTS: _("Drafts, prices, submissions and products on sale."),
    Menu.TRADE: _("Orders, operations and the services of buyers."),
    Menu.TOOLS: _("Interface messages, production addresses, domains, keys and debugging."),
    Menu.COMPANY: _("Company profile, agreements and certification."),
    Menu.MEMBERS: _("Company members and their groups."),
}
"""The menus that a group can grant."""


class Level(IntEnum):
    NONE = 0
    READ = 1
    WRITE = 2


LEVEL_NAMES: Mapping[str, Level] = {"read": Level.READ, "write": Level.WRITE}
"""The stored values."""
WRITE_WORD, READ_WORD = "write", "read"

DEVELOPER, VIEWER = "developer", "viewer"
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    DEVELOPER: {Menu.PRODUCTS: "write", Menu.TRADE: "write", Menu.TOOLS: "write", Menu.COMPANY: "read"},
    VIEWER: dict.fromkeys(GRANTABLE, "read"),
}
"""Codes and menus of the groups that every seller has and that cannot be changed."""
BUILT_IN_NAMES: Mapping[str, str | Promise] = {DEVELOPER: _("Developers"), VIEWER: _("Viewers")}


class Rights(Struct, frozen=True):
    """What a person may do at a seller."""

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
        """Return whether the person has all these rights, as required for granting them."""
        return all(self.level(menu) >= LEVEL_NAMES.get(word, Level.WRITE) for menu, word in menus.items())

    @property
    def seen(self) -> frozenset[str]:
        return frozenset(menu.value for menu in Menu if self.sees(menu))

    @property
    def changed(self) -> frozenset[str]:
        return frozenset(menu.value for menu in Menu if self.changes(menu))


OWNERS = Rights(owner=True)


def rights_from(groups: Iterable[Mapping[str, str]]) -> Rights:
    """Return the rights of a member of all these groups. Unknown menus and levels grant nothing."""
    levels: dict[str, Level] = {}
    for menus in groups:
        for menu, level_name in menus.items():
            level = LEVEL_NAMES.get(level_name, Level.NONE)
            if menu in GRANTABLE and level > levels.get(menu, Level.NONE):
                levels[menu] = level
    return Rights(menus=levels)
