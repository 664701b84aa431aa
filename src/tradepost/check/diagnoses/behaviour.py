"""Remedies for mistakes in a seller's behaviour: repeats, lifecycle, test calls, secrets, time, load."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.text import Text

DIAGNOSES: Mapping[str, Text] = {
    # --- idempotency ---
    "new_instance_id_each_call": Text(
        en="Each repeat of an order makes another instance: look the order up before you create.",
        zh="同一订单每次重复调用都生成新的实例：创建前应先按订单查找。",
    ),
    "new_instance_after_release": Text(
        en=(
            "A repeat of an order whose instance was released makes one again, which nobody pays for: keep the order after the release, "
            "and answer its old instanceId or a refusal."
        ),
        zh="实例释放之后，重复的订单又创建了实例，而无人为其付费：释放后应保留订单记录，返回原instanceId或拒绝。",
    ),
    "product_ignored": Text(
        en="Two pay-per-use products of one order give one instance: for pay-per-use the key is orderId and productId.",
        zh="同一订单的两个按需商品返回了同一实例：按需商品的幂等键应为orderId和productId。",
    ),
    "memories_differ": Text(
        en=(
            "Repeats of one order are answered with one id now and another then: several processes or servers each keep what they "
            "made for themselves. Keep it in one database."
        ),
        zh="同一订单的重复请求时而返回一个ID、时而返回另一个：多个进程或服务器各自保存数据。应保存在同一数据库中。",
    ),
    "ids_collide": Text(
        en="Different orders got one instance id: ids must be unique for ever. Take a UUID or a sequence, not a short hash or a clock.",
        zh="不同订单得到了同一实例ID：实例ID必须永远唯一。请使用UUID或序列，而不是短哈希或时间。",
    ),
    "signature_race": Text(
        en=(
            "Correct requests are refused, or answers wrongly signed, when several come at once: a Mac object, a buffer or the "
            "current request is shared between threads. Make one for each request."
        ),
        zh="并发时正确的请求被拒绝，或响应签名错误：Mac对象、缓冲区或当前请求在线程间共享。请为每个请求单独创建。",
    ),
    "dates_mixed_up": Text(
        en=(
            "Renewals at the same moment fail or take each other's expiry: a parser of dates is shared between threads "
            "(SimpleDateFormat). Make one for each request."
        ),
        zh="同时到达的续费失败或到期时间互相串扰：日期解析器在线程间共享（如SimpleDateFormat）。请为每个请求单独创建。",
    ),
    "business_id_as_key": Text(
        en=(
            "A repeat with the same businessId gives the same instance, with another it makes a new one: the key is the order "
            "(orderId, with orderLineId where it is sent), businessId differs on every call."
        ),
        zh="businessId相同时返回同一实例，不同时新建：幂等键应为订单（orderId，若发送则加上orderLineId），businessId每次调用都不同。",
    ),
    "order_line_ignored": Text(
        en="Two lines of one order give the same instance: the key is orderId and orderLineId.",
        zh="同一订单的两个订单行返回了同一实例：幂等键应为orderId和orderLineId。",
    ),
    "two_answers_in_parallel": Text(
        en=(
            "One order asked for at the same moment gives several instances: let a unique key in the database decide, not a "
            "look-up before an insert."
        ),
        zh="同一订单并发请求得到多个实例：应由数据库唯一键保证，而不是先查询再插入。",
    ),
    "id_collision_under_load": Text(
        en=(
            "Different orders got the same instance id when they came at the same moment: ids must not come from a clock or a counter "
            "without a lock."
        ),
        zh="不同订单并发创建时得到相同的实例ID：实例ID不能来自时间戳或未加锁的计数器。",
    ),
    "fails_in_parallel": Text(
        en="Repeats at the same moment are refused or fail: the later ones must wait for the first and answer the same.",
        zh="并发的重复请求失败：后到的请求应等待第一个完成并返回相同结果。",
    ),
    "forgets_after_restart": Text(
        en="After a restart a repeat makes another instance: what was created is kept in memory only.",
        zh="重启后重复请求生成了新的实例：创建记录只保存在内存中。",
    ),
    "repeat_refused": Text(
        en="A repeat of something already done is refused: answer success again.",
        zh="重复已完成的操作被拒绝：应再次返回成功。",
    ),
    "other_app_info": Text(
        en="A repeat of an order tells another account or address than the first answer: what was made for the order must be told again.",
        zh="重复请求返回了与首次不同的账号或地址：应返回该订单首次开通的信息。",
    ),
    "other_license": Text(
        en="A repeat tells another licence than the first answer: keep what was issued for an order and answer it again.",
        zh="重复请求返回了不同的license：应保存为该订单签发的license并再次返回。",
    ),
    "unstable_access": Text(
        en="Two queries of one instance tell different access data: a query must not change anything.",
        zh="对同一实例的两次查询返回不同的访问信息：查询不应改动任何数据。",
    ),
    "answers_mixed_up": Text(
        en=(
            "Requests that come at the same moment get each other's answers: the current request is kept where threads share "
            "it (a static field, a singleton's member)."
        ),
        zh="并发请求的响应互相串扰：当前请求保存在线程共享的位置（静态变量、单例成员）。",
    ),
    "batch_mixed_up": Text(
        en=(
            "In a query for several instances one gets another's access data: rows come from a database in any order. Build each entry "
            "from the row of its own instanceId."
        ),
        zh="一次查询多个实例时，某实例返回了其他实例的访问信息：数据库返回的行没有固定顺序，应按各自的instanceId组装。",
    ),
    # --- lifecycle ---
    "refresh_adds": Text(
        en="The expiry moves further with each repeat: expireTime is absolute, set it.",
        zh="重复更新时到期时间不断延长：expireTime是绝对时间，应直接设置。",
    ),
    "refresh_ignored": Text(en="The instance still shows the old expiry.", zh="实例显示的到期时间没有更新。"),
    "success_for_unknown_instance": Text(
        en="An instance that never existed is answered with success: answer 000003.",
        zh="从未存在的实例返回成功：应返回000003。",
    ),
    "released_still_answers": Text(
        en="A released instance is still answered with its data.",
        zh="已释放的实例仍返回数据。",
    ),
    "release_takes_others": Text(
        en="Releasing one instance takes another of the same order along: delete by instanceId, not by order.",
        zh="释放一个实例时，同一订单的其他实例也被删除：应按instanceId删除，而不是按订单。",
    ),
    "id_reused": Text(
        en="A released instance's id was given to another order.", zh="已释放实例的ID被分配给了另一订单。"
    ),
    "frozen_is_lost": Text(
        en="A frozen instance cannot be queried, renewed or unfrozen: its data must be kept.",
        zh="冻结的实例无法查询、续费或解冻：冻结期间必须保留数据。",
    ),
    "depends_on_order": Text(
        en="An activity is refused because another did not come before it: debug cases run in any order.",
        zh="某接口因其他接口未先调用而被拒绝：调测用例可能以任意顺序执行。",
    ),
    "one_id_only": Text(
        en="A query for several instances, joined by commas, fails: up to 100 come in one call.",
        zh="以逗号连接的多个实例查询失败：一次最多查询100个。",
    ),
    "never_ready": Text(
        en="The instance did not become ready while the tester waited.",
        zh="在等待时间内实例未就绪。",
    ),
    "pending_with_info": Text(en="An instance in creation is answered with data.", zh="创建中的实例返回了数据。"),
    "status_of_other_version": Text(
        en="The status that ends a freeze is refused, and that of the other generation accepted: it is NORMAL in SaaS 1.0, UNFREEZE since 2.0.",
        zh="解冻状态被拒绝，而另一版本的取值被接受：SaaS 1.0为NORMAL，2.0起为UNFREEZE。",
    ),
    # --- test calls ---
    "test_flag_creates": Text(
        en="A call with testFlag 1 made a real instance: answer well, create nothing.",
        zh="testFlag为1的调用创建了真实实例：应正常应答但不创建任何资源。",
    ),
    "test_flag_acts": Text(
        en="A call with testFlag 1 changed a real instance: answer well, change nothing.",
        zh="testFlag为1的调用改动了真实实例：应正常应答但不改动任何数据。",
    ),
    "test_flag_claims_order": Text(
        en="After a test call the real order is not created: a test call must not count as the first call of an order.",
        zh="测试调用之后真实订单未创建：测试调用不应算作订单的首次调用。",
    ),
    "test_flag_refused": Text(
        en="A test call is refused: answer as if all went well, whatever the ids are.",
        zh="测试调用被拒绝：无论ID为何都应返回成功。",
    ),
    "test_flag_absent": Text(
        en="A call without testFlag is treated as a test call: absent means real.",
        zh="没有testFlag的调用被当作测试调用：缺省即为真实调用。",
    ),
    "test_flag_zero": Text(
        en="testFlag 0 is not treated like a real call.",
        zh="testFlag为0时没有按真实调用处理。",
    ),
    "test_flag_skips_signature": Text(
        en="A test call is answered before its signature is checked.",
        zh="测试调用在验签之前就被应答。",
    ),
    "delete_needs_instance": Text(
        en="A delete about what is not known is refused: succeed, and do not ask whether the instance still exists (openapi-jointkit §A.5).",
        zh="删除未知数据被拒绝：应返回成功，且不校验实例是否存在（openapi-jointkit §A.5）。",
    ),
    "enable_ignored": Text(
        en=(
            "A user whose enable is neither true nor false is accepted, so enable seems not to be read: who is sent with false may not sign "
            "in, and loses the session (openapi-jointkit §A.7)."
        ),
        zh="enable取值非法的用户被接受，疑似未读取该字段：enable为false的用户不得登录，已有会话应立即失效（openapi-jointkit §A.7）。",
    ),
    # --- secrets ---
    "secret_not_decrypted": Text(
        en=(
            "A client secret that nobody can decrypt is answered with success: decrypt it when it comes (RSA-OAEP, SHA-256 and MGF1 with "
            "SHA-1, else both digests alike) and refuse with 000101, or people cannot sign in later (openapi-jointkit §A.6)."
        ),
        zh="无法解密的客户端密钥却返回成功：收到时就应解密（RSA-OAEP，SHA-256配MGF1-SHA-1，或两种摘要一致），失败返回000101，否则用户之后无法登录（openapi-jointkit §A.6）。",
    ),
    "raw_aes_key": Text(
        en="Fields are encrypted with the access key's own bytes: derive the AES key with SHA1PRNG first.",
        zh="直接使用密钥原文作为AES密钥：应先用SHA1PRNG派生AES密钥。",
    ),
    "password_in_clear": Text(
        en="User name or password is sent in clear text: this version encrypts both.",
        zh="用户名或密码以明文返回：该版本要求加密。",
    ),
    "other_strength": Text(
        en="Fields are encrypted with another strength than encryptType says (1 is AES-256, 2 is AES-128).",
        zh="加密强度与encryptType声明的不一致（1为AES256，2为AES128）。",
    ),
    "aes_key_padded": Text(
        en="The AES-256 key is a shorter one, filled up to 32 bytes: SHA1PRNG goes on for a second round (saas-v1-license A1.4).",
        zh="AES256密钥由较短的密钥补齐到32字节得到：SHA1PRNG应继续第二轮派生（saas-v1-license A1.4）。",
    ),
    "hashed_aes_key": Text(
        en="The AES key is a plain digest of the access key: derive it with SHA1PRNG.",
        zh="AES密钥是密钥的普通摘要：应使用SHA1PRNG派生。",
    ),
    "ecb_mode": Text(
        en="Fields are encrypted in ECB mode: the mode is CBC, with 16 characters of IV in front.",
        zh="字段使用了ECB模式加密：应为CBC模式，并在密文前加16个字符的IV。",
    ),
    "hex_ciphertext": Text(
        en="The ciphertext is written in hex: after the IV stands its Base64.",
        zh="密文以十六进制书写：IV之后应为密文的Base64。",
    ),
    "iv_inside_base64": Text(
        en="The IV is inside the Base64: it stands in front of it as 16 plain characters.",
        zh="IV被放进了Base64：应以16个明文字符放在Base64之前。",
    ),
    "zero_padding": Text(
        en="The text is padded with zeros before it is encrypted: the padding is PKCS5.",
        zh="加密前用零填充：应使用PKCS5填充。",
    ),
    "ciphertext_line_end": Text(
        en="The Base64 holds line ends or is in the URL-safe alphabet: write it in one line, in the standard alphabet.",
        zh="密文的Base64含有换行或使用了URL安全字母表：应为单行的标准Base64。",
    ),
    "iv_missing": Text(
        en="The 16 characters of the IV are not in front of the ciphertext.",
        zh="密文前缺少16个字符的IV。",
    ),
    "fixed_iv": Text(
        en="The same IV is used each time: draw 16 fresh characters for each value.",
        zh="每次使用相同的IV：每个值都应重新随机生成16个字符。",
    ),
    "shared_iv": Text(
        en="User name and password of one answer have the same IV: draw 16 fresh characters for each value.",
        zh="同一响应中的用户名与密码使用相同的IV：每个值都应重新随机生成16个字符。",
    ),
    "ciphertext_undecryptable": Text(
        en="The field cannot be decrypted with this key, and none of the known mistakes explains it.",
        zh="字段无法用该密钥解密，且不属于任何已知错误。",
    ),
    "cannot_decrypt_request": Text(
        en=(
            "A request with an encrypted phone number or e-mail address fails: decrypt with the derived key, the first 16 "
            "characters are the IV."
        ),
        zh="含有加密手机号或邮箱的请求失败：应使用派生密钥解密，前16个字符为IV。",
    ),
    "crashes_on_bad_ciphertext": Text(
        en="Ciphertext of a wrong length gives an HTTP error: answer 000002.",
        zh="长度错误的密文导致HTTP错误：应返回000002。",
    ),
    "key_in_answer": Text(
        en="The answer shows the signing key.",
        zh="响应中泄露了签名密钥。",
    ),
    "signature_in_answer": Text(
        en=(
            "A refusal shows the signature that would have been right, so anybody can have one made for any request: log it, and say no "
            "more than that the signature does not match."
        ),
        zh="拒绝响应泄露了正确的签名，任何人都可借此为任意请求取得签名：只应写入日志，响应中仅说明签名不匹配。",
    ),
    "details_in_answer": Text(
        en="The answer shows a stack trace, a file or an SQL statement of the server.",
        zh="响应中泄露了服务器的堆栈、文件路径或SQL语句。",
    ),
    # --- time ---
    "twelve_hour_clock": Text(
        en="Dates are read or written with a 12-hour clock (hh, %I): use 24 hours (HH, %H).",
        zh="日期使用了12小时制（hh、%I）：应使用24小时制（HH、%H）。",
    ),
    "local_time_expiry": Text(
        en="expireTime is read as local time: it is UTC.",
        zh="把expireTime当作本地时间：它是UTC时间。",
    ),
    "local_time_usage": Text(
        en="statisticalTime lies in the future: it must be UTC, not local time.",
        zh="statisticalTime在未来：应为UTC时间而不是本地时间。",
    ),
    "fourteen_digits_only": Text(
        en="An expireTime of 17 digits (with milliseconds) is refused: examples print it, accept both.",
        zh="17位（含毫秒）的expireTime被拒绝：文档示例中有此写法，两种都应接受。",
    ),
    "accepts_bad_time": Text(
        en="A field that must hold a time holds none, and is answered with success: parse it before you act.",
        zh="应为时间的字段不是合法时间，却返回成功：处理前应先解析。",
    ),
    # --- load ---
    "slow_answer": Text(
        en="A single answer takes longer than 5 s: generate the id, answer 000000 or 000004 at once, and go on in the background.",
        zh="单个请求的响应超过5秒：应先生成ID并立即返回000000或000004，再在后台处理。",
    ),
    "slow_under_load": Text(
        en="Under parallel requests the answer takes longer than the market waits, or than the 5 s that newer versions allow.",
        zh="并发请求下响应时间超过云商店的等待时间，或超过新版本允许的5秒。",
    ),
    "short_queue": Text(
        en=(
            "Connections that come at the same moment wait seconds before they are let in, or find no place: give the listening socket a "
            "longer queue (backlog), and answer in several threads or processes."
        ),
        zh="并发连接需等待数秒才被接受，或无法建立：请加长监听队列（backlog），并用多个线程或进程响应。",
    ),
    "wears_out": Text(
        en=(
            "What was accepted at the beginning fails after some hundred requests: something is used up (connections that are not given "
            "back, threads, memory, a quota)."
        ),
        zh="开始时被接受的请求在数百次调用后失败：有资源被耗尽（未归还的连接、线程、内存、配额）。",
    ),
    "fails_under_load": Text(en="Under parallel requests some answers fail.", zh="并发请求下部分响应失败。"),
}
