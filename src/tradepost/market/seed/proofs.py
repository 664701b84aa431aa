"""Documents of the demo's sellers, each marked as a specimen."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from tradepost.market.assets.models import Proof
from tradepost.market.assets.proofs import store_proof
from tradepost.market.base.config import Config
from tradepost.market.base.files import Files, sha256_of
from tradepost.market.identity.models import Seller, User

from .people import sellers
from .products import products


def store_certificate(
    product: str, seller: Seller, owner: str, *, by: User, settings: Config, now: datetime
) -> str:  # fmt: skip
    """Store the copyright certificate of a product and return its SHA-256. Idempotent.

    Names are in English, since the standard PDF fonts have no Chinese characters.
    """
    page = certificate(product, owner)
    return store_proof(
        page, name="software-copyright.pdf", seller=seller, by=by, files=Files(settings.files),
        most_bytes=settings.assets.proof_most_bytes, a_day=settings.assets.proofs_a_day, now=now,
    ).sha256  # fmt: skip


def restore_certificates(files: Files) -> None:
    """Restore the certificates of a demo that was shipped as a database without files."""
    owners = {seller.slug: seller.name.en for seller in sellers()}
    for product in products():
        page = certificate(product.name.en, owners[product.seller])
        if Proof.objects.filter(sha256=sha256_of(page)).exists() and not files.has(sha256_of(page)):
            files.put(page)


def certificate(product: str, owner: str) -> bytes:
    return _page(
        (24, 760, "SPECIMEN"),
        (16, 720, "Computer software copyright registration"),
        (11, 680, f"Software: {_pdf_text(product)}"),
        (11, 662, f"Owner: {_pdf_text(owner)}"),
        (11, 626, "This page belongs to a demo marketplace. It certifies nothing."),
    )


def delivery_report(product: str) -> bytes:
    """Return the document of a supervised delivery."""
    return _page(
        (24, 760, "SPECIMEN"),
        (16, 720, "Survey and plan"),
        (11, 680, f"Service: {_pdf_text(product)}"),
        (11, 662, "1,200 documents in 3 batches; 4 departments, 30 people; two training sessions."),
        (11, 626, "This page belongs to a demo marketplace. Nothing was surveyed."),
    )


def _page(*lines: tuple[int, int, str]) -> bytes:
    """Return a PDF with one page, deterministic for its lines: size, height and text of each."""
    content = "\n".join(f"BT /F {size} Tf 72 {height} Td ({words}) Tj ET" for size, height, words in lines)
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    file, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    count, start = len(objects) + 1, len(file)
    file += f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return file.encode("ascii")


def _pdf_text(words: str) -> str:
    """Return the text in ASCII, without characters that end a PDF string."""
    ascii_text = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return "".join(letter for letter in ascii_text if letter not in "()\\")
