"""Pictures are stored in the sizes of pages, private to their seller until they are used in public, and deleted when
unused."""

from __future__ import annotations

import os
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests import factories
from tests.factories import NOW
from tests.factories.pictures import picture_file
from tradepost.market.assets import pictures
from tradepost.market.assets.models import VARIANTS, Picture, PictureUse
from tradepost.market.assets.picture_rules import Limits
from tradepost.market.assets.retention import unused_files
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.identity.models import Seller, User

pytestmark = pytest.mark.django_db
MAIN = Picture.Purpose.PRODUCT_MAIN
DAY = timedelta(days=1)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


def store(
    seller: Seller,
    files: Files,
    content: bytes | BytesIO | None = None,
    *,
    purpose: Picture.Purpose = MAIN,
    a_day: int = 9,
) -> Picture:
    return pictures.store_picture(
        picture_file() if content is None else content, name="", seller=seller, purpose=purpose, by=None, files=files,
        limits=Limits(), a_day=a_day, now=NOW,
    )  # fmt: skip


def served(sha256: str, reader: User | None, files: Files, variant: str = "card") -> pictures.ServedPicture | None:
    return pictures.show(sha256, variant, reader=lambda: reader, files=files)


@pytest.mark.slow
def test_picture_is_stored_only_as_webp_in_every_size(files: Files) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera of somebody"
    owner = factories.make_buyer()
    seller = factories.make_seller(member=owner)
    picture = store(seller, files, picture_file("JPEG", width=3000, height=1500, exif=exif))
    assert (picture.width, picture.height) == (3000, 1500)
    sizes = {}
    for variant in VARIANTS:
        served_picture = served(picture.sha256, owner, files, variant)
        assert served_picture is not None
        assert b"camera" not in served_picture.content
        with Image.open(BytesIO(served_picture.content)) as image:
            sizes[variant] = (image.format, image.size)
    assert sizes == {"card": ("WEBP", (480, 240)), "page": ("WEBP", (1200, 600)), "zoom": ("WEBP", (2400, 1200))}
    assert files.read(picture.sha256) is None, "the original with its metadata is not stored"


def test_pictures_are_not_enlarged(files: Files) -> None:
    picture = store(
        factories.make_seller(), files, picture_file(width=168, height=70), purpose=Picture.Purpose.COMPANY_LOGO
    )
    for variant in VARIANTS:
        with Image.open(files.path(picture.sha256, f"{variant}.webp")) as image:
            assert image.size == (168, 70)


def test_same_picture_is_stored_once_with_a_row_for_each_seller(files: Files) -> None:
    a, b = factories.make_seller(), factories.make_seller()
    first = store(a, files)
    assert store(a, files).pk == first.pk
    second_picture = store(b, files)
    assert (second_picture.sha256, second_picture.pk == first.pk) == (first.sha256, False)
    assert len([path for path in files.root.rglob("*") if path.is_file()]) == len(VARIANTS)


def test_refused_picture_leaves_nothing(files: Files) -> None:
    seller = factories.make_seller()
    for content in (b"no picture", picture_file(width=10, height=10), BytesIO(b"\0" * (5 * 1024 * 1024 + 1))):
        with pytest.raises(Refused):
            store(seller, files, content)
    assert not Picture.objects.exists()
    assert not [path for path in files.root.rglob("*") if path.is_file()]


def test_oversized_file_is_not_read_to_its_end(files: Files) -> None:
    class Endless(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size == 5 * 1024 * 1024 + 1
            return b"\0" * size

    with pytest.raises(Refused, match=r"larger than 5 MB|超过 5 MB"):
        store(factories.make_seller(), files, Endless())


def test_daily_number_of_pictures_is_limited(files: Files) -> None:
    seller = factories.make_seller()
    for number in range(2):
        store(seller, files, picture_file(colour=(number, 0, 0)), a_day=2)
    with pytest.raises(Refused) as refusal:
        store(seller, files, picture_file(colour=(9, 0, 0)), a_day=2)
    assert (refusal.value.code, refusal.value.status) == ("picture.too_many_today", 429)
    assert refusal.value.wait == DAY.total_seconds()
    assert Picture.objects.count() == 2
    Picture.objects.update(created_at=NOW - DAY)
    store(seller, files, picture_file(colour=(9, 0, 0)), a_day=2)


def test_picture_is_private_until_used_in_public(files: Files) -> None:
    owner, stranger = factories.make_buyer(email="o@a.example"), factories.make_buyer(email="s@b.example")
    seller = factories.make_seller(member=owner)
    operator = factories.make_operator(email="op@market.example")
    factories.make_seller(member=stranger)
    sha256 = store(seller, files).sha256

    def readers() -> dict[str, bool | None]:
        served_pictures = {who: served(sha256, user, files) for who, user in everybody.items()}
        return {who: None if shown is None else shown.public for who, shown in served_pictures.items()}

    everybody = {"owner": owner, "operator": operator, "member of another": stranger, "nobody": None}
    drafts = {"owner": False, "operator": False, "member of another": None, "nobody": None}
    assert readers() == drafts
    pictures.use_pictures("version:1", [sha256], seller=seller, visible=False)
    assert readers() == drafts
    pictures.use_pictures("version:1", [sha256], seller=seller, visible=True)
    assert set(readers().values()) == {True}
    pictures.use_pictures("version:1", [], seller=seller, visible=True)
    assert readers() == drafts


@pytest.mark.parametrize(("sha256", "variant"), [("0" * 64, "card"), ("../../x", "card"), ("", "card")])
def test_missing_picture_is_not_found(files: Files, sha256: str, variant: str) -> None:
    assert served(sha256, factories.make_operator(), files, variant) is None


def test_unknown_size_is_not_found(files: Files) -> None:
    picture = store(factories.make_seller(), files)
    assert served(picture.sha256, factories.make_operator(), files, "../card") is None


def test_foreign_picture_cannot_be_used(files: Files) -> None:
    seller, other_seller = factories.make_seller(), factories.make_seller()
    own_hash, foreign_hash = (
        store(seller, files).sha256,
        store(other_seller, files, picture_file(colour=(1, 2, 3))).sha256,
    )
    pictures.use_pictures("version:1", [own_hash], seller=seller, visible=False)
    for hashes in ([foreign_hash], [own_hash, foreign_hash], ["0" * 64]):
        with pytest.raises(Refused, match=r"picture\.unknown"):
            pictures.use_pictures("version:1", hashes, seller=seller, visible=True)
    assert [(use.picture.sha256, use.visible) for use in PictureUse.objects.select_related("picture")] == [
        (own_hash, False)
    ]
    assert pictures.find_picture(foreign_hash, seller=seller, purpose=MAIN) is None


def test_unused_picture_is_deleted_with_its_files_in_time(
    files: Files, django_capture_on_commit_callbacks: object
) -> None:
    seller = factories.make_seller()
    used = store(seller, files).sha256
    unused = store(seller, files, picture_file(colour=(1, 2, 3))).sha256
    pictures.use_pictures("version:1", [used], seller=seller, visible=False)
    work = unused_files(files)[0].work
    assert work(NOW) == 0, "not old enough"
    for path in files.root.rglob("*.webp"):
        os.utime(path, (1, 1))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # a fixture of pytest-django
        assert work(NOW + DAY) == 1
    assert [picture.sha256 for picture in Picture.objects.all()] == [used]
    assert files.read(used, "card.webp")
    assert files.read(unused, "card.webp") is None
    assert work(NOW + DAY) == 0


def test_shared_file_is_kept_while_another_seller_has_it(
    files: Files, django_capture_on_commit_callbacks: object
) -> None:
    a, b = factories.make_seller(), factories.make_seller()
    sha256 = store(a, files).sha256
    store(b, files)
    pictures.use_pictures("version:1", [sha256], seller=b, visible=True)
    for path in files.root.rglob("*.webp"):
        os.utime(path, (1, 1))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert unused_files(files)[0].work(NOW + DAY) == 1
    assert files.read(sha256, "card.webp")


@pytest.mark.sqlite  # PostgreSQL scans a table of one row
def test_serving_a_picture_uses_indexes(files: Files) -> None:
    sha256 = store(factories.make_seller(), files).sha256
    plan = Picture.objects.filter(sha256=sha256).explain()
    assert "SEARCH" in plan
    assert "SCAN" not in plan
