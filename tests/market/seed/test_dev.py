"""A market around one server: every product that its protocol can serve, bound to it; loading again applies only
differences.
"""

from __future__ import annotations

import pytest

from tests.factories import NOW
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey, User
from tradepost.market.payments.queries import balance
from tradepost.market.product_types.charging import CHARGING
from tradepost.market.product_types.registry import product_types
from tradepost.market.production.models import Binding
from tradepost.market.seed import dev
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocol as protocol_of

pytestmark = pytest.mark.django_db

URL = "http://127.0.0.1:9000/produce"
SOLD = sorted({name for kind in product_types().values() for name in kind.protocols})


@pytest.mark.parametrize("protocol", SOLD)
def test_product_of_each_charging_mode_is_on_sale_at_the_server(protocol: str) -> None:
    loaded = dev.load_dev(NOW, address=URL, protocol=protocol, key="the key")
    modes = dev.product_type_of(protocol).charging_modes
    assert [mode for mode, _ in loaded.products] == list(modes)
    for mode, slug in loaded.products:
        product = Product.objects.get(slug=slug, status=Product.Status.ON_SALE)
        # The purchase in this mode, and the purchases that it needs.
        needed = {mode, CHARGING[mode].needs} - {None}
        assert set(Offer.objects.filter(sku__spec__product=product).values_list("charging_mode", flat=True)) == needed
        address = Binding.objects.get(product=product).address
        assert (address.url, address.protocol) == (URL, protocol)
    seller = Seller.objects.get()
    assert keys.signing_secrets(seller.pk, protocol_of(protocol).key_class, now=NOW) == ("the key",)
    assert balance(User.objects.get(email="buyer@lantian.example"), "CNY").minor == 5_000_000


def test_every_mode_of_a_product_kind_has_a_shape() -> None:
    modes: set[ChargingMode] = {mode for kind in product_types().values() for mode in kind.charging_modes}
    assert modes <= set(dev.mode_products())


def test_loading_again_changes_only_the_address_and_the_key() -> None:
    first = dev.load_dev(NOW, address=URL, protocol="saas_v2", key="the key")
    second = dev.load_dev(NOW, address=f"{URL}/2", protocol="saas_v1", key="another")
    assert (second.access_key, second.secret_key, second.products) == (
        first.access_key,
        first.secret_key,
        first.products,
    )
    served = Binding.objects.values_list("address__url", "address__protocol")
    assert list(served) == [(f"{URL}/2", "saas_v1")] * 4
    seller = Seller.objects.get()
    assert keys.signing_secrets(seller.pk, SigningKey.InterfaceClass.BASE, now=NOW)[0] == "another"


def test_unusable_server_is_refused_and_nothing_is_stored() -> None:
    for address, protocol in ((URL, "order_notice"), (URL, "nothing"), ("ftp://x", "saas_v2")):
        with pytest.raises(Refused):
            dev.load_dev(NOW, address=address, protocol=protocol, key="the key")
    assert not User.objects.exists()
