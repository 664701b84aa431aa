"""Personal data of uploads: files that a person uploaded as a buyer are deleted with the account; a seller's files
belong to its company."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.files import Files
from tradepost.market.base.personal import Exported, Person, Personal, StoredFiles

from .models import Proof, ProofUse
from .retention import delete_files

OF_COMPANIES = ("version:", "submission:", "seller:", "product:")
"""Owners of documents that belong to a company, regardless of the uploader."""


def _of_companies() -> Q:
    condition = Q()
    for owner in OF_COMPANIES:
        condition |= Q(owner__startswith=owner)
    return condition


def _delete(person: Person, files: Path) -> None:
    with transaction.atomic():
        ProofUse.objects.filter(proof__by=person.pk).exclude(_of_companies()).delete()
        unused_proofs = Proof.objects.filter(~Exists(ProofUse.objects.filter(proof=OuterRef("pk"))), by=person.pk)
        unused_hashes = dict(unused_proofs.values_list("pk", "sha256"))
        Proof.objects.filter(pk__in=list(unused_hashes)).delete()
        transaction.on_commit(lambda: delete_files(unused_hashes.values(), Files(files), fresh=True))


EXPORTED = (
    Exported(
        name="documents", title=_("Documents you uploaded"), model=Proof, whose="by",
        columns="name kind bytes created_at", only=Q(~Exists(ProofUse.objects.filter(_of_companies(), proof=OuterRef("pk")))),
        files=StoredFiles(folder=Files),
    ),
)  # fmt: skip

PERSONAL = Personal(
    first=_delete,
    kept={"assets.Asset": "a seller's software", "assets.AssetVersion": "a seller's software"},
    exported=EXPORTED,
)
