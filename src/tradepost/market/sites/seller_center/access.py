"""The authorisation table of this site: what each page declares that its reader must have (business-rules §1.1, §1.7).

Role × act × object: the *owner* may everything; a *member* what the menus of its groups give. The act is reading or
writing; whatever changes something writes. The object is the seller's own, or it does not exist (404), and a product that
was granted to one member exists for that member and the owner alone.
"""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.identity.menus import Menu, Rights

READING = frozenset({"GET", "HEAD"})


class Needs(Struct, frozen=True, kw_only=True):
    """What one page needs. ``menu`` None: it declares nothing, so that only owners enter."""

    menu: Menu | None = None
    write: bool | None = None
    """None: to read for GET, to write for the others. False: reading is enough for all. True: also its form is for writers."""
    owner: bool = False
    """What binds the company, such as agreements and its bank account: of those who see the menu the owner alone."""
    product: str = ""
    """The name of the page's argument that is the key of a product, whose grant counts."""

    def may_enter(self, rights: Rights) -> bool:
        return rights.sees(self.menu) and (rights.owner or not self.owner) if self.menu is not None else rights.owner

    def may_act(self, rights: Rights, method: str | None) -> bool:
        """Whether a request of this method goes through, for those who may enter."""
        reads = self.write is False or (self.write is None and method in READING)
        return reads or self.may_change(rights)

    def may_change(self, rights: Rights) -> bool:
        return rights.changes(self.menu) if self.menu is not None else rights.owner
