"""A secret shows once, in the answer that made it, and nowhere afterwards."""

from __future__ import annotations

from django.contrib.sessions.models import Session

from tests.factories import people, products
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import keys
from tradepost.market.identity.models import AccessKey, SigningKey, StagedKey


def current(seller) -> SigningKey:
    return SigningKey.objects.get(seller=seller, interface_class="base", valid_until=None)


def stage(page, replaces: str, secret: str = ""):
    return page.post("/seller/keys/signing/base/", {"replaces": replaces, "secret": secret})


def test_a_new_signing_key_shows_once_and_later_only_its_hint(page, shop):
    """saas-v2 §2.1: stored safely; we show it once. Calls go on with the current key until the switch."""
    before = current(shop.seller)

    made = stage(page, before.key_id)

    staged = StagedKey.objects.get(seller=shop.seller)
    secret = unseal(staged.sealed)
    assert current(shop.seller).pk == before.pk
    assert secret in made.content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    for path in ("/seller/keys/", "/seller/keys/signing/base/live/"):
        later = page.get(path).content.decode()
        assert secret not in later
        assert staged.hint in later
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())


def test_the_switch_says_for_how_long_the_earlier_key_holds(page, shop):
    before = current(shop.seller)
    stage(page, before.key_id)
    staged = StagedKey.objects.get()

    answer = page.post("/seller/keys/signing/base/switch/", {"key": staged.key_id})

    assert answer.status_code == 302
    before.refresh_from_db()
    assert before.valid_until is not None
    assert current(shop.seller).key_id == staged.key_id
    text = page.get("/seller/keys/").content.decode()
    assert before.hint in text
    assert "answers signed with it are accepted until" in text
    assert "accepted for 24 hours" in text


def test_replacing_names_the_products_that_it_affects(page, shop):
    """saas-v2 §1.3: replacing a bound key affects every listed product using that type."""
    products.make_product(shop.seller, name_en="Cloud Ledger")
    text = page.get("/seller/keys/").content.decode()
    assert "Replacing it affects" in text
    assert text.count("Cloud Ledger") == 2, "in the facts and in the dialog"


def test_sending_the_form_again_makes_no_second_key(page, shop):
    before = current(shop.seller)
    stage(page, before.key_id)
    staged = StagedKey.objects.get()

    again = stage(page, before.key_id)

    assert again.status_code == 302
    assert StagedKey.objects.get().pk == staged.pk
    assert "Nothing was made" in page.get(again.headers["Location"]).content.decode()


def test_a_key_of_ones_own_is_refused_beside_its_field(page, shop):
    before = current(shop.seller)
    for secret, words in (("short", "16 to 128 characters"), ("a signing key of tests", "no blanks")):
        text = stage(page, before.key_id, secret).content.decode()
        assert words in text
        assert "data-dialog-open" in text
    assert not StagedKey.objects.exists()


def test_a_staged_key_is_tried_and_discarded(page, shop):
    address = people.make_address(shop.seller)
    assert page.post("/seller/keys/signing/base/try/", {"address": address.pk}).status_code == 404, "none is staged"
    stage(page, current(shop.seller).key_id)
    assert page.post("/seller/keys/signing/base/try/", {"address": "9" * 30}).status_code == 404
    foreign = people.make_address(people.make_seller())
    assert page.post("/seller/keys/signing/base/try/", {"address": foreign.pk}).status_code == 404
    assert page.post("/seller/keys/signing/base/try/", {"address": address.pk}).status_code == 302
    job = LeasedJob.objects.get()
    assert job.payload == {"address": address.pk, "staged": StagedKey.objects.get().key_id}
    text = page.get("/seller/keys/").content.decode()
    assert "The server is being asked" in text
    assert 'hx-get="/seller/keys/signing/base/live/"' in text
    page.post("/seller/keys/signing/base/discard/", {"key": StagedKey.objects.get().key_id})
    assert not StagedKey.objects.exists()


def test_the_first_key_of_a_class_is_made_without_naming_one(page, shop):
    page.post("/seller/keys/signing/notice/", {"replaces": ""})

    assert SigningKey.objects.get(seller=shop.seller, interface_class="notice").valid_until is None
    assert page.post("/seller/keys/signing/nonsense/", {"replaces": ""}).status_code == 404


def test_an_access_key_shows_its_secret_once(page, shop):
    """openapi-jointkit C.1."""
    made = page.post("/seller/keys/access/", {"living": ""})

    key = AccessKey.objects.get(seller=shop.seller)
    secret = unseal(key.sealed)
    assert key.created_by == shop.owner
    assert secret in made.content.decode()
    later = page.get("/seller/keys/").content.decode()
    assert secret not in later
    assert key.access_key in later


def test_at_most_two_access_keys_and_none_made_twice(page, shop):
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
    assert "You have two access keys already" in text
    assert "Create an access key" not in text


def test_deleting_names_the_key_and_its_consequence(page, shop):
    made = keys.create_access_key(shop.seller, by=shop.owner, now=people.NOW)
    text = page.get("/seller/keys/").content.decode()
    assert f"Delete {made.key_id}?" in text
    assert "refused at once, and this cannot be undone" in text

    page.post(f"/seller/keys/access/{made.key_id}/delete/")

    assert AccessKey.objects.get(access_key=made.key_id).valid_until is not None
    assert f"sc-delete-{made.key_id}" not in page.get("/seller/keys/").content.decode()


def test_a_class_that_an_address_needs_says_that_its_key_is_missing(page, shop):
    SigningKey.objects.all().delete()
    people.make_address(shop.seller)

    assert "without it no call can be made" in page.get("/seller/keys/").content.decode()
    assert "An address has no signing key" in page.get("/seller/").content.decode()
