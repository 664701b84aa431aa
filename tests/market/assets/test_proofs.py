"""Documents that sellers hand in: what they are is found in them, and nobody but their seller and operators gets them (§2.3)."""

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
from tests.market.downloads import sent
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
def test_right_documents_are_kept_as_they_came(
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
def test_wrong_ones_are_refused_with_their_rule_and_leave_nothing(
    seller: Seller, files: Files, code: str, name: str, content: bytes
) -> None:
    with pytest.raises(Refused) as refused:
        store(seller, files, BytesIO(content), name=name, most_bytes=MB)
    assert (refused.value.code, refused.value.field) == (code, "proof")
    assert refused.value.rule == "business-rules §2.3"
    assert not Proof.objects.exists()
    assert not files.root.exists()


def test_a_seller_hands_in_so_many_a_day(seller: Seller, files: Files) -> None:
    store(seller, files, a_day=1)
    with pytest.raises(Refused, match=r"proof\.too_many_today"):
        store(seller, files, PDF + b" ", a_day=1)


def test_nobody_refers_to_a_document_of_another_seller(seller: Seller, files: Files) -> None:
    own, foreign = store(seller, files), store(factories.make_seller(), files, PDF + b" ")
    proofs.use_proofs("version:1", [own.sha256], seller=seller)
    for wrong in ([foreign.sha256], ["0" * 64]):
        with pytest.raises(Refused, match=r"proof\.unknown"):
            proofs.use_proofs("version:1", wrong, seller=seller)
    assert [use.proof_id for use in ProofUse.objects.all()] == [own.pk]
    assert proofs.find_proof(foreign.sha256, seller=seller) is None
    assert proofs.find_proof("x", seller=seller) is None
    proofs.use_proofs("version:1", [], seller=seller)
    assert not ProofUse.objects.exists()


def test_what_nothing_refers_to_goes_in_time(
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


def test_a_file_becomes_a_document_in_the_field_and_its_seller_gets_it_back(owner: Client, seller: Seller) -> None:
    answer = owner.post(UPLOAD, FIELD | {"proof_file": SimpleUploadedFile("证书.pdf", PDF)})
    kept = Proof.objects.get()
    text = answer.content.decode()
    assert answer.status_code == 200
    assert f'name="proof" value="{kept.sha256}"' in text
    assert "证书.pdf" in text
    assert "Software copyright certificate" in text
    back = owner.get(f"/proofs/{kept.sha256}/")
    assert sent(back) == PDF
    assert back["Content-Type"] == "application/pdf"
    assert back["Content-Disposition"] == "attachment; filename*=utf-8''%E8%AF%81%E4%B9%A6.pdf"
    assert (back["Content-Security-Policy"], back["X-Content-Type-Options"]) == (
        "default-src 'none'; sandbox",
        "nosniff",
    )
    assert "no-store" in back["Cache-Control"]


@pytest.mark.parametrize("file", [SimpleUploadedFile("a.pdf", b"no"), None])
def test_what_is_refused_is_refused_beside_the_field(owner: Client, file: SimpleUploadedFile | None) -> None:
    answer = owner.post(UPLOAD, FIELD | ({"proof_file": file} if file else {}))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Proof.objects.exists()


@pytest.mark.parametrize("wrong", [{"kind": "NONE"}, {"proof": "passport"}, {"field": "a b"}])
def test_what_nobody_asked_for_is_not_there(owner: Client, wrong: dict[str, str]) -> None:
    assert owner.post(UPLOAD, FIELD | wrong | {"proof_file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 404
    assert not Proof.objects.exists()


def test_the_largest_document_fits_what_one_client_may_send() -> None:
    from tradepost.market.web import arriving, uploads

    assert config().proof_most_bytes < uploads.largest_page_body(UPLOAD) <= arriving.BYTES_OF_ONE


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"]))
def test_no_bytes_make_it_crash(content: bytes, head: bytes) -> None:
    try:
        assert proofs._kind_of(head + content) in Proof.Kind
    except Refused as refused:
        assert refused.code.startswith("proof.")  # noqa: PT017  # both ends are right


# --- what a person shows the market itself ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_a_person_shows_the_market_is_theirs_and_the_operators(files: Files) -> None:
    """No seller sees it, nor anybody else who holds the same file."""
    mine, other, operator = (
        factories.make_buyer(balance="0"),
        factories.make_buyer(balance="0"),
        factories.make_operator(),
    )
    kept = [
        proofs.store_proof(PDF, name="r.pdf", seller=None, by=by, files=files, most_bytes=10_000, a_day=5, now=NOW)
        for by in (mine, mine, other)
    ]
    assert [proof.by for proof in kept] == [mine, mine, other]
    assert kept[0].pk == kept[1].pk != kept[2].pk
    ProofUse.objects.all().delete()
    Proof.objects.filter(by=other).delete()
    sha256 = kept[0].sha256
    seen = [proofs.readable_proof(sha256, reader=reader) is not None for reader in (mine, operator, other, None)]
    assert seen == [True, True, False, False]
    with pytest.raises(Refused, match=r"proof\.unknown"):
        proofs.use_proofs("intent:1", [sha256], seller=None, by=other)
    proofs.use_proofs("intent:1", [sha256], seller=None, by=mine)
    assert proofs.used_by("intent:1") == [kept[0]]
