"""Documents of sellers: detected by content, and readable only by their seller and operators (§2.3)."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tests.factories import NOW
from tests.factories.pictures import PDF, picture_file
from tests.market.downloads import sent_file
from tradepost.market.assets import proofs
from tradepost.market.assets.models import Proof, ProofUse
from tradepost.market.assets.retention import unused_files
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.identity.models import Member, Seller

MB = 1024 * 1024
UPLOAD = "/seller/proofs/"
FIELD = {"field": "proof", "kind": "SAAS", "proof": "software_copyright"}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


@pytest.fixture
def seller(db: None) -> Seller:
    return factories.make_seller(member=factories.make_buyer(email="owner@a.example"))


@pytest.fixture
def owner(seller: Seller) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Member.objects.get(seller=seller).user)
    return client


def store(
    seller: Seller, files: Files, content: bytes | BytesIO = PDF, *, name: str = "a.pdf", most_bytes: int = 20 * MB,
    a_day: int = 9,
) -> Proof:  # fmt: skip
    return proofs.store_proof(
        content, name=name, seller=seller, by=None, files=files, most_bytes=most_bytes, a_day=a_day, now=NOW
    )


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("证书.pdf", PDF, ("application/pdf", "证书.pdf")),
        ("scan.JPG", picture_file("JPEG", width=60, height=60), ("image/jpeg", "scan.jpg")),
        ("c:\\x\\scan.png", picture_file(width=1, height=1), ("image/png", "scan.png")),
        ("", b"\n\n" + PDF, ("application/pdf", "document.pdf")),
        ("../../etc/passwd", PDF, ("application/pdf", "passwd.pdf")),
        ("\u202efdp.exe\r\nX: y.pdf", PDF, ("application/pdf", "fdp.exeX y.pdf")),
        ("x" * 300 + ".pdf", PDF, ("application/pdf", "x" * 100 + ".pdf")),
    ],
)
def test_valid_documents_are_stored_unchanged(
    seller: Seller, files: Files, name: str, content: bytes, kept: tuple[str, str]
) -> None:
    proof = store(seller, files, content, name=name)
    assert ((proof.kind, proof.name), proof.bytes) == (kept, len(content))
    assert files.read(proof.sha256) == content
    assert store(seller, files, content, name=name).pk == proof.pk


@pytest.mark.parametrize(
    ("code", "name", "content"),
    [
        ("proof.format", "a.pdf", b"MZ a program"),
        ("proof.format", "a.pdf", b""),
        ("proof.format", "a.pdf", b"x" * 1024 + PDF),
        ("proof.format", "a.png", picture_file()[:60]),
        ("proof.format", "a.gif", picture_file("GIF")),
        ("proof.format", "a.docx", b"PK\x03\x04"),
        ("proof.renamed", "a.pdf", picture_file()),
        ("proof.renamed", "a.exe", PDF),
        ("proof.too_large", "a.pdf", PDF + b"\0" * MB),
    ],
)
def test_invalid_documents_are_refused_with_their_rule(
    seller: Seller, files: Files, code: str, name: str, content: bytes
) -> None:
    with pytest.raises(Refused) as refusal:
        store(seller, files, BytesIO(content), name=name, most_bytes=MB)
    assert (refusal.value.code, refusal.value.field) == (code, "proof")
    assert refusal.value.rule == "business-rules §2.3"
    assert not Proof.objects.exists()
    assert not files.root.exists()


def test_daily_number_of_documents_is_limited(seller: Seller, files: Files) -> None:
    store(seller, files, a_day=1)
    with pytest.raises(Refused, match=r"proof\.too_many_today"):
        store(seller, files, PDF + b" ", a_day=1)


def test_foreign_document_cannot_be_used(seller: Seller, files: Files) -> None:
    own_proof, foreign_proof = store(seller, files), store(factories.make_seller(), files, PDF + b" ")
    proofs.use_proofs("version:1", [own_proof.sha256], seller=seller)
    for hashes in ([foreign_proof.sha256], ["0" * 64]):
        with pytest.raises(Refused, match=r"proof\.unknown"):
            proofs.use_proofs("version:1", hashes, seller=seller)
    assert [use.proof_id for use in ProofUse.objects.all()] == [own_proof.pk]
    assert proofs.find_proof(foreign_proof.sha256, seller=seller) is None
    assert proofs.find_proof("x", seller=seller) is None
    proofs.use_proofs("version:1", [], seller=seller)
    assert not ProofUse.objects.exists()


def test_unused_document_is_deleted_in_time(
    seller: Seller, files: Files, django_capture_on_commit_callbacks: object
) -> None:
    used, unused = store(seller, files), store(seller, files, PDF + b" ")
    proofs.use_proofs("version:1", [used.sha256], seller=seller)
    for proof in (used, unused):
        os.utime(files.path(proof.sha256), (1, 1))
    work = unused_files(files)[1].work
    assert work(NOW) == 0
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert work(NOW.replace(year=NOW.year + 1)) == 1
    assert files.read(used.sha256)
    assert files.read(unused.sha256) is None


def test_uploaded_file_fills_the_field_and_can_be_downloaded(owner: Client, seller: Seller) -> None:
    answer = owner.post(UPLOAD, FIELD | {"proof_file": SimpleUploadedFile("证书.pdf", PDF)})
    proof = Proof.objects.get()
    text = answer.content.decode()
    assert answer.status_code == 200
    assert f'name="proof" value="{proof.sha256}"' in text
    assert "证书.pdf" in text
    assert "Software copyright certificate" in text
    back = owner.get(f"/proofs/{proof.sha256}/")
    assert sent_file(back) == PDF
    assert back["Content-Type"] == "application/pdf"
    assert back["Content-Disposition"] == "attachment; filename*=utf-8''%E8%AF%81%E4%B9%A6.pdf"
    assert (back["Content-Security-Policy"], back["X-Content-Type-Options"]) == (
        "default-src 'none'; sandbox",
        "nosniff",
    )
    assert "no-store" in back["Cache-Control"]


@pytest.mark.parametrize("file", [SimpleUploadedFile("a.pdf", b"no"), None])
def test_refusal_is_shown_beside_the_field(owner: Client, file: SimpleUploadedFile | None) -> None:
    answer = owner.post(UPLOAD, FIELD | ({"proof_file": file} if file else {}))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Proof.objects.exists()


@pytest.mark.parametrize("data", [{"kind": "NONE"}, {"proof": "passport"}, {"field": "a b"}])
def test_unknown_upload_is_not_found(owner: Client, data: dict[str, str]) -> None:
    assert owner.post(UPLOAD, FIELD | data | {"proof_file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 404
    assert not Proof.objects.exists()


def test_largest_document_fits_the_request_limit() -> None:
    from tradepost.market.web import arriving, uploads

    assert config().assets.proof_most_bytes < uploads.largest_page_body(UPLOAD) <= arriving.MAX_BYTES_PER_CLIENT


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"]))
def test_any_bytes_are_handled(content: bytes, head: bytes) -> None:
    try:
        assert proofs._kind_of(head + content) in Proof.Kind
    except Refused as refused:
        assert refused.code.startswith("proof.")  # noqa: PT017  # both ends are right


# --- documents of people for the market ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_personal_document_is_readable_by_its_owner_and_operators(files: Files) -> None:
    """No seller sees it, and no other person who has the same file."""
    person, stranger, operator = (
        factories.make_buyer(balance="0"),
        factories.make_buyer(balance="0"),
        factories.make_operator(),
    )
    stored_proofs = [
        proofs.store_proof(PDF, name="r.pdf", seller=None, by=by, files=files, most_bytes=10_000, a_day=5, now=NOW)
        for by in (person, person, stranger)
    ]
    assert [proof.by for proof in stored_proofs] == [person, person, stranger]
    assert stored_proofs[0].pk == stored_proofs[1].pk != stored_proofs[2].pk
    ProofUse.objects.all().delete()
    Proof.objects.filter(by=stranger).delete()
    sha256 = stored_proofs[0].sha256
    readable = [
        proofs.readable_proof(sha256, reader=reader) is not None for reader in (person, operator, stranger, None)
    ]
    assert readable == [True, True, False, False]
    with pytest.raises(Refused, match=r"proof\.unknown"):
        proofs.use_proofs("intent:1", [sha256], seller=None, by=stranger)
    proofs.use_proofs("intent:1", [sha256], seller=None, by=person)
    assert proofs.documents_of("intent:1") == [stored_proofs[0]]
