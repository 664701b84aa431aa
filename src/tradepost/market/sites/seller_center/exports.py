"""Exports that a member created for the seller. The list's own rights are checked again when the file is written and
downloaded."""

from __future__ import annotations

from django.views.decorators.http import require_POST, require_safe

from tradepost.market.identity.menus import Menu
from tradepost.market.web.pages.export_pages import ExportPages

from .frame import seller_page, show_listing

PAGES = ExportPages(
    site="seller_center",
    layout="seller_center/layout.html",
    render=show_listing,
    seller_of=lambda request: request.seller.pk,
)
guard = seller_page(menu=Menu.OVERVIEW, write=False)
index = require_safe(guard(PAGES.index))
new = require_POST(guard(PAGES.new))
file = require_safe(guard(PAGES.file))
delete = require_POST(guard(PAGES.delete))
