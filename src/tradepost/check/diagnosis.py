"""The mistakes that the tester knows by name, each with what to do about it, in both languages.

Names are stable: sellers' pipelines and the mutant sellers of our own tests compare them.
"""

from __future__ import annotations

from .results import Diagnosis

_WORDS: dict[str, tuple[str, str]] = {
    # --- the request's signature -----------------------------------------------------------------------------------
    "no_token_check": (
        "The request's signature is not verified at all: anybody who knows the address can create and delete instances.",
        "完全没有校验请求签名：任何知道地址的人都能创建或删除实例。",
    ),
    "accepts_missing_signature": (
        "A request without a signature is accepted although a wrong one is refused: check that it is present first.",
        "签名错误会被拒绝，但没有签名的请求却被接受：请先检查签名是否存在。",
    ),
    "accepts_wrong_signature": (
        "Some wrong signatures are accepted: compare the whole value, in constant time, with the one you compute.",
        "部分错误的签名被接受：请将完整的签名与自己计算的值做常量时间比较。",
    ),
    "body_not_signed": (
        "The body or a value was changed after signing and the request was still accepted: the signature is computed "
        "over something that does not contain all of it.",
        "签名之后请求内容被改动，请求仍被接受：参与签名计算的内容不完整。",
    ),
    "accepts_stale_timestamp": (
        "A request with an old timestamp is accepted: refuse when the distance to now exceeds 60,000 ms.",
        "时间戳过旧的请求被接受：与当前时间相差超过60000毫秒应当拒绝。",
    ),
    "accepts_future_timestamp": (
        "A request with a timestamp from the future is accepted: compare the absolute distance, as the sample project "
        "does not.",
        "时间戳在未来的请求被接受：应比较时间差的绝对值（官方示例工程遗漏了这一点）。",
    ),
    "timestamp_not_required": (
        "A request without a timestamp, or with one that is no number, is accepted.",
        "缺少时间戳或时间戳不是数字的请求被接受。",
    ),
    "nonce_not_required": ("A request without a nonce is accepted.", "缺少随机数nonce的请求被接受。"),
    "accepts_replayed_nonce": (
        "The same signed request is accepted twice: remember each nonce for at least 120 s and refuse it when it returns.",
        "同一个已签名的请求被接受两次：请至少保存nonce 120秒，重复出现时拒绝。",
    ),
    "window_too_narrow": (
        "A request 30 s away from your clock is refused, 60 s must be allowed: the window is too narrow, or the clock is wrong.",
        "与服务器时钟相差30秒的请求被拒绝，而允许的范围是60秒：时间窗口过窄，或服务器时钟不准。",
    ),
    "timestamp_in_seconds": (
        "Correct requests are refused as stale, while one in seconds is accepted: the timestamp is in milliseconds.",
        "正确的请求被当作过期拒绝，而以秒为单位的却被接受：时间戳的单位是毫秒。",
    ),
    "wrong_clock": (
        "Correct requests are refused as stale, while one with a shifted timestamp is accepted: your server's clock is wrong.",
        "正确的请求被当作过期拒绝，而时间偏移后的请求被接受：服务器时钟不准。",
    ),
    "signature_case": (
        "Only one case of the signature's hex digits is accepted: compare without regard to case.",
        "只接受一种大小写的签名：比较十六进制签名时应忽略大小写。",
    ),
    "inner_hash_upper_case": (
        "You write the body's hash in upper case inside the text that is signed: it must be lowercase hex.",
        "待签名字符串中的请求体摘要使用了大写：必须是小写十六进制。",
    ),
    "plain_sha256": (
        "You hash the body with plain SHA-256 instead of HMAC-SHA256 with the key.",
        "对请求体使用了普通SHA-256，而不是以密钥计算的HMAC-SHA256。",
    ),
    "fixed_parameter_list": (
        "A request with a parameter that you do not know is refused: sign over all that came, never over a fixed list.",
        "带有未知参数的请求被拒绝：应对收到的全部参数验签，不能使用固定的参数列表。",
    ),
    "refuses_unknown_fields": (
        "A request with a field that you do not know is refused: new fields must be tolerated.",
        "带有未知字段的请求被拒绝：应当容忍新增字段。",
    ),
    "plus_as_blank": (
        "A value with a plus sign fails: it is decoded twice, or an undecoded plus is read as a blank.",
        "含有加号的值验签失败：被重复解码，或把加号当成了空格。",
    ),
    "blank_as_plus": (
        "A value with a blank fails: both %20 and + stand for it in a query.",
        "含有空格的值验签失败：查询串中%20与+都表示空格。",
    ),
    "wrong_charset": (
        "A request with Chinese text fails although the same in ASCII passes: body and values are UTF-8, whatever the "
        "platform's default is.",
        "含有中文的请求失败，而纯ASCII的请求通过：请求体与参数值一律是UTF-8，不能依赖平台默认编码。",
    ),
    "emoji_fails": (
        "A request with an emoji fails although Chinese text passes: four-byte UTF-8 is broken somewhere, often utf8 "
        "instead of utf8mb4 in MySQL, or JSON that is written again with escapes.",
        "含有表情符号的请求失败，而中文通过：四字节UTF-8处理有误，常见原因是MySQL使用utf8而非utf8mb4，或重新序列化时被转义。",
    ),
    "ampersand_splits": (
        "A value with an ampersand fails: it is split before it is decoded.",
        "含有&的值失败：先解码后拆分，导致参数被截断。",
    ),
    "undecoded_values": (
        "You sign the values as they stand in the URL: URL-decode each one first.",
        "使用了URL中未解码的值计算签名：应先对每个值做URL解码。",
    ),
    "reserialised_request": (
        "You verify a body that you wrote again instead of the bytes that came; that fails for other spacing, order or escapes.",
        "验签时使用了重新序列化的请求体而不是收到的原始字节；空格、顺序或转义不同就会失败。",
    ),
    "number_as_text": (
        "A body with a number in it fails: you read it into strings, so what you sign differs from what came.",
        "请求体含有数字时失败：被读成了字符串，参与签名的内容与收到的不同。",
    ),
    "wrong_key": (
        "Every correctly signed request is refused as not authentic: most likely the server holds another key than the one given here.",
        "所有签名正确的请求都被判为鉴权失败：很可能服务器上的密钥与此处给出的不同。",
    ),
    # --- the answer's signature ------------------------------------------------------------------------------------
    "no_body_sign": (
        "The answer has no Body-Sign header.",
        "响应没有Body-Sign头。",
    ),
    "header_case": (
        "The header's name must be spelled exactly Body-Sign: some servers and every HTTP/2 proxy write it in another case.",
        "响应头名称必须严格写作Body-Sign：部分服务器以及HTTP/2代理会改变大小写。",
    ),
    "quotes_missing": (
        'Both values in Body-Sign need double quotes: sign_type="HMAC-SHA256", signature="…".',
        'Body-Sign中的两个值都必须带双引号：sign_type="HMAC-SHA256", signature="…"。',
    ),
    "body_sign_format": (
        'Body-Sign must have the form sign_type="HMAC-SHA256", signature="…".',
        'Body-Sign格式必须是 sign_type="HMAC-SHA256", signature="…"。',
    ),
    "reserialised_json": (
        "You sign one serialisation of the JSON and send another (order, blanks or escapes differ): write it once, sign "
        "these bytes, send these bytes.",
        "签名的JSON与发送的JSON不是同一次序列化（顺序、空格或转义不同）：请只序列化一次，对这些字节签名并发送这些字节。",
    ),
    "blank_after_colon": (
        "You sign the JSON with blanks after colons and commas (or without them) and send it the other way.",
        "签名的JSON在冒号和逗号后有（或没有）空格，而发送的相反。",
    ),
    "unsorted_keys": (
        "You sign the JSON with its keys in another order than you send.",
        "签名的JSON键顺序与发送的不同。",
    ),
    "escaped_text": (
        "You sign the JSON with raw Chinese and send \\u escapes, or the other way round.",
        "签名的JSON是原始中文，而发送的是\\u转义，或相反。",
    ),
    "trailing_newline": (
        "A line end is added to the body after it is signed (or signed and not sent).",
        "签名之后响应体末尾被添加了换行（或签名时有换行而发送时没有）。",
    ),
    "answer_plain_sha256": (
        "Body-Sign holds a plain SHA-256 of the body instead of an HMAC-SHA256 with the key.",
        "Body-Sign使用了普通SHA-256，而不是以密钥计算的HMAC-SHA256。",
    ),
    "answer_hex": (
        "Body-Sign holds hex digits: it must be the Base64 of the 32 bytes of the HMAC.",
        "Body-Sign使用了十六进制：应为HMAC 32字节的Base64。",
    ),
    "answer_base64_of_hex": (
        "Body-Sign holds the Base64 of the hex digits: encode the 32 raw bytes.",
        "Body-Sign对十六进制文本做了Base64：应对32个原始字节编码。",
    ),
    "answer_other_digest": (
        "Body-Sign was computed with another digest than SHA-256.",
        "Body-Sign使用了SHA-256以外的摘要算法。",
    ),
    "answer_key_in_text": (
        "Body-Sign was computed as if it were the request's signature (key, nonce or timestamp in the text): the message is the body alone.",
        "Body-Sign按请求签名的方式计算（混入了密钥、nonce或时间戳）：消息只应是响应体本身。",
    ),
    "answer_swapped": (
        "Key and message are swapped in the HMAC of Body-Sign.",
        "计算Body-Sign时密钥与消息的位置颠倒了。",
    ),
    "answer_base64_key": (
        "Body-Sign was computed with the key decoded from Base64 or hex: use its characters as UTF-8 bytes.",
        "Body-Sign使用了经Base64或十六进制解码的密钥：应直接使用密钥字符的UTF-8字节。",
    ),
    "answer_url_safe": (
        "Body-Sign is in the URL-safe alphabet, or lacks its padding: use standard Base64.",
        "Body-Sign使用了URL安全的Base64或缺少填充：应使用标准Base64。",
    ),
    "signs_request": (
        "Body-Sign signs the request's body, not the answer's.",
        "Body-Sign签的是请求体，而不是响应体。",
    ),
    "constant_signature": (
        "Body-Sign is the same for different bodies: it is computed once or over something else.",
        "不同的响应体得到相同的Body-Sign：只计算了一次，或签的是别的内容。",
    ),
    "signature_mismatch": (
        "Body-Sign does not sign these bytes with this key, and none of the known mistakes explains it.",
        "Body-Sign与这些字节和该密钥不符，且不属于任何已知错误。",
    ),
    "unsigned_error": (
        "Answers of success are signed, refusals are not: sign in one place that every answer passes, errors included.",
        "成功的响应有签名，而拒绝的响应没有：请在所有响应（包括异常路径）都经过的地方签名。",
    ),
    # --- the answer on the wire ------------------------------------------------------------------------------------
    "http_status": ("An answer has another HTTP status than 200.", "响应的HTTP状态码不是200。"),
    "http_500_for_unknown_instance": (
        "An instance that does not exist gives an HTTP error: answer 200 with resultCode 000003.",
        "查询不存在的实例返回了HTTP错误：应返回200和resultCode 000003。",
    ),
    "http_error_for_bad_request": (
        "A request that cannot be accepted gives an HTTP error: answer 200 with a resultCode (000001, 000002).",
        "无法接受的请求返回了HTTP错误：应返回200和resultCode（000001、000002）。",
    ),
    "redirect": ("The address redirects: it must answer itself.", "地址发生了重定向：必须由该地址直接响应。"),
    "compressed": ("The answer is compressed although none was offered.", "请求没有声明支持压缩，响应却被压缩。"),
    "wrong_content_type": ("The Content-Type must be application/json.", "Content-Type必须是application/json。"),
    "bom": ("The body starts with a byte order mark.", "响应体以BOM开头。"),
    "not_utf8": ("The body is not UTF-8.", "响应体不是UTF-8编码。"),
    "not_json": ("The body is not a JSON object.", "响应体不是JSON对象。"),
    "raw_chinese": (
        "The answer holds raw non-ASCII text: send it as \\uXXXX escapes.",
        "响应中含有未转义的非ASCII字符：应以\\uXXXX转义发送。",
    ),
    "bytes_after_body": (
        "Bytes follow the end of the body: Content-Length counts something else than the bytes sent.",
        "响应体结束后还有多余字节：Content-Length与实际发送的字节数不符。",
    ),
    "body_cut_short": (
        "The connection ended before the body was complete: Content-Length counts characters, or the server broke off.",
        "响应体未传完连接就断开：Content-Length按字符计数，或服务器中途断开。",
    ),
    "bad_chunking": ("The chunked transfer coding is broken.", "分块传输编码（chunked）格式有误。"),
    "repeated_header": ("A header that must be there once is there twice.", "只应出现一次的响应头出现了多次。"),
    "no_answer": ("No complete HTTP answer came.", "没有收到完整的HTTP响应。"),
    "too_slow": ("The answer took longer than the market waits.", "响应时间超过了云商店的等待时间。"),
    "refuses_content_type": (
        "A usual spelling of the Content-Type is refused: parse it, do not compare the whole text.",
        "Content-Type的常见写法被拒绝：应解析该头，而不是整串比较。",
    ),
    "needs_chunking_or_length": (
        "A body that arrives in two parts fails: read until Content-Length is reached.",
        "请求体分两次到达时失败：应读满Content-Length。",
    ),
    "address_with_query": (
        "A request whose URL carries a further parameter is refused.",
        "URL带有其他参数时请求被拒绝。",
    ),
    # --- fields ----------------------------------------------------------------------------------------------------
    "missing_result": ("resultCode or resultMsg is missing.", "缺少resultCode或resultMsg。"),
    "missing_field": ("A mandatory field of the answer is missing or blank.", "响应缺少必选字段或字段为空。"),
    "wrong_type": ("A field of the answer has the wrong type.", "响应字段类型不正确。"),
    "too_long": ("A field of the answer is longer than allowed.", "响应字段超过长度限制。"),
    "comma_in_id": ("The instance id holds a comma, which separates ids in a query.", "实例ID含有逗号，而逗号是查询时的分隔符。"),
    "bad_field": ("A field of the answer holds a value that is not allowed.", "响应字段取值不合法。"),
    "other_instance": (
        "The answer is about another instance than the one asked for, or leaves one out.",
        "响应中的实例与查询的不一致，或有遗漏。",
    ),
    "success_for_unknown_activity": (
        "An activity that does not exist is answered with success: end the list of branches with a refusal, 000002.",
        "不存在的activity返回成功：分支末尾应返回000002。",
    ),
    "accepts_missing_field": (
        "A request without a mandatory field is answered with success: validate before you act.",
        "缺少必选字段的请求返回成功：处理前应校验参数。",
    ),
    "accepts_bad_value": (
        "A request with a value that the interface does not have is answered with success.",
        "字段取值不合法的请求返回成功。",
    ),
    "accepts_not_json": ("A body that is not a JSON object is answered with success.", "请求体不是JSON对象却返回成功。"),
    "refuses_longest_value": (
        "A value of the documented length is refused or cut: make columns as long as the interface allows.",
        "达到文档规定最大长度的值被拒绝或截断：数据库字段长度应与接口一致。",
    ),
    "other_result_code": ("The request is refused with another code than documented.", "拒绝时返回的结果码与文档不符。"),
    "refuses_correct_request": ("A correct request is refused.", "正确的请求被拒绝。"),
    "missing_activity": (
        "This activity, which the protocol asks for, is not implemented.",
        "未实现协议要求的该接口。",
    ),
    # --- once and only once ----------------------------------------------------------------------------------------
    "new_instance_id_each_call": (
        "Each repeat of an order makes another instance: look the order up before you create.",
        "同一订单每次重复调用都生成新的实例：创建前应先按订单查找。",
    ),
    "business_id_as_key": (
        "A repeat with the same businessId gives the same instance, with another it makes a new one: the key is "
        "orderId and orderLineId, businessId differs on every call.",
        "businessId相同时返回同一实例，不同时新建：幂等键应为orderId和orderLineId，businessId每次调用都不同。",
    ),
    "order_line_ignored": (
        "Two lines of one order give the same instance: the key is orderId and orderLineId.",
        "同一订单的两个订单行返回了同一实例：幂等键应为orderId和orderLineId。",
    ),
    "two_answers_in_parallel": (
        "One order asked for at the same moment gives several instances: let a unique key in the database decide, not a "
        "look-up before an insert.",
        "同一订单并发请求得到多个实例：应由数据库唯一键保证，而不是先查询再插入。",
    ),
    "id_collision_under_load": (
        "Different orders got the same instance id when they came at the same moment: ids must not come from a clock or a counter "
        "without a lock.",
        "不同订单并发创建时得到相同的实例ID：实例ID不能来自时间戳或未加锁的计数器。",
    ),
    "fails_in_parallel": (
        "Repeats at the same moment are refused or fail: the later ones must wait for the first and answer the same.",
        "并发的重复请求失败：后到的请求应等待第一个完成并返回相同结果。",
    ),
    "forgets_after_restart": (
        "After a restart a repeat makes another instance: what was created is kept in memory only.",
        "重启后重复请求生成了新的实例：创建记录只保存在内存中。",
    ),
    "repeat_refused": ("A repeat of something already done is refused: answer success again.", "重复已完成的操作被拒绝：应再次返回成功。"),
    # --- lifecycle -------------------------------------------------------------------------------------------------
    "refresh_adds": (
        "The expiry moves further with each repeat: expireTime is absolute, set it.",
        "重复更新时到期时间不断延长：expireTime是绝对时间，应直接设置。",
    ),
    "refresh_ignored": ("The instance still shows the old expiry.", "实例显示的到期时间没有更新。"),
    "success_for_unknown_instance": (
        "An instance that never existed is answered with success: answer 000003.",
        "从未存在的实例返回成功：应返回000003。",
    ),
    "released_still_answers": (
        "A released instance is still answered with its data.",
        "已释放的实例仍返回数据。",
    ),
    "id_reused": ("A released instance's id was given to another order.", "已释放实例的ID被分配给了另一订单。"),
    "frozen_is_lost": (
        "A frozen instance cannot be queried, renewed or unfrozen: its data must be kept.",
        "冻结的实例无法查询、续费或解冻：冻结期间必须保留数据。",
    ),
    "depends_on_order": (
        "An activity is refused because another did not come before it: debug cases run in any order.",
        "某接口因其他接口未先调用而被拒绝：调测用例可能以任意顺序执行。",
    ),
    "one_id_only": (
        "A query for several instances, joined by commas, fails: up to 100 come in one call.",
        "以逗号连接的多个实例查询失败：一次最多查询100个。",
    ),
    "never_ready": (
        "The instance did not become ready while the tester waited.",
        "在等待时间内实例未就绪。",
    ),
    "pending_with_info": ("An instance in creation is answered with data.", "创建中的实例返回了数据。"),
    # --- test calls ------------------------------------------------------------------------------------------------
    "test_flag_creates": (
        "A call with testFlag 1 made a real instance: answer well, create nothing.",
        "testFlag为1的调用创建了真实实例：应正常应答但不创建任何资源。",
    ),
    "test_flag_acts": (
        "A call with testFlag 1 changed a real instance: answer well, change nothing.",
        "testFlag为1的调用改动了真实实例：应正常应答但不改动任何数据。",
    ),
    "test_flag_claims_order": (
        "After a test call the real order is not created: a test call must not count as the first call of an order.",
        "测试调用之后真实订单未创建：测试调用不应算作订单的首次调用。",
    ),
    "test_flag_refused": (
        "A test call is refused: answer as if all went well, whatever the ids are.",
        "测试调用被拒绝：无论ID为何都应返回成功。",
    ),
    "test_flag_zero": (
        "testFlag 0 is not treated like a real call.",
        "testFlag为0时没有按真实调用处理。",
    ),
    "test_flag_skips_signature": (
        "A test call is answered before its signature is checked.",
        "测试调用在验签之前就被应答。",
    ),
    # --- secrets ---------------------------------------------------------------------------------------------------
    "raw_aes_key": (
        "Fields are encrypted with the access key's own bytes: derive the AES key with SHA1PRNG first.",
        "直接使用密钥原文作为AES密钥：应先用SHA1PRNG派生AES密钥。",
    ),
    "password_in_clear": (
        "User name or password is sent in clear text: this version encrypts both.",
        "用户名或密码以明文返回：该版本要求加密。",
    ),
    "other_strength": (
        "Fields are encrypted with another strength than encryptType says (1 is AES-256, 2 is AES-128).",
        "加密强度与encryptType声明的不一致（1为AES256，2为AES128）。",
    ),
    "hashed_aes_key": (
        "The AES key is a plain digest of the access key: derive it with SHA1PRNG.",
        "AES密钥是密钥的普通摘要：应使用SHA1PRNG派生。",
    ),
    "iv_missing": (
        "The 16 characters of the IV are not in front of the ciphertext.",
        "密文前缺少16个字符的IV。",
    ),
    "fixed_iv": ("The same IV is used each time: draw 16 fresh characters for each value.", "每次使用相同的IV：每个值都应重新随机生成16个字符。"),
    "ciphertext_undecryptable": (
        "The field cannot be decrypted with this key, and none of the known mistakes explains it.",
        "字段无法用该密钥解密，且不属于任何已知错误。",
    ),
    "cannot_decrypt_request": (
        "A request with an encrypted phone number or e-mail address fails: decrypt with the derived key, the first 16 "
        "characters are the IV.",
        "含有加密手机号或邮箱的请求失败：应使用派生密钥解密，前16个字符为IV。",
    ),
    "crashes_on_bad_ciphertext": (
        "Ciphertext of a wrong length gives an HTTP error: answer 000002.",
        "长度错误的密文导致HTTP错误：应返回000002。",
    ),
    "key_in_answer": (
        "The answer shows the signing key.",
        "响应中泄露了签名密钥。",
    ),
    "details_in_answer": (
        "The answer shows a stack trace, a file or an SQL statement of the server.",
        "响应中泄露了服务器的堆栈、文件路径或SQL语句。",
    ),
    # --- time ------------------------------------------------------------------------------------------------------
    "twelve_hour_clock": (
        "Dates are read or written with a 12-hour clock (hh, %I): use 24 hours (HH, %H).",
        "日期使用了12小时制（hh、%I）：应使用24小时制（HH、%H）。",
    ),
    "local_time_expiry": (
        "expireTime is read as local time: it is UTC.",
        "把expireTime当作本地时间：它是UTC时间。",
    ),
    "local_time_usage": (
        "statisticalTime lies in the future: it must be UTC, not local time.",
        "statisticalTime在未来：应为UTC时间而不是本地时间。",
    ),
    "fourteen_digits_only": (
        "An expireTime of 17 digits (with milliseconds) is refused: examples print it, accept both.",
        "17位（含毫秒）的expireTime被拒绝：文档示例中有此写法，两种都应接受。",
    ),
    "accepts_bad_time": ("An expireTime that is no time is answered with success.", "expireTime不是合法时间却返回成功。"),
    # --- load ------------------------------------------------------------------------------------------------------
    "slow_under_load": (
        "Under parallel requests the answer takes longer than 5 s.",
        "并发请求下响应时间超过5秒。",
    ),
    "fails_under_load": ("Under parallel requests some answers fail.", "并发请求下部分响应失败。"),
}

NAMES = frozenset(_WORDS)


def diagnosis(name: str) -> Diagnosis:
    """The mistake of this name. Raises ``KeyError``: a check must not invent one."""
    return Diagnosis(name, *_WORDS[name])
