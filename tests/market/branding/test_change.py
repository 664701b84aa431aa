"""Issue 28, *Branding*: accepted and refused values, and refusals change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from tests.factories import NOW, make_operator
from tests.factories.branding import OWN_BRANDING, market_picture, rename_market
from tradepost.market.assets.models import Picture, PictureUse
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.base.values import replace
from tradepost.market.branding import change, face
from tradepost.market.branding.face import Face, Values
from tradepost.market.branding.models import Branding

pytestmark = pytest.mark.django_db


def save(version: int = 0, **values: Any) -> None:
    change.save(replace(OWN_BRANDING, **values), version=version, by=make_operator(), now=NOW)


@pytest.mark.parametrize(
    ("name", "name_en", "chinese", "english"),
    [
        ("云集市", "Cloud Bazaar", "云集市", "Cloud Bazaar"),
        ("云集市", "", "云集市", "云集市"),
        ("", "Cloud Bazaar", "Cloud Bazaar", "Cloud Bazaar"),
        ("", "", "商埠", "Tradepost"),
        (" 云 \u200b集市\n", "\u200b", "云 集市", "云 集市"),
    ],
)
def test_one_name_suffices_and_the_default_is_the_softwares(
    name: str, name_en: str, chinese: str, english: str
) -> None:
    save(name=name, name_en=name_en)
    for language, expected in (("zh-hans", chinese), ("en", english)):
        with translation.override(language):
            assert face.current().name == expected
    assert face.current().is_named is (chinese != "商埠")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("colour", "red"), ("colour", "#12345"), ("colour", "#777777"), ("colour", "#ffd400"), ("colour", "#0d5c8f;}"),
        ("icp", "12345678"), ("icp", "粤ICP备1号"), ("icp", "粤ICP备12345678号<script>"),
        ("support_email", "help"), ("support_email", "a@b@c"), ("support_phone", "call us"), ("support_phone", "1"),
    ],
)  # fmt: skip
def test_invalid_value_is_refused_beside_its_field(field: str, value: str) -> None:
    save()
    before = face.read()
    with pytest.raises(Refused) as refusal:
        save(version=1, name="另一个", **{field: value})
    assert (refusal.value.field, int(refusal.value.status)) == (field, 422)
    assert face.read() == before


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("colour", "7A1F5C", "#7a1f5c"), ("colour", "", ""), ("icp", "京ICP证030173号", "京ICP证030173号"), ("icp", "", ""),
        ("support_phone", "400 123 4567", "400 123 4567"), ("footer", "a\n b", "a b"),
    ],
)  # fmt: skip
def test_valid_value_is_stored(field: str, value: str, stored: str) -> None:
    form_values: dict[str, Any] = {field: value}
    save(**form_values)
    assert getattr(face.read().values, field) == stored


def test_too_light_colour_is_refused_with_the_nearest_accepted_one() -> None:
    with translation.override("en"), pytest.raises(Refused, match=r"contrast of 1\.43:1.*#8c7500"):
        save(colour="#ffd400")
    save(colour="#8c7500")


@pytest.mark.parametrize("version", [0, 2, -1])
def test_outdated_form_is_refused(version: int) -> None:
    save()
    before = face.read()
    for act in (
        lambda: save(version=version, name="另一个"),
        lambda: change.set_picture("logo", "", version=version, by=make_operator(), now=NOW),
        lambda: change.reset(version=version, by=make_operator(), now=NOW),
    ):
        with pytest.raises(Refused, match=r"branding\.changed"):
            act()
    assert face.read() == before


def test_pictures_are_public_while_used() -> None:
    from tradepost.market.assets.pictures import show

    def public(picture: Picture) -> bool:
        served = show(picture.sha256, "card", reader=lambda: None, files=Files(config().files))
        return served is not None and served.public

    logo = market_picture(Picture.Purpose.MARKET_LOGO)
    icon = market_picture(Picture.Purpose.MARKET_ICON, width=64, height=64, colour=(1, 2, 3))
    assert not public(logo)
    operator = make_operator()
    change.set_picture("logo", logo.sha256, version=0, by=operator, now=NOW)
    change.set_picture("icon", icon.sha256, version=1, by=operator, now=NOW)
    assert (face.read().logo, face.read().icon) == (logo.sha256, icon.sha256)
    assert public(logo)
    assert public(icon)
    change.set_picture("logo", "", version=2, by=operator, now=NOW)
    assert not public(logo)
    assert public(icon)
    change.reset(version=3, by=operator, now=NOW)
    assert not public(icon)
    assert not PictureUse.objects.exists()


def test_picture_of_another_purpose_is_refused() -> None:
    icon = market_picture(Picture.Purpose.MARKET_ICON)
    for sha256 in (icon.sha256, "0" * 64):
        with pytest.raises(Refused, match=r"branding\.picture"):
            change.set_picture("logo", sha256, version=0, by=make_operator(), now=NOW)
    assert not Branding.objects.exists()


def test_same_picture_is_stored_once() -> None:
    assert market_picture(Picture.Purpose.MARKET_LOGO).pk == market_picture(Picture.Purpose.MARKET_LOGO).pk


def test_reset_restores_the_defaults() -> None:
    operator = make_operator()
    rename_market(operator, pictures=True)
    change.reset(version=3, by=operator, now=NOW)
    assert face.read() == Face(values=Values(), version=4, privacy=True)
    rename_market(operator)
    assert face.read().values == OWN_BRANDING
