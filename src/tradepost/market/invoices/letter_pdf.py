"""Render an explanation letter as a PDF: one page in Chinese and English, with the market's seal and a verification
address (business-rules §6.2). The same content gives the same bytes.

Chinese uses a CID font that PDF readers provide. Entered texts are escaped, because paragraphs are markup for the
library.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus.flowables import Flowable

from .letter_facts import LetterFacts

FONT = "STSong-Light"
INK, GREY, RED = HexColor("#1d273b"), HexColor("#5b6576"), HexColor("#c2272d")
SEAL = 40 * mm
MAX_NAME = 24
"""Maximum characters of a name around the seal; longer names are cut there and complete in the text."""


def letter_pdf(facts: LetterFacts) -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=25 * mm, rightMargin=25 * mm, topMargin=24 * mm, bottomMargin=20 * mm, invariant=1,
        title=f"开票说明函 {facts.number}", author=facts.issuer, lang="zh-CN",
    )  # fmt: skip
    document.build(list(_story(facts)))
    return buffer.getvalue()


def _story(facts: LetterFacts) -> Sequence[Flowable]:
    return (
        _text("开票说明函", size=22, center=True),
        _text("Explanation letter about an invoice", size=11, grey=True, center=True),
        Spacer(1, 6 * mm),
        _text(f"编号 No. {escape(facts.number)}", size=9, grey=True),
        Spacer(1, 4 * mm),
        _text(f"致 To: {escape(facts.buyer)}", size=12),
        Spacer(1, 3 * mm),
        _text(_chinese(facts)),
        Spacer(1, 2 * mm),
        _text(_english(facts), size=9.5, grey=True),
        Spacer(1, 5 * mm),
        _table(facts.rows),
        Spacer(1, 5 * mm),
        _text("本函仅用于说明上述交易与开票情况，不具有法律效力，不能代替发票。"),
        _text(
            "This letter explains the purchase and its invoice. It has no legal effect and does not replace the invoice.",
            size=9.5, grey=True,
        ),
        Spacer(1, 8 * mm),
        KeepTogether([_footer(facts)]),
    )  # fmt: skip


def _chinese(facts: LetterFacts) -> str:
    return (
        f"贵方在{escape(facts.market)}购买了以下商品。{escape(facts.market)}是由{escape(facts.issuer)}运营的云软件商店："
        f"货款由贵方支付给平台，再由平台与商家结算；商品由商家{escape(facts.seller)}销售，"
        "因此发票由该商家按实际支付金额向贵方开具。开票情况如下："
    )


def _english(facts: LetterFacts) -> str:
    return (
        f"You bought the products below on {escape(facts.market)}, a marketplace of cloud software that {escape(facts.issuer)} "
        f"operates. You paid the marketplace, which settles with the seller. The seller, {escape(facts.seller)}, sold the products "
        "and has therefore issued the invoice to you, over what was paid:"
    )


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    cells = [[_text(escape(label), size=9.5, grey=True), _text(escape(value))] for label, value in rows]
    table = Table(cells, colWidths=[52 * mm, 108 * mm], hAlign="LEFT")
    lines = [("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#d9dde4")), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    table.setStyle(TableStyle(lines))
    return table


def _footer(facts: LetterFacts) -> Table:
    """Return the footer: verification on the left, signature on the right."""
    checked_parts = [
        _qr(facts.check),
        _text("扫码或打开以下地址核验本函：", size=9),
        _text("Check this letter at:", size=8.5, grey=True),
        _text(escape(facts.check), size=7.5, grey=True),
        _text(f"保留至 Kept until {escape(facts.until)}", size=8.5, grey=True),
    ]
    signed_parts = [
        _Seal(facts.issuer),
        _text(escape(facts.issuer), center=True),
        _text(escape(facts.made), center=True),
    ]
    table = Table([[checked_parts, signed_parts]], colWidths=[90 * mm, 70 * mm], hAlign="LEFT")
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "BOTTOM"), ("ALIGN", (1, 0), (1, 0), "CENTER")]))
    return table


def _text(words: str, *, size: float = 10.5, grey: bool = False, center: bool = False) -> Paragraph:
    style = ParagraphStyle(
        "letter", fontName=FONT, fontSize=size, leading=size * 1.6, textColor=GREY if grey else INK, wordWrap="CJK",
        alignment=1 if center else 0,
    )  # fmt: skip
    return Paragraph(words, style)


def _qr(address: str) -> Drawing:
    side, widget = 26 * mm, QrCodeWidget(address, barLevel="M")
    left, bottom, right, top = widget.getBounds()
    drawing = Drawing(side, side, transform=[side / (right - left), 0, 0, side / (top - bottom), 0, 0])
    drawing.add(widget)
    return drawing


class _Seal(Flowable):
    """A round seal with the issuer's name around a star."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.width = self.height = SEAL
        self.hAlign = "CENTER"
        self._name = name[:MAX_NAME]

    def draw(self) -> None:
        canvas: Canvas = self.canv
        canvas.saveState()
        canvas.translate(SEAL / 2, SEAL / 2)
        canvas.setStrokeColor(RED)
        canvas.setFillColor(RED)
        canvas.setLineWidth(1.6)
        canvas.circle(0, 0, SEAL / 2 - 1)
        self._star(canvas)
        self._around(canvas)
        canvas.setFont(FONT, 8.5)
        canvas.drawCentredString(0, -SEAL * 0.3, "开票说明专用")
        canvas.restoreState()

    def _around(self, canvas: Canvas) -> None:
        """Write the name clockwise over the top, with closer spacing for longer names."""
        size = min(11.0, 190.0 / max(len(self._name), 1))
        canvas.setFont(FONT, size)
        step = min(18.0, 250.0 / max(len(self._name), 1))
        first_angle = step * (len(self._name) - 1) / 2
        for index, character in enumerate(self._name):
            canvas.saveState()
            canvas.rotate(first_angle - index * step)
            canvas.drawCentredString(0, SEAL / 2 - 3 - size, character)
            canvas.restoreState()

    def _star(self, canvas: Canvas) -> None:
        outer, inner = SEAL * 0.15, SEAL * 0.06
        path = canvas.beginPath()
        for index in range(10):
            radius, angle = (outer, inner)[index % 2], math.pi / 2 + index * math.pi / 5
            (path.moveTo if index == 0 else path.lineTo)(radius * math.cos(angle), radius * math.sin(angle))
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
