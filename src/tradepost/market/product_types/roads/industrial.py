"""The access standard of the industrial software cloud as data: the changes to make to software before it is
connected (business-rules §2.5, §17.9; saas-v1-license B3, C; openapi-jointkit C.6–C.11)."""

from __future__ import annotations

from msgspec import Struct

from tradepost.protocols.text import Text


class Item(Struct, frozen=True, kw_only=True):
    """A requirement for the software. ``optional``: may not apply to the software; its seller then explains why.

    ``source``: the document and section of the requirement."""

    code: str
    title: Text
    what: Text
    source: str
    optional: bool = False


class Part(Struct, frozen=True, kw_only=True):
    """Requirements for one part of the software."""

    code: str
    title: Text
    items: tuple[Item, ...]


CLIENT = Part(
    code="client",
    title=Text(en="The program at the customer's", zh="客户端软件"),
    items=(
        Item(
            code="initialise", source="business-rules §17.9",
            title=Text(en="The licensing component is initialised first", zh="先初始化授权组件"),
            what=Text(
                en="At every start, before any licensed function: the program learns whether it has a license and until when.",
                zh="每次启动时，在使用任何受控功能之前完成初始化，取得许可状态和有效期。",
            ),
        ),
        Item(
            code="fingerprint", source="saas-v1-license B3",
            title=Text(en="It shows its hardware or system code", zh="能给出硬件码或系统码"),
            what=Text(
                en="The buyer copies it into the market's page. It stays the same on one machine and has at most 1,024 characters: "
                "network cards, disks, board and processor, joined with |.",
                zh="由用户复制到平台页面。同一设备保持不变，不超过 1024 个字符：网卡、硬盘、主板、处理器信息以 | 连接。",
            ),
        ),
        Item(
            code="license_in", source="business-rules §17.9",
            title=Text(en="It takes a license as text or as a file", zh="支持以字符串或文件导入许可"),
            what=Text(
                en="Whichever of the two your server delivers; the buyer pastes the text or chooses the file.",
                zh="与生产接口交付的形式一致：用户粘贴字符串，或选择许可文件。",
            ),
        ),
        Item(
            code="verified", source="business-rules §17.9",
            title=Text(en="It acts on the result of the check", zh="根据校验结果放行或限制功能"),
            what=Text(
                en="A license that is expired, of another machine or changed opens nothing, and the program says why.",
                zh="许可过期、设备不符或被篡改时不放行，并向用户说明原因。",
            ),
        ),
        Item(
            code="install", source="business-rules §17.9",
            title=Text(en="It installs and uninstalls without questions", zh="支持静默安装和卸载"),
            what=Text(
                en="Also over an installation that was interrupted, and without leaving anything behind.",
                zh="安装中断后可以覆盖重装，卸载后不残留文件。",
            ),
        ),
        Item(
            code="life_cycle", source="business-rules §17.9", optional=True,
            title=Text(en="Its package answers the life-cycle commands", zh="安装包支持生命周期命令"),
            what=Text(
                en="install, poststart, start, restart, prestop and stop. Needed where it runs as a service.",
                zh="install、poststart、start、restart、prestop、stop。以服务方式运行的软件需要。",
            ),
        ),
        Item(
            code="updates", source="business-rules §17.9", optional=True,
            title=Text(en="It looks for new versions", zh="支持检查新版本"),
            what=Text(
                en="And upgrades where you say that versions before a certain one must.",
                zh="对于您指定的旧版本，可以强制升级。",
            ),
        ),
        Item(
            code="cloud_files", source="business-rules §17.9", optional=True,
            title=Text(en="It opens and keeps files in the cloud", zh="支持云端文件"),
            what=Text(en="Where your customers work on the same files.", zh="适用于需要协同处理文件的软件。"),
        ),
    ),
)  # fmt: skip
SERVER = Part(
    code="server",
    title=Text(en="Your production server", zh="生产系统服务器"),
    items=(
        Item(
            code="https", source="saas-v1-license B3",
            title=Text(en="It is reached by HTTPS under a domain of yours", zh="通过自有域名以 HTTPS 访问"),
            what=Text(
                en="TLS 1.2 or newer with a certificate of a public authority; POST with JSON in UTF-8.",
                zh="TLS 1.2 及以上版本，使用 CA 机构签发的证书；POST 请求，UTF-8 编码的 JSON。",
            ),
        ),
        Item(
            code="signature", source="saas-v1-license D2",
            title=Text(en="It checks the signature of each call", zh="校验每次调用的签名"),
            what=Text(
                en="signature, timestamp (at most 60 seconds away) and nonce in the address. What does not fit is answered 000001.",
                zh="校验地址中的 signature、timestamp（误差不超过 60 秒）和 nonce，不通过时返回 000001。",
            ),
        ),
        Item(
            code="in_time", source="saas-v1-license B3",
            title=Text(en="It answers within five seconds", zh="5 秒内应答"),
            what=Text(
                en="What takes longer is answered 000004 at once, and done afterwards.",
                zh="耗时操作先返回 000004，随后异步处理。",
            ),
        ),
        Item(
            code="one_instance", source="saas-v1-license B3",
            title=Text(en="One order line is one instance", zh="同一订单行只开通一个实例"),
            what=Text(
                en="newInstance again with the same orderId and orderLineId gives the same instanceId.",
                zh="orderId 与 orderLineId 相同的 newInstance 返回相同的 instanceId。",
            ),
        ),
        Item(
            code="one_license", source="saas-v1-license B3",
            title=Text(en="One application is one license", zh="同一申请只签发一份许可"),
            what=Text(
                en="getLicenseAsync again with the same eventId and deviceFingerprint delivers the same license, never a second one.",
                zh="eventId 与 deviceFingerprint 相同的 getLicenseAsync 交付同一份许可，不重复签发。",
            ),
        ),
        Item(
            code="frozen", source="saas-v1-license B3",
            title=Text(en="Freezing keeps the customer's data", zh="冻结期间保留用户数据"),
            what=Text(
                en="updateInstanceStatus with FREEZE closes the service, UNFREEZE opens it as it was; releaseInstance ends it.",
                zh="updateInstanceStatus：FREEZE 停用，UNFREEZE 恢复原状；releaseInstance 释放。",
            ),
        ),
    ),
)  # fmt: skip
APIS = Part(
    code="apis",
    title=Text(en="The market's APIs", zh="平台开放接口"),
    items=(
        Item(
            code="signed", source="saas-v1-license C0",
            title=Text(en="Calls are signed with your access key", zh="使用访问密钥（AK/SK）签名"),
            what=Text(
                en="SDK-HMAC-SHA256. The program checks the market's certificate, and the secret stays on your server.",
                zh="签名算法 SDK-HMAC-SHA256；校验平台证书，密钥只保存在服务器端。",
            ),
        ),
        Item(
            code="order_query", source="saas-v1-license C2",
            title=Text(en="newInstance asks what was ordered", zh="newInstance 时查询订单"),
            what=Text(
                en="The call names the order only: product, specification, quantity and period come from the order query.",
                zh="调用中只有订单号，商品、规格、数量和周期需通过订单查询接口获取。",
            ),
        ),
        Item(
            code="upload", source="saas-v1-license C1",
            title=Text(en="Licenses are uploaded for the event that asked for them", zh="按 eventId 上传许可"),
            what=Text(
                en="Text of at most 1,024 characters, or a file with its SHA-256; tried again when the connection breaks.",
                zh="不超过 1024 个字符的字符串，或附带 SHA-256 的文件；网络中断时重试。",
            ),
        ),
        Item(
            code="codes", source="openapi-jointkit C.8, C.9", optional=True,
            title=Text(en="Authorisation codes are activated and asked about", zh="激活并查询授权码"),
            what=Text(
                en="Where you sell codes as well: once at the first use, and then at the first use of each day.",
                zh="同时销售授权码的软件需要：首次使用时激活，此后每天首次使用时查询。",
            ),
        ),
        Item(
            code="usage", source="openapi-jointkit C.10", optional=True,
            title=Text(en="How many clients use it is reported daily", zh="每日上报软件使用情况"),
            what=Text(
                en="Needed for joint products that are sold on the public cloud.",
                zh="在公有云销售的联营商品需要。",
            ),
        ),
        Item(
            code="deployed", source="openapi-jointkit C.11", optional=True,
            title=Text(en="Deployment asks which package is current", zh="部署时查询资产的部署对象"),
            what=Text(
                en="Where your tools install approved packages of the asset center by themselves.",
                zh="由您的工具自动安装资产中心已审核的软件包时需要。",
            ),
        ),
    ),
)  # fmt: skip
CHECKLIST = (CLIENT, SERVER, APIS)
ITEMS = {item.code: item for part in CHECKLIST for item in part.items}
