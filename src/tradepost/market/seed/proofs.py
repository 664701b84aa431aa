"""The documents that the demo's sellers hand in: a page that says it is a specimen, so that nobody takes it for the real one."""

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


def hand_in_certificate(
    product: str, seller: Seller, owner: str, *, by: User, settings: Config, now: datetime
) -> str:  # fmt: skip
    """The SHA-256 of the copyright certificate of a product; handed in again, it is the same file. Names are in English: the
    fonts that every reader has hold no Chinese."""
    page = certificate(product, owner)
    return store_proof(
        page, name="software-copyright.pdf", seller=seller, by=by, files=Files(settings.files),
        most_bytes=settings.proof_most_bytes, a_day=settings.proofs_a_day, now=now,
    ).sha256  # fmt: skip


def restore_certificates(files: Files) -> None:
    """Put back the certificates of a demo that was shipped as a database without its files."""
    owners = {seller.slug: seller.name.en for seller in sellers()}
    for product in products():
        page = certificate(product.name.en, owners[product.seller])
        if Proof.objects.filter(sha256=sha256_of(page)).exists() and not files.has(sha256_of(page)):
            files.put(page)


def certificate(product: str, owner: str) -> bytes:
    return _page(
        (24, 760, "SPECIMEN"),
        (16, 720, "Computer software copyright registration"),
        (11, 680, f"Software: {_plain(product)}"),
        (11, 662, f"Owner: {_plain(owner)}"),
        (11, 626, "This page belongs to the demo of Tradepost. It certifies nothing."),
    )


def delivery_report(product: str) -> bytes:
    """What the demo's seller shows of a delivery."""
    return _page(
        (24, 760, "SPECIMEN"),
        (16, 720, "Survey and plan"),
        (11, 680, f"Service: {_plain(product)}"),
        (11, 662, "1,200 documents in 3 batches; 4 departments, 30 people; two training sessions."),
        (11, 626, "This page belongs to the demo of Tradepost. Nothing was surveyed."),
    )


def _page(*lines: tuple[int, int, str]) -> bytes:
    """A PDF of one page, the same bytes for the same words: size, height and words of each line."""
    shown = "\n".join(f"BT /F {size} Tf 72 {height} Td ({words}) Tj ET" for size, height, words in lines)
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    file, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(file))
        file += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count, start = len(objects) + 1, len(file)
    file += f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return file.encode("ascii")


def _plain(words: str) -> str:
    """ASCII, and nothing that ends a text of the format."""
    ascii_ = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return "".join(letter for letter in ascii_ if letter not in "()\\")
