"""Deployed objects of assets, and the ordering APIs of buyers (openapi-jointkit §C.11, §C.12)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.http import Request
from tradepost.protocols.open_api import assets, buyer_orders, buyer_purchases
from tradepost.protocols.open_api.assets import DeployedObject, DeployedQuery, DeployedType, ImageObject, PackageObject
from tradepost.protocols.open_api.bodies import ApiRefused, BadBody
from tradepost.protocols.open_api.buyer_orders import (
    ListOrders,
    OrderKind,
    OrderStatus,
    OrderSummary,
    SaasInstance,
    ShowSaasInstance,
)
from tradepost.protocols.open_api.errors import read_api_answer

MARKET = "https://mkt.example.com"
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=64).filter(
    str.strip
)
some = st.just("") | texts


def members(response):
    answer = read_api_answer(response)
    assert isinstance(answer, dict)
    return answer


def refused(load, body) -> tuple[int, str, str]:
    with pytest.raises(ApiRefused) as refusal:
        load(body)
    return refusal.value.error.status, refusal.value.error.code, refusal.value.detail


# --- assets ----------------------------------------------------------------------------------------------------------


def test_query_of_section_c_11():
    query = DeployedQuery(asset_id="a" * 32, deployed_type=DeployedType.IMAGE, asset_version="V1.0", query_all=True)
    request = assets.query_request(query, market=MARKET)
    assert request.method == "GET"
    assert request.url == (
        f"{MARKET}/api/mkp-openapi-public/v1/asset/deployed-object"
        f"?asset_id={'a' * 32}&deployed_type=image&asset_version=V1.0&query_all=true"
    )
    assert assets.load_query(request) == query


queries = st.builds(
    DeployedQuery,
    asset_id=texts.map(str.strip),
    deployed_type=st.sampled_from(DeployedType),
    region=some,
    asset_version=some,
    query_all=st.booleans(),
)
images = st.builds(ImageObject, image_id=texts, image_name=some, os_type=some, create_time=some, architecture=some)
packages = st.builds(PackageObject, package_name=texts, internal_path=some, checksum=some)
deployed = st.builds(
    DeployedObject,
    asset_id=texts,
    deployed_type=st.sampled_from(DeployedType).map(str),
    version=some,
    version_id=some,
    region=some,
    image=st.none() | images,
    package=st.none() | packages,
)


@given(queries)
def test_any_query_arrives_unchanged(query):
    assert assets.load_query(assets.query_request(query, market=MARKET)) == query


@given(st.lists(deployed, max_size=3).map(tuple))
def test_any_result_is_read(objects):
    assert assets.load_answer(members(assets.deployed_response(objects))) == objects


@pytest.mark.parametrize(
    ("target", "detail"),
    [
        ("?deployed_type=image", "asset_id is missing"),
        ("?asset_id=a", "deployed_type must be one of software_package, image"),
        ("?asset_id=a&deployed_type=vm", "deployed_type must be one of software_package, image"),
    ],
)
def test_invalid_query_is_refused_section_c_11(target, detail):
    assert refused(assets.load_query, Request("GET", f"{MARKET}{assets.PATH}{target}")) == (400, "CBC.0101", detail)
    assert refused(assets.load_query, Request("GET", "https://[x"))[2] == "the URL cannot be read"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": {}},
        {"data": [7]},
        {"data": [{"asset_id": "a"}]},
        {"data": [{"asset_id": "a", "deployed_type": "image", "image_deployed_object": {}}]},
    ],
)
def test_answer_without_objects_is_invalid(answer):
    with pytest.raises(BadBody):
        assets.load_answer(answer)


# --- orders ----------------------------------------------------------------------------------------------------------


def test_paths_of_section_c_12():
    root = "/api/mkp-openapi-public/global/v1"
    assert [
        f"{root}/query-orders",
        f"{root}/order-detail/query",
        f"{root}/order/batch-order",
        f"{root}/order/batch-cancel",
        f"{root}/saas-instance/query",
        f"{root}/subscription-agreements-query",
    ] == [
        buyer_orders.LIST_ORDERS,
        buyer_orders.SHOW_ORDER_DETAILS,
        buyer_purchases.CREATE_ORDER,
        buyer_orders.CANCEL_ORDERS,
        buyer_orders.SHOW_SAASINSTANCE,
        buyer_purchases.SHOW_AGREEMENTS,
    ]


lists = st.builds(
    ListOrders,
    start_time=texts,
    end_time=texts,
    status=st.none() | st.sampled_from(OrderStatus),
    order_type=st.none() | st.sampled_from(OrderKind),
    offset=st.integers(0, 10**9 - 1),
    limit=st.integers(1, 100),
    content_name=some,
    charging_mode=st.none() | st.integers(0, 9),
    order_id=some,
    order_ids=st.lists(texts, max_size=3).map(tuple),
    ascending=st.booleans(),
    content_id=some,
)


@given(lists)
def test_any_list_request_arrives_unchanged(asked):
    assert buyer_orders.load_list(buyer_orders.list_request(asked, market=MARKET).body) == asked


def test_newest_first_by_default_section_c_12():
    asked = ListOrders(start_time="a", end_time="b", ascending=True)
    assert json.loads(buyer_orders.list_request(asked, market=MARKET).body)["sort_desc"] == 0
    assert not buyer_orders.load_list(b'{"start_time":"a","end_time":"b"}').ascending


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"start_time": ""}, "start_time is blank"),
        ({"status": 6}, "status must be one of 1, 2, 3, 4, 5; “6” came"),
        ({"order_type": 0}, "order_type must be one of 1, 2, 3, 4; “0” came"),
        ({"limit": 101}, "offset is 0 or more, and limit 1 to 100"),
        ({"limit": 0}, "offset is 0 or more, and limit 1 to 100"),
        ({"offset": -1}, "offset is 0 or more, and limit 1 to 100"),
        ({"order_ids": ["x"] * 101}, "order_ids must be an array of 1 to 100 texts"),
        ({"order_ids": [7]}, "order_ids holds an item that is not a text of 1 to 64 characters"),
    ],
)
def test_invalid_list_is_refused_section_c_12(change, detail):
    body = json.dumps({"start_time": "a", "end_time": "b"} | change).encode()
    assert refused(buyer_orders.load_list, body) == (400, "CBC.0101", detail)


summaries = st.builds(
    OrderSummary,
    order_id=texts,
    order_type=st.none() | st.integers(1, 4),
    status=st.none() | st.integers(1, 5),
    create_time=some,
    payment_time=some,
    order_amount=st.sampled_from(["", "100.50"]),
    currency_after_discount=st.sampled_from(["", "99"]),
    customer_id=some,
    customer_name=some,
)


@given(st.integers(0, 10**6), st.lists(summaries, max_size=3).map(tuple))
def test_any_list_is_read(total, orders):
    assert buyer_orders.load_listed(members(buyer_orders.list_response(total, orders))) == (total, orders)


def test_amounts_sent_as_numbers_become_texts():
    infos = [{"order_id": "o", "order_amount": 1.5, "currency_after_discount": True}]
    _, (order,) = buyer_orders.load_listed({"result": {"total": 1, "order_infos": infos}})
    assert (order.order_amount, order.currency_after_discount) == ("1.5", "")
    bad: list[dict[str, object]] = [{}, {"result": {}}, {"result": {"total": 1, "order_infos": [{}]}}]
    for answer in bad:
        with pytest.raises(BadBody):
            buyer_orders.load_listed(answer)


def test_order_is_read_part_by_part_section_c_12():
    """``result.order_info_list[]`` has six named parts [INF]; their contents are passed on unchanged."""
    parts = {"order_common_info": {"order_id": "o", "new": [1]}, "display_info": None}
    answer = {"result": {"order_info_list": [parts | {"aggregate_resource_infos": [{"resource_id": "r"}]}, {}]}}
    first, second = buyer_orders.load_details(answer)
    assert first.common == {"order_id": "o", "new": [1]}
    assert (first.payment, first.relation, first.display, first.allowed) == ({}, {}, {}, {})
    assert first.resources == ({"resource_id": "r"},)
    assert second == buyer_orders.OrderDetails()
    with pytest.raises(TypeError):
        first.common["order_id"] = "other"  # type: ignore[index]  # the type says so too
    again = buyer_orders.load_details(members(buyer_orders.details_response([first, second])))
    assert again == (first, second)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "result is missing"),
        ({}, "result.order_info_list is missing"),
        ({"order_info_list": ["o"]}, "order_info_list[0] must be an object"),
        ({"order_info_list": [{"display_info": "x"}]}, "order_info_list[0].display_info must be an object"),
        ({"order_info_list": [{"aggregate_resource_infos": {}}]}, "aggregate_resource_infos must be an array"),
    ],
)
def test_answer_without_orders_is_unreadable(result, words):
    with pytest.raises(BadBody) as refusal:
        buyer_orders.load_details({"result": result})
    assert words in str(refusal.value)


def test_orders_are_cancelled_and_shown_in_batches_section_c_12():
    cancel = buyer_orders.cancel_request(("a", "b"), market=MARKET)
    assert cancel.body == b'{"order_ids":["a","b"]}'
    assert buyer_orders.load_cancelled(cancel.body) == ("a", "b")
    details = buyer_orders.details_request(("a",), market=MARKET)
    assert details.body == b'{"orderids":["a"]}'
    assert buyer_orders.load_detailed(details.body) == ("a",)
    for send, most in ((buyer_orders.cancel_request, 300), (buyer_orders.details_request, 100)):
        assert len(json.loads(send(("x",) * most, market=MARKET).body).popitem()[1]) == most
        for wrong in ((), ("x",) * (most + 1), ("x" * 65,), (" ",)):
            with pytest.raises(ValueError):
                send(wrong, market=MARKET)
    assert refused(buyer_orders.load_cancelled, b'{"order_ids":[]}')[1] == "CBC.0101"
    assert members(buyer_orders.cancelled_response())["error_code"] == "CBC.0000"


@given(
    texts,
    texts,
    texts,
    st.builds(
        SaasInstance,
        front_url=some,
        admin_url=some,
        account=some,
        password=some,
        guides=st.lists(texts, max_size=2).map(tuple),
    ),
)
def test_instance_is_queried_and_read_section_c_12(order, instance, domain, shown):
    asked = ShowSaasInstance(order_id=order, instance_id=instance, buyer_domain_id=domain)
    assert buyer_orders.load_show_instance(buyer_orders.instance_request(asked, market=MARKET).body) == asked
    assert buyer_orders.load_instance(members(buyer_orders.instance_response(shown))) == shown
    assert "password" not in repr(shown)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body):
    for load in (
        buyer_orders.load_list,
        buyer_orders.load_cancelled,
        buyer_orders.load_detailed,
        buyer_orders.load_show_instance,
    ):
        with pytest.raises(ApiRefused):
            load(body)
