"""Issue 25, 5: "``doctor`` also verifies … that every referenced file exists": references are found automatically."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import CharField

from tests.factories import NOW, make_seller
from tests.factories.pictures import make_picture
from tradepost.market.assets.models import VARIANTS, Proof
from tradepost.market.base import file_check
from tradepost.market.base.config import config
from tradepost.market.base.content_hash import ContentHash
from tradepost.market.base.files import Files, sha256_of

MARKET = Path(__file__).parents[3] / "src/tradepost/market"
NO_FILES = {
    "catalog.Shelf.picture": "a picture, which is a row of assets.Picture",
    "catalog.Version.sha256": "of a document in the row",
    "review.Submission.sha256": "of a document in the row",
    "assets.FileScan.sha256": "the verdict on a document that another column names",
    "assets.FalsePositive.sha256": "which file an operator judged; the file may be gone",
    "assets.Upload.sha256": "what its seller said of a file that is on its way",
    "applications.Authorisation.acked_digest": "of what was sent",
    "applications.Authorisation.sent_digest": "the same",
    "debugging.ApiTrial.sha256": "the content of a trial is not kept",
}
"""Columns with a hash that is not a file of the store, and the reason."""


def test_hash_columns_name_files_or_are_listed() -> None:
    hashes = {
        f"{model._meta.label}.{field.name}": isinstance(field, ContentHash)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, CharField)
        and (isinstance(field, ContentHash) or re.search(r"sha|digest|picture|proof|^file$|_file$", field.name))
    }
    assert {name for name, names_files in hashes.items() if not names_files} == set(NO_FILES)
    assert {name for name, names_files in hashes.items() if names_files} == {
        "assets.Picture.sha256", "assets.Proof.sha256", "assets.AssetVersion.sha256", "invoices.IssuedInvoice.sha256",
        "exports.Export.sha256", "licenses.LicenseRequest.sha256", "organisations.ImportRun.sha256",
    }  # fmt: skip


@pytest.mark.slow
def test_every_store_of_files_has_a_column() -> None:
    """Each ``Files(root)``: the files folder itself, or a folder that a column names."""
    roots = set()
    for path in MARKET.rglob("*.py"):
        if path.name in {"files.py", "file_check.py"} or "seed" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Files":
                roots.add((path.relative_to(MARKET).parts[0], ast.unparse(node.args[0])))
    below = {context for context, root in roots if root == "files / FOLDER"}
    of_any_store = "settings.files / store if store else settings.files"  # file_scans.py reads every store
    root_expressions = {
        "config().files",
        "settings.files",
        "files",
        "place.files",
        "importing.place.files",
        of_any_store,
    }
    assert {root for _context, root in roots} <= {"files / FOLDER", *root_expressions}
    store_labels = {reference.model._meta.app_label for reference in file_check.references() if reference.field.folder}
    assert below == store_labels


def test_new_column_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    field = ContentHash(folder="letters")
    monkeypatch.setattr(Proof._meta, "local_concrete_fields", [field])
    assert ("letters", Proof) in {(reference.field.folder, reference.model) for reference in file_check.references()}


def test_column_is_a_plain_one_in_migrations() -> None:
    _name, path, _args, options = ContentHash(folder="x", blank=True, default="").deconstruct()
    assert (path, options) == ("django.db.models.CharField", {"max_length": 64, "blank": True, "default": ""})


@pytest.mark.django_db
def test_missing_files_are_counted_in_batches_and_the_first_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_check, "BATCH", 3)
    seller, files = make_seller(), Files(tmp_path)
    contents = [f"proof {number}".encode() for number in range(10)]
    for content in contents:
        Proof.objects.create(
            seller=seller, sha256=sha256_of(content), kind="application/pdf", name="p.pdf", bytes=1, created_at=NOW
        )
    for content in contents[:2]:
        files.put(content)
    progress_counts: list[int] = []
    result = file_check.check_files(tmp_path, progress=progress_counts.append)
    assert (result.checked, result.missing, len(result.named)) == (10, 8, file_check.MAX_NAMED)
    lost = sha256_of(contents[2])
    assert result.named[0].startswith(f"{lost[:2]}/{lost} (assets.Proof ")
    assert result.names().endswith(" and 3 more")
    assert progress_counts == [3, 6, 9, 10]
    for content in contents:
        files.put(content)
    assert file_check.check_files(tmp_path).complete


@pytest.mark.django_db
def test_all_sizes_of_a_picture_are_checked() -> None:
    """Only the sizes for pages are stored."""
    picture, files = make_picture(make_seller()), Files(config().files)
    assert file_check.check_files(files.root).complete
    for variant in VARIANTS:
        path = files.path(picture.sha256, f"{variant}.webp")
        content = path.read_bytes()
        path.unlink()
        assert file_check.check_files(files.root).missing == 1
        path.write_bytes(content)
    assert file_check.check_files(files.root).complete


@pytest.mark.django_db
def test_hash_outside_of_the_folder_is_missing(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x")
    Proof.objects.create(
        seller=make_seller(), sha256="../outside", kind="application/pdf", name="p", bytes=1, created_at=NOW
    )
    result = file_check.check_files(tmp_path / "files")
    assert (result.missing, "'../outside'" in result.names()) == (1, True)
