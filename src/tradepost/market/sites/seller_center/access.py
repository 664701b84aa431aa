"""The authorisation rules of the seller center: what a page requires of its reader (business-rules §1.1, §1.7).

An *owner* may do everything, a *member* what the menus of their groups allow, for reading or writing. Objects of other
sellers do not exist (404). A product granted to one member exists only for that member and the owner.
"""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.identity.menus import Menu, Rights

SAFE_METHODS = frozenset({"GET", "HEAD"})


class Requirement(Struct, frozen=True, kw_only=True):
    """Requirements of a page. Without ``menu``, only owners may enter."""

    menu: Menu | None = None
    write: bool | None = None
    """None: reading rights for GET, writing rights otherwise. False: reading rights suffice. True: writing rights also
    to see the form."""
    owner: bool = False
    """Whether only the owner may enter, for acts that bind the company, such as agreements and its bank account."""
    product: str = ""
    """Name of the page's argument with the key of a product, whose grant is checked."""

    def may_enter(self, rights: Rights) -> bool:
        return rights.sees(self.menu) and (rights.owner or not self.owner) if self.menu is not None else rights.owner

    def may_act(self, rights: Rights, method: str | None) -> bool:
        """Return whether a reader who may enter may send a request with this method."""
        reads = self.write is False or (self.write is None and method in SAFE_METHODS)
        return reads or self.may_change(rights)

    def may_change(self, rights: Rights) -> bool:
        return rights.changes(self.menu) if self.menu is not None else rights.owner
