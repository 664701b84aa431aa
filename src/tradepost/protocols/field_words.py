"""Help texts of request members for a seller's engineer, shown in debugging forms.

Keyed by the name on the wire, or by the path where a name has two meanings.
"""

from __future__ import annotations

from collections.abc import Mapping

from .text import Text

_NO_TEXT = Text(en="", zh="")


def help_text_of(path: str) -> Text:
    """Return the help text of a member; empty if it needs none."""
    return _HELP_TEXTS.get(path) or _HELP_TEXTS.get(path.rpartition(".")[2], _NO_TEXT)


_HELP_TEXTS: Mapping[str, Text] = {
    "orderId": Text(
        en="An order that your server may ask for with the order query: the mock orders always exist.",
        zh="服务器可能会用查询订单接口查询的订单号：MOCK订单始终存在。",
    ),
    "orderLineId": Text(en="The order's number, a hyphen, and the line.", zh="订单号加连字符和行号。"),
    "instanceId": Text(
        en="An instance that your server knows, or any, if test calls are answered without looking it up.",
        zh="服务器中已有的实例；若测试调用不查实例，可填任意值。",
    ),
    "scene": Text(en="Why the expiry changes.", zh="到期时间变化的原因。"),
    "productId": Text(en="One for each period of a SKU: month and year are two.", zh="同一SKU的每种周期各有一个：月与年不同。"),
    "expireTime": Text(en="UTC, yyyyMMddHHmmss. Set it, never add to it.", zh="UTC时间，yyyyMMddHHmmss。应直接设置，不要累加。"),
    "status": Text(en="FREEZE keeps the data and lets nobody in; UNFREEZE lets the buyer in again.", zh="FREEZE保留数据并停止使用；UNFREEZE恢复使用。"),
    "instanceStatus": Text(en="FREEZE, or NORMAL to unfreeze.", zh="FREEZE为冻结，NORMAL为解冻。"),
    "skuCode": Text(en="The specification's code; a change of period keeps it.", zh="规格编码；仅变更周期时不变。"),
    "productName": Text(en="For people.", zh="供人阅读的名称。"),
    "linearValue": Text(en="The quantity that it is to be changed to.", zh="变更后的数量。"),
    "customerId": Text(en="The buyer's account.", zh="用户账号ID。"),
    "customerName": Text(en="The account's name.", zh="用户账号名称。"),
    "userId": Text(en="Only if the product asks for it.", zh="仅当商品申请该信息时发送。"),
    "userName": Text(en="Only if the product asks for it.", zh="仅当商品申请该信息时发送。"),
    "mobilePhone": Text(en="Typed in clear, sent encrypted. Only if the product asks for it.", zh="此处填明文，发送时加密。仅当商品申请该信息时发送。"),
    "email": Text(en="Typed in clear, sent encrypted. Only if the product asks for it.", zh="此处填明文，发送时加密。仅当商品申请该信息时发送。"),
    "encryptType": Text(en="Strength of the encrypted fields: 1 is AES256, 2 is AES128.", zh="加密字段的强度：1为AES256，2为AES128。"),
    "trialFlag": Text(en="1 for a trial.", zh="1表示试用。"),
    "trialToFormal": Text(en="1 when a trial was bought.", zh="1表示试用转正式。"),
    "startTime": Text(en="UTC, yyyyMMddHHmmss.", zh="UTC时间，yyyyMMddHHmmss。"),
    "chargingMode": Text(en="1 by period, 3 one-time, 0 pay per use.", zh="1为包周期，3为按次，0为按需。"),
    "saasExtendParams": Text(
        en='What buyers fill in, as JSON: [{"name":"…","value":"…"}]; it is sent in Base64.',
        zh='用户填写的扩展参数，JSON格式：[{"name":"…","value":"…"}]；发送时做Base64。',
    ),
    "amount": Text(en="The quantity bought.", zh="购买数量。"),
    "diskSize": Text(en="In GB, if the product has this attribute.", zh="单位GB，商品有该属性时填写。"),
    "bandWidth": Text(en="In Mbit/s, if the product has this attribute.", zh="单位Mbps，商品有该属性时填写。"),
    "periodType": Text(en="year, month or day.", zh="year、month或day。"),
    "periodNumber": Text(en="How many of them.", zh="周期数。"),
    "orderAmount": Text(en="In yuan, with at most 3 decimals.", zh="单位元，最多3位小数。"),
    "license": Text(en="An authorization code.", zh="授权码。"),
    "effectiveTime": Text(en="From when it holds: UTC, yyyy-MM-dd HH:mm:ss z.", zh="生效时间：UTC，yyyy-MM-dd HH:mm:ss z。"),
    "eventId": Text(en="Names the application: the same one gets the same license.", zh="申请流水号：相同的流水号得到同一份License。"),
    "deviceFingerprint": Text(en="Of the machine, as the client's kit writes it.", zh="设备指纹，由客户端SDK生成。"),
    "tenantId": Text(en="The enterprise.", zh="企业ID。"),
    "tenantCode": Text(en="Unique among all enterprises.", zh="企业编码，全局唯一。"),
    "name": Text(en="Its name.", zh="名称。"),
    "domainName": Text(en="The enterprise's domain at the auth centre, with https://.", zh="企业在认证中心的域名，带https://。"),
    "flag": Text(en="0 delete, 1 add, 2 modify, 3 cancel the authorisation.", zh="0删除，1新增，2修改，3取消授权。"),
    "appId": Text(en="The application.", zh="应用ID。"),
    "clientId": Text(en="The application's client at the auth centre.", zh="应用在认证中心的client_id。"),
    "clientSecret": Text(
        en="Plain, where a public key stands below: the market encrypts it, and your server should recover this text. Without "
        "a key: the text of the wire, encrypted already.",
        zh="下方填写公钥时为明文，由商店加密后发送，您的服务器应能还原此文本；未填公钥时为已加密的密文。",
    ),
    "publicKey": Text(
        en="RSA, 3072 bits or more, with or without the BEGIN and END lines. It is not sent.",
        zh="RSA公钥，3072位及以上，可不含 BEGIN、END 行。公钥不会发送。",
    ),
    "currentSyncTime": Text(en="The clock in Beijing, yyyyMMddHHmmssSSS.", zh="北京时间，yyyyMMddHHmmssSSS。"),
    "orgCode": Text(en="The department.", zh="部门编码。"),
    "orgName": Text(en="The department's name.", zh="部门名称。"),
    "parentCode": Text(en="The department above; empty at the top.", zh="上级部门编码；顶级部门为空。"),
    "userList.userName": Text(en="Unique inside of the enterprise.", zh="企业内唯一。"),
    "userList.name": Text(en="The person's name.", zh="姓名。"),
    "userList.role": Text(en="user or admin.", zh="user或admin。"),
    "userList.enable": Text(en="true or false.", zh="true或false。"),
    "userList.mobile": Text(en="Only if the seller asked for it.", zh="仅当商家申请该信息时发送。"),
    "userList.email": Text(en="Only if the seller asked for it.", zh="仅当商家申请该信息时发送。"),
    "userList.employeeType": Text(en="1 regular, 2 intern, 3 dispatched, 4 outsourced.", zh="1正式，2实习，3派遣，4外包。"),
    "userList.entryDate": Text(en="yyyy-MM-dd.", zh="yyyy-MM-dd。"),
}  # fmt: skip
