"""The operator's exports. The audit log records short files when downloaded, long ones when requested."""

from __future__ import annotations

from django.views.decorators.http import require_POST, require_safe

from tradepost.market.web.access import operator_required
from tradepost.market.web.pages.export_pages import ExportPages
from tradepost.market.web.pages.guards import render_plain

PAGES = ExportPages(site="console", layout="console/layout.html", render=render_plain)
index = operator_required(require_safe(PAGES.index))
new = operator_required(require_POST(PAGES.new))
file = operator_required(require_safe(PAGES.file))
delete = operator_required(require_POST(PAGES.delete))
