"""A text as a picture that a telephone reads (ISO/IEC 18004), drawn into the page: no address that others could ask for."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

QUIET = 4
"""Modules of white around it, as the standard asks; a dark page would touch it otherwise."""


def qr_svg(text: str, *, label: str) -> SafeString:
    """``label``: what the picture is, for who does not see it."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel  # loads the whole of it

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    size = range(code.getModuleCount())
    dark = "".join(f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y in size for x in size if code.isDark(y, x))
    return format_html(
        '<svg class="tp-qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<rect width="100%" height="100%" fill="#fff" /><path fill="#000" d="{}" /></svg>',
        label, len(size) + 2 * QUIET, len(size) + 2 * QUIET, mark_safe(dark),  # noqa: S308  # numbers of ours
    )  # fmt: skip
