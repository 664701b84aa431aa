"""Pictures are kept in the sizes of pages, are their seller's until something visible refers to them, and go when nothing does."""

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


def seen(sha256: str, reader: User | None, files: Files, variant: str = "card") -> pictures.Shown | None:
    return pictures.show(sha256, variant, reader=lambda: reader, files=files)


@pytest.mark.slow
def test_a_picture_is_kept_as_webp_in_every_size_and_as_nothing_else(files: Files) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera of somebody"
    owner = factories.make_buyer()
    seller = factories.make_seller(member=owner)
    picture = store(seller, files, picture_file("JPEG", width=3000, height=1500, exif=exif))
    assert (picture.width, picture.height) == (3000, 1500)
    sizes = {}
    for variant in VARIANTS:
        shown = seen(picture.sha256, owner, files, variant)
        assert shown is not None
        assert b"camera" not in shown.content
        with Image.open(BytesIO(shown.content)) as image:
            sizes[variant] = (image.format, image.size)
    assert sizes == {"card": ("WEBP", (480, 240)), "page": ("WEBP", (1200, 600)), "zoom": ("WEBP", (2400, 1200))}
    assert files.read(picture.sha256) is None, "the file itself, with all that a camera wrote, is not kept"


def test_none_is_made_larger_than_it_was(files: Files) -> None:
    picture = store(
        factories.make_seller(), files, picture_file(width=168, height=70), purpose=Picture.Purpose.COMPANY_LOGO
    )
    for variant in VARIANTS:
        with Image.open(files.path(picture.sha256, f"{variant}.webp")) as image:
            assert image.size == (168, 70)


def test_handed_in_twice_it_is_kept_once_and_each_seller_has_his_own_row(files: Files) -> None:
    a, b = factories.make_seller(), factories.make_seller()
    first = store(a, files)
    assert store(a, files).pk == first.pk
    other = store(b, files)
    assert (other.sha256, other.pk == first.pk) == (first.sha256, False)
    assert len([path for path in files.root.rglob("*") if path.is_file()]) == len(VARIANTS)


def test_a_refused_one_leaves_nothing(files: Files) -> None:
    seller = factories.make_seller()
    for content in (b"no picture", picture_file(width=10, height=10), BytesIO(b"\0" * (5 * 1024 * 1024 + 1))):
        with pytest.raises(Refused):
            store(seller, files, content)
    assert not Picture.objects.exists()
    assert not [path for path in files.root.rglob("*") if path.is_file()]


def test_of_a_file_that_is_too_large_no_more_is_read_than_shows_it(files: Files) -> None:
    class Endless(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size == 5 * 1024 * 1024 + 1
            return b"\0" * size

    with pytest.raises(Refused, match=r"larger than 5 MB|超过 5 MB"):
        store(factories.make_seller(), files, Endless())


def test_a_seller_hands_in_so_many_a_day(files: Files) -> None:
    seller = factories.make_seller()
    for number in range(2):
        store(seller, files, picture_file(colour=(number, 0, 0)), a_day=2)
    with pytest.raises(Refused) as refused:
        store(seller, files, picture_file(colour=(9, 0, 0)), a_day=2)
    assert (refused.value.code, refused.value.status) == ("picture.too_many_today", 429)
    assert Picture.objects.count() == 2
    Picture.objects.update(created_at=NOW - DAY)
    store(seller, files, picture_file(colour=(9, 0, 0)), a_day=2)


def test_until_something_visible_refers_to_it_it_is_its_sellers(files: Files) -> None:
    owner, stranger = factories.make_buyer(email="o@a.example"), factories.make_buyer(email="s@b.example")
    seller = factories.make_seller(member=owner)
    operator = factories.make_operator(email="op@market.example")
    factories.make_seller(member=stranger)
    sha256 = store(seller, files).sha256

    def readers() -> dict[str, bool | None]:
        found = {who: seen(sha256, user, files) for who, user in everybody.items()}
        return {who: None if shown is None else shown.public for who, shown in found.items()}

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
def test_what_is_not_there_is_not_found(files: Files, sha256: str, variant: str) -> None:
    assert seen(sha256, factories.make_operator(), files, variant) is None


def test_a_size_that_does_not_exist_is_not_found(files: Files) -> None:
    picture = store(factories.make_seller(), files)
    assert seen(picture.sha256, factories.make_operator(), files, "../card") is None


def test_nobody_refers_to_a_picture_of_another_seller(files: Files) -> None:
    mine, theirs = factories.make_seller(), factories.make_seller()
    own, foreign = store(mine, files).sha256, store(theirs, files, picture_file(colour=(1, 2, 3))).sha256
    pictures.use_pictures("version:1", [own], seller=mine, visible=False)
    for wrong in ([foreign], [own, foreign], ["0" * 64]):
        with pytest.raises(Refused, match=r"picture\.unknown"):
            pictures.use_pictures("version:1", wrong, seller=mine, visible=True)
    assert [(use.picture.sha256, use.visible) for use in PictureUse.objects.select_related("picture")] == [(own, False)]
    assert pictures.find_picture(foreign, seller=mine, purpose=MAIN) is None


def test_what_nothing_refers_to_goes_in_time_with_its_files(
    files: Files, django_capture_on_commit_callbacks: object
) -> None:
    seller = factories.make_seller()
    used = store(seller, files).sha256
    unused = store(seller, files, picture_file(colour=(1, 2, 3))).sha256
    pictures.use_pictures("version:1", [used], seller=seller, visible=False)
    work = unused_files(files)[0].work
    assert work(NOW) == 0, "younger than that"
    for path in files.root.rglob("*.webp"):
        os.utime(path, (1, 1))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # a fixture of pytest-django
        assert work(NOW + DAY) == 1
    assert [picture.sha256 for picture in Picture.objects.all()] == [used]
    assert files.read(used, "card.webp")
    assert files.read(unused, "card.webp") is None
    assert work(NOW + DAY) == 0


def test_a_file_that_another_seller_still_has_stays(files: Files, django_capture_on_commit_callbacks: object) -> None:
    a, b = factories.make_seller(), factories.make_seller()
    sha256 = store(a, files).sha256
    store(b, files)
    pictures.use_pictures("version:1", [sha256], seller=b, visible=True)
    for path in files.root.rglob("*.webp"):
        os.utime(path, (1, 1))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert unused_files(files)[0].work(NOW + DAY) == 1
    assert files.read(sha256, "card.webp")


@pytest.mark.sqlite  # PostgreSQL reads a table of one row as a whole
def test_asking_for_a_picture_uses_indexes(files: Files) -> None:
    sha256 = store(factories.make_seller(), files).sha256
    plan = Picture.objects.filter(sha256=sha256).explain()
    assert "SEARCH" in plan
    assert "SCAN" not in plan
