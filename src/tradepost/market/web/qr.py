"""Draw a QR code (ISO/IEC 18004) as inline SVG, so that its content has no address of its own."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

QUIET_ZONE = 4
"""Width in modules of the white border that the standard requires, also on a dark page."""


def qr_svg(text: str, *, label: str) -> SafeString:
    """Return the code as SVG. ``label``: its text for screen readers."""
    # late import: it loads the whole package
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    size = range(code.getModuleCount())
    dark = "".join(f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h1v1h-1z" for y in size for x in size if code.isDark(y, x))
    return format_html(
        '<svg class="tp-qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<rect width="100%" height="100%" fill="#fff" /><path fill="#000" d="{}" /></svg>',
        # numbers computed here
        label, len(size) + 2 * QUIET_ZONE, len(size) + 2 * QUIET_ZONE, mark_safe(dark),  # noqa: S308
    )  # fmt: skip
