"""A secret is shown once, in the response that creates it, and never again."""

from __future__ import annotations

from django.contrib.sessions.models import Session

from tests.factories import people, products
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import keys
from tradepost.market.identity.models import AccessKey, SigningKey, StagedKey


def current_key(seller) -> SigningKey:
    return SigningKey.objects.get(seller=seller, interface_class="base", valid_until=None)


def stage_key(page, replaces: str, secret: str = ""):
    return page.post("/seller/keys/signing/base/", {"replaces": replaces, "secret": secret})


def test_new_signing_key_is_shown_once_and_later_only_its_hint(page, shop):
    """saas-v2 §2.1: stored encrypted and shown once. Calls use the current key until the switch."""
    before = current_key(shop.seller)

    new_key = stage_key(page, before.key_id)

    staged = StagedKey.objects.get(seller=shop.seller)
    secret = unseal(staged.sealed)
    assert current_key(shop.seller).pk == before.pk
    assert secret in new_key.content.decode()
    assert "no-store" in new_key.headers["Cache-Control"]
    for path in ("/seller/keys/", "/seller/keys/signing/base/live/"):
        later = page.get(path).content.decode()
        assert secret not in later
        assert staged.hint in later
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())


def test_switch_page_says_how_long_the_earlier_key_stays_valid(page, shop):
    before = current_key(shop.seller)
    stage_key(page, before.key_id)
    staged = StagedKey.objects.get()

    answer = page.post("/seller/keys/signing/base/switch/", {"key": staged.key_id})

    assert answer.status_code == 302
    before.refresh_from_db()
    assert before.valid_until is not None
    assert current_key(shop.seller).key_id == staged.key_id
    text = page.get("/seller/keys/").content.decode()
    assert before.hint in text
    assert "responses signed with it are accepted until" in text
    assert "accepted for 24 hours" in text


def test_replacing_names_the_affected_products(page, shop):
    """saas-v2 §1.3: replacing a bound key affects every listed product using that type."""
    products.make_product(shop.seller, name_en="Cloud Ledger")
    text = page.get("/seller/keys/").content.decode()
    assert "Replacing it affects" in text
    assert text.count("Cloud Ledger") == 2, "in the facts and in the dialog"


def test_sending_the_form_again_creates_no_second_key(page, shop):
    before = current_key(shop.seller)
    stage_key(page, before.key_id)
    staged = StagedKey.objects.get()

    second = stage_key(page, before.key_id)

    assert second.status_code == 302
    assert StagedKey.objects.get().pk == staged.pk
    assert "No key was created" in page.get(second.headers["Location"]).content.decode()


def test_key_entered_by_the_seller_is_refused_beside_its_field(page, shop):
    before = current_key(shop.seller)
    for secret, words in (("short", "16 to 128 characters"), ("a signing key of tests", "without spaces")):
        text = stage_key(page, before.key_id, secret).content.decode()
        assert words in text
        assert "data-dialog-open" in text
    assert not StagedKey.objects.exists()


def test_staged_key_is_tried_and_discarded(page, shop):
    address = people.make_address(shop.seller)
    assert page.post("/seller/keys/signing/base/try/", {"address": address.pk}).status_code == 404, "none is staged"
    stage_key(page, current_key(shop.seller).key_id)
    assert page.post("/seller/keys/signing/base/try/", {"address": "9" * 30}).status_code == 422
    foreign = people.make_address(people.make_seller())
    assert page.post("/seller/keys/signing/base/try/", {"address": foreign.pk}).status_code == 422
    assert page.post("/seller/keys/signing/base/try/", {"address": address.pk}).status_code == 302
    job = LeasedJob.objects.get()
    assert job.payload == {"address": address.pk, "staged": StagedKey.objects.get().key_id}
    text = page.get("/seller/keys/").content.decode()
    assert "Testing the server" in text
    assert 'hx-get="/seller/keys/signing/base/live/"' in text
    page.post("/seller/keys/signing/base/discard/", {"key": StagedKey.objects.get().key_id})
    assert not StagedKey.objects.exists()


def test_first_key_of_a_class_is_created_without_naming_one(page, shop):
    page.post("/seller/keys/signing/notice/", {"replaces": ""})

    assert SigningKey.objects.get(seller=shop.seller, interface_class="notice").valid_until is None
    assert page.post("/seller/keys/signing/nonsense/", {"replaces": ""}).status_code == 404


def test_access_key_shows_its_secret_once(page, shop):
    """openapi-jointkit C.1."""
    response = page.post("/seller/keys/access/", {"living": ""})

    key = AccessKey.objects.get(seller=shop.seller)
    secret = unseal(key.sealed)
    assert key.created_by == shop.owner
    assert secret in response.content.decode()
    later = page.get("/seller/keys/").content.decode()
    assert secret not in later
    assert key.access_key in later


def test_at_most_two_access_keys_and_no_duplicates(page, shop):
    page.post("/seller/keys/access/", {"living": ""})
    assert page.post("/seller/keys/access/", {"living": ""}).status_code == 302
    assert AccessKey.objects.count() == 1
    first = AccessKey.objects.get()
    page.post("/seller/keys/access/", {"living": first.access_key})
    both = ",".join(sorted(AccessKey.objects.values_list("access_key", flat=True)))

    refused = page.post("/seller/keys/access/", {"living": both})

    assert refused.status_code == 302
    assert AccessKey.objects.count() == 2
    text = page.get("/seller/keys/").content.decode()
    assert "You already have two access keys. Delete one before you create another" in text
    assert "Create an access key" not in text


def test_deletion_page_names_the_key_and_the_consequence(page, shop):
    access_key = keys.create_access_key(shop.seller, by=shop.owner, now=people.NOW)
    text = page.get("/seller/keys/").content.decode()
    assert f"Delete {access_key.key_id}?" in text
    assert (
        "Requests signed with it are refused immediately. This cannot be undone. Your server cannot query orders until it uses another key"
        in text
    )

    page.post(f"/seller/keys/access/{access_key.key_id}/delete/")

    assert AccessKey.objects.get(access_key=access_key.key_id).valid_until is not None
    assert f"sc-delete-{access_key.key_id}" not in page.get("/seller/keys/").content.decode()


def test_class_needed_by_an_address_reports_its_missing_key(page, shop):
    SigningKey.objects.all().delete()
    people.make_address(shop.seller)

    assert (
        "Your addresses need this key. Without it, no calls can be made" in page.get("/seller/keys/").content.decode()
    )
    assert "An address has no signing key" in page.get("/seller/").content.decode()
