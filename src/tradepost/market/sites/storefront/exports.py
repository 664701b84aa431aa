"""Pages of the buyer's exports."""

from __future__ import annotations

from django.views.decorators.http import require_POST, require_safe

from tradepost.market.web.access import buyer_required
from tradepost.market.web.pages.export_pages import ExportPages
from tradepost.market.web.pages.guards import render_plain

PAGES = ExportPages(site="storefront", layout="storefront/layout.html", render=render_plain)
index = buyer_required(require_safe(PAGES.index))
new = buyer_required(require_POST(PAGES.new))
file = buyer_required(require_safe(PAGES.file))
delete = buyer_required(require_POST(PAGES.delete))
