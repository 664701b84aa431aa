"""Initial values of a debug case's form. They are constant, so that a seller's server can be prepared for them.

Orders are the market's mock orders, so a server that queries the order gets one (saas-v2 §3.8, §5.2).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

ORDER_ID = "MOCKPERIODYEARNEW"
INSTANCE_ID = "10e758d0-31ad-4c4b-8f1b-81d03469a10e"
_SAMPLES = {
    "orderId": ORDER_ID,
    "orderLineId": f"{ORDER_ID}-000001",
    "instanceId": INSTANCE_ID,
    "productId": "OFFI846204237451911168",
    "skuCode": "0a4d1578-5295-46a7-92d4-7c803dccc51d",
    "productName": "MOCK测试商品",
    "linearValue": "50",
    "customerId": "459bbbec25d24749b2eb83be37b602a8",
    "customerName": "mock_user_01",
    "chargingMode": "1",
    "amount": "1",
    "periodNumber": "1",
    "orderAmount": "100",
    "license": "PL0123456789ABCDEF",
    "eventId": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "deviceFingerprint": "00:16:3E:5E:6C:00|S3Z8NB0K123456|PF1ABCDE|BFEBFBFF000906EA",
    "tenantId": "4b2d9b5dab8dfbbd4bed68cbc86abc20",
    "tenantCode": "tmock0001",
    "name": "测试企业",
    "domainName": "https://tmock0001.example.com",
    "flag": "1",
    "appId": "ab8dfbbd4bed68cbc86abc2018ab880d",
    "clientId": "c2018ab880d92f36422fa0e4b2d9b5da",
    "orgCode": "D01",
    "orgName": "研发部",
    "userList.userName": "zhangsan",
    "userList.name": "张三",
    "userList.orgCode": "D01",
    "userList.role": "admin",
    "userList.enable": "true",
    "orgInfoList.orgCode": "D01",
    "orgInfoList.orgName": "研发部",
    "periodType": "month",
    "instanceStatus": "FREEZE",
    "status": "FREEZE",
    "scene": "RENEWAL",
    "encryptType": "1",
}
_BEIJING = timedelta(hours=8)


def sample_value(path: str, values: tuple[str, ...], *, now: datetime) -> str:
    """Return the sample of a field; empty for a field that a request does not need."""
    moment = now.astimezone(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    match path:
        case "effectiveTime":
            return f"{moment:%Y-%m-%d %H:%M:%S} z"
        case "currentSyncTime":
            return f"{moment + _BEIJING:%Y%m%d%H%M%S}000"
        case "expireTime":
            return f"{moment + timedelta(days=365):%Y%m%d%H%M%S}"
    sample = _SAMPLES.get(path) or _SAMPLES.get(path.rpartition(".")[2] if path.startswith("productInfo.") else "", "")
    return sample if not values or sample in values else ""
