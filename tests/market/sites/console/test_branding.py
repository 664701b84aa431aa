"""Issue 28, *Branding*: an operator enters, previews, corrects, removes and resets it; each act is in the audit log."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from msgspec import structs

from tests.factories import make_buyer, make_operator
from tests.factories.branding import OWN_BRANDING
from tests.factories.pictures import picture_file
from tradepost.market.audit.models import Entry
from tradepost.market.branding import face
from tradepost.market.branding.models import Branding

pytestmark = pytest.mark.django_db

PAGE = "/console/branding/"
GIVEN = {name: value for name, value in structs.asdict(OWN_BRANDING).items() if name != "powered_by"} | {"version": "0"}


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def acts() -> list[tuple[str, str]]:
    return list(Entry.objects.order_by("pk").values_list("act", "outcome"))


def upload(name: str, **options: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name}.png", picture_file(**options), content_type="image/png")


@pytest.mark.parametrize(("language", "words"), [("en", "Main colour"), ("zh-hans", "主色")])
def test_navigation_leads_to_the_form(language: str, words: str) -> None:
    client = Client(headers={"accept-language": language})
    client.force_login(make_operator())
    assert f'href="{PAGE}"' in client.get("/console/").content.decode()
    assert words in client.get(PAGE).content.decode()


def test_branding_is_saved_corrected_and_reset(console: Client) -> None:
    assert console.post(PAGE, GIVEN).status_code == 302
    assert face.read().values == OWN_BRANDING
    shown = console.get(PAGE).content.decode()
    assert 'value="云集市"' in shown
    assert "· Cloud Bazaar</title>" in shown
    console.post(PAGE, GIVEN | {"version": "1", "name_en": "Cloud Fair", "powered_by": "on"})
    assert (face.read().values.name_en, face.read().values.powered_by) == ("Cloud Fair", True)
    console.post(reverse("console:branding_reset"), {"version": "2"})
    assert face.read().values == face.Values()
    assert acts() == [("branding", "done"), ("branding", "done"), ("branding_reset", "done")]
    assert "Branding reset" in console.get("/console/audit/").content.decode()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "长" * 33}, "name"), ({"colour": "#777777"}, "colour"), ({"colour": "#1234567"}, "colour"),
        ({"icp": "12345678"}, "icp"), ({"support_email": "help"}, "support_email"), ({"support_phone": "?"}, "support_phone"),
        ({"version": ""}, "version"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("button", [{}, {"preview": "1"}])
def test_wrong_value_is_shown_beside_its_field_and_nothing_changes(
    console: Client, changed: dict[str, str], field: str, button: dict[str, str]
) -> None:
    answer = console.post(PAGE, GIVEN | changed | button)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Branding.objects.filter(version__gt=0).exists()
    assert "Cloud Bazaar</title>" not in answer.content.decode()
    assert acts() == [("branding", "refused")]


def test_preview_shows_the_values_and_saves_nothing(console: Client) -> None:
    shown = console.post(PAGE, GIVEN | {"preview": "1"}).content.decode()
    for text in (
        "Preview: the header, footer and colours of this page use your values. They are not saved yet",
        "· Cloud Bazaar</title>",
        "/branding/7a1f5c.css",
        OWN_BRANDING.footer_en,
        OWN_BRANDING.company_en,
    ):
        assert text in shown
    assert not Branding.objects.exists()
    assert acts() == [("branding", "shown")]
    assert "Cloud Bazaar" not in console.get(PAGE).content.decode()


def test_outdated_form_is_refused(console: Client) -> None:
    console.post(PAGE, GIVEN)
    answer = console.post(PAGE, GIVEN | {"name_en": "Cloud Fair"})
    assert answer.status_code == 422
    assert "Another operator changed the branding" in answer.content.decode()
    assert face.read().values == OWN_BRANDING


def test_pictures_are_uploaded_replaced_and_removed(console: Client) -> None:
    logo, icon = (reverse("console:branding_picture", args=[use]) for use in ("logo", "icon"))
    console.post(logo, {"version": "0", "logo_file": upload("logo")})
    console.post(icon, {"version": "1", "icon_file": upload("icon", width=64, height=64)})
    first = face.read()
    assert first.logo
    assert first.icon
    shown = " ".join(Client().get("/").content.decode().split())
    assert f'<link rel="icon" href="/pictures/{first.icon}/card.webp" type="image/webp" />' in shown
    assert f'src="/pictures/{first.logo}/card.webp"' in shown
    assert Client().get(f"/pictures/{first.logo}/card.webp").status_code == 200
    console.post(logo, {"version": "2", "logo_file": upload("new", colour=(1, 2, 3)), "logo": first.logo})
    second = face.read()
    assert second.logo not in {"", first.logo}
    assert second.icon == first.icon
    assert Client().get(f"/pictures/{first.logo}/card.webp").status_code == 404
    console.post(logo, {"version": "3", "logo": second.logo, "logo_remove": "1"})
    assert (face.read().logo, face.read().icon) == ("", first.icon)
    assert acts() == [("branding_picture", "done")] * 4


@pytest.mark.parametrize(
    ("use", "files", "words"),
    [
        ("icon", {"version": "0", "icon_file": (20, 20)}, "20 × 20 pixels"),
        ("logo", {"version": "0", "logo_file": (400, 30)}, "400 × 30 pixels"),
        ("logo", {"version": "7", "logo_file": (400, 120)}, "Another operator changed the branding"),
        ("logo", {"logo_file": (400, 120)}, "Another operator changed the branding"),
    ],
)
def test_invalid_picture_is_refused_and_nothing_changes(
    console: Client, use: str, files: dict[str, Any], words: str
) -> None:
    field = f"{use}_file"
    width, height = files[field]
    sent = files | {field: upload(use, width=width, height=height)}
    answer = console.post(reverse("console:branding_picture", args=[use]), sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert (face.read().logo, face.read().icon) == ("", "")
    assert acts() == [("branding_picture", "refused")]
    assert console.post("/console/branding/pictures/banner/", {}).status_code == 404


def test_form_without_a_file_saves_nothing(console: Client) -> None:
    """Without a file, the button reported that the picture was saved."""
    path = reverse("console:branding_picture", args=["logo"])
    answer = console.post(path, {"version": "0", "logo": ""})
    assert answer.status_code == 422
    assert "Choose a picture file first." in answer.content.decode()
    assert not Branding.objects.exists()
    assert acts() == [("branding_picture", "refused")]
    console.post(path, {"version": "0", "logo_file": upload("logo")})
    response = console.post(path, {"version": "1", "logo": face.read().logo})
    assert (response.status_code, face.read().version) == (422, 1)
    removal = console.post(path, {"version": "1", "logo": face.read().logo, "logo_remove": "1"}, follow=True)
    assert "The picture was removed." in removal.content.decode()
    assert face.read().logo == ""


def test_page_is_only_for_operators() -> None:
    client = Client()
    client.force_login(make_buyer(balance="0"))
    for path in (PAGE, reverse("console:branding_picture", args=["logo"]), reverse("console:branding_reset")):
        assert client.post(path, GIVEN).status_code == 404
    assert not Branding.objects.exists()
