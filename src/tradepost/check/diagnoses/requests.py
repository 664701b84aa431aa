"""Remedies for mistakes in reading requests: signature, values, spelling."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.text import Text

DIAGNOSES: Mapping[str, Text] = {
    # --- the request's signature ---
    "no_token_check": Text(
        en="The request's signature is not verified at all: anybody who knows the address can create and delete instances.",
        zh="完全没有校验请求签名：任何知道地址的人都能创建或删除实例。",
    ),
    "accepts_missing_signature": Text(
        en="A request without a signature is accepted although a wrong one is refused: check that it is present first.",
        zh="签名错误会被拒绝，但没有签名的请求却被接受：请先检查签名是否存在。",
    ),
    "accepts_wrong_signature": Text(
        en=(
            "Some wrong signatures are accepted: only a part of them is compared, or their letters without case where case counts. "
            "Compare the whole value, in constant time, with the one you compute."
        ),
        zh="部分错误的签名被接受：只比较了其中一部分，或在应区分大小写时忽略了大小写。请将完整的签名与自己计算的值做常量时间比较。",
    ),
    "activity_not_guarded": Text(
        en=(
            "This activity is carried out whatever its signature is, while others verify theirs: a path or a branch lies outside of the "
            "filter. Verify in one place that every request passes."
        ),
        zh="该接口不校验签名，而其他接口会校验：有路径或分支在过滤器之外。请在所有请求都经过的地方统一验签。",
    ),
    "body_not_signed": Text(
        en=(
            "The body or a value was changed after signing and the request was still accepted: the signature is computed "
            "over something that does not contain all of it."
        ),
        zh="签名之后请求内容被改动，请求仍被接受：参与签名计算的内容不完整。",
    ),
    "accepts_stale_timestamp": Text(
        en="A request with an old timestamp is accepted: refuse when the distance to now exceeds 60,000 ms.",
        zh="时间戳过旧的请求被接受：与当前时间相差超过60000毫秒应当拒绝。",
    ),
    "accepts_future_timestamp": Text(
        en=(
            "A request with a timestamp from the future is accepted: compare the absolute distance, as the sample project "
            "does not."
        ),
        zh="时间戳在未来的请求被接受：应比较时间差的绝对值（官方示例工程遗漏了这一点）。",
    ),
    "timestamp_not_required": Text(
        en="A request without a timestamp, or with one that is no number, is accepted.",
        zh="缺少时间戳或时间戳不是数字的请求被接受。",
    ),
    "nonce_not_required": Text(en="A request without a nonce is accepted.", zh="缺少随机数nonce的请求被接受。"),
    "accepts_replayed_nonce": Text(
        en="The same signed request is accepted twice: remember each nonce for at least 120 s and refuse it when it returns.",
        zh="同一个已签名的请求被接受两次：请至少保存nonce 120秒，重复出现时拒绝。",
    ),
    "nonce_burnt": Text(
        en=(
            "A forged request uses up the nonce of a correct one: remember a nonce only after the signature was found right, or "
            "anybody can have real calls refused."
        ),
        zh="伪造的请求消耗了正确请求的nonce：应在验签通过之后再记录nonce，否则任何人都能使真实调用被拒绝。",
    ),
    "nonce_race": Text(
        en=(
            "Copies of one request that arrive at the same moment are accepted more than once: let a unique key or one atomic "
            "step decide about a nonce, not a look-up before an insert."
        ),
        zh="同一请求的多个副本同时到达时被多次接受：nonce应由唯一键或原子操作判定，而不是先查询再插入。",
    ),
    "nonce_case": Text(
        en="A nonce that differs from a used one in the case of its letters is refused: compare nonces byte by byte (in MySQL a binary collation).",
        zh="仅字母大小写不同的nonce被当作重复：nonce应逐字节比较（MySQL请使用binary排序规则）。",
    ),
    "window_too_narrow": Text(
        en="A request 30 s away from your clock is refused, 60 s must be allowed: the window is too narrow, or the clock is wrong.",
        zh="与服务器时钟相差30秒的请求被拒绝，而允许的范围是60秒：时间窗口过窄，或服务器时钟不准。",
    ),
    "timestamp_in_seconds": Text(
        en="Correct requests are refused as stale, while one in seconds is accepted: the timestamp is in milliseconds.",
        zh="正确的请求被当作过期拒绝，而以秒为单位的却被接受：时间戳的单位是毫秒。",
    ),
    "accepts_seconds": Text(
        en="A timestamp in seconds is accepted besides one in milliseconds: the market sends milliseconds, read those alone.",
        zh="毫秒和秒两种时间戳都被接受：云商店发送毫秒，只需接受毫秒。",
    ),
    "wrong_clock": Text(
        en=(
            "Correct requests are refused as stale, while one with a shifted timestamp is accepted: your server's clock is wrong, or "
            "it reads the time in another zone."
        ),
        zh="正确的请求被当作过期拒绝，而时间偏移后的请求被接受：服务器时钟不准，或按其他时区读取了时间。",
    ),
    "signature_case": Text(
        en="Only one case of the signature's hex digits is accepted: compare without regard to case.",
        zh="只接受一种大小写的签名：比较十六进制签名时应忽略大小写。",
    ),
    "inner_hash_upper_case": Text(
        en="You write the body's hash in upper case inside the text that is signed: it must be lowercase hex.",
        zh="待签名字符串中的请求体摘要使用了大写：必须是小写十六进制。",
    ),
    "plain_sha256": Text(
        en="A plain SHA-256 stands where an HMAC-SHA256 with the key belongs: for the signature, or for the body's hash inside of it.",
        zh="应使用以密钥计算的HMAC-SHA256之处用了普通SHA-256：签名本身，或其中的请求体摘要。",
    ),
    "canonical_order": Text(
        en="The parts of the text that is signed stand in another order: it is accessKey, nonce, timestamp, then the payload's part.",
        zh="待签名字符串的拼接顺序不对：应依次为accessKey、nonce、timestamp、请求体部分。",
    ),
    "canonical_incomplete": Text(
        en=(
            "A part of the text that is signed is missing: it holds accessKey (although that is the HMAC's key as well), nonce, "
            "timestamp and the payload's part."
        ),
        zh="待签名字符串缺少一部分：应包含accessKey（虽然它也是HMAC的密钥）、nonce、timestamp和请求体部分。",
    ),
    "payload_not_hashed": Text(
        en="You sign the body itself, as the joint-operation kit does: here the text holds the lowercase hex of the body's HMAC.",
        zh="直接对请求体签名（这是联营kit的算法）：此处待签名字符串中应为请求体HMAC的小写十六进制。",
    ),
    "payload_hashed": Text(
        en="You sign a hash of the body, as the base interfaces do: in the joint-operation kit the text holds the body itself.",
        zh="对请求体的摘要签名（这是基础接口的算法）：联营kit的待签名字符串中应为请求体本身。",
    ),
    "signature_in_base64": Text(
        en="You compare with the Base64 of the signature: a request carries its hex digits.",
        zh="用签名的Base64做比较：请求中的签名是十六进制。",
    ),
    "token_key_without_time": Text(
        en="You compute authToken with the key alone: the HMAC's key is the key followed by the request's timeStamp.",
        zh="计算authToken时只用了Key：HMAC的密钥应为Key后接请求的timeStamp。",
    ),
    "token_without_time": Text(
        en="You leave timeStamp out of the text that is signed: it is a parameter like all others, besides being in the key.",
        zh="待签名字符串遗漏了timeStamp：它除了参与密钥，也是普通参数。",
    ),
    "token_incomplete": Text(
        en="You leave a parameter out of the text that is signed: all that came is in it, testFlag and activity too, authToken alone is not.",
        zh="待签名字符串遗漏了某个参数：除authToken外，收到的全部参数（包括testFlag和activity）都应参与签名。",
    ),
    "token_in_hex": Text(
        en="You compare with hex digits or the URL-safe alphabet: authToken is the standard Base64 of the 32 bytes.",
        zh="用十六进制或URL安全的Base64做比较：authToken是32个字节的标准Base64。",
    ),
    "token_unsorted": Text(
        en="You sign the parameters in another order: sort all names ascending, timeStamp among them.",
        zh="参数拼接顺序不对：应将全部参数名（含timeStamp）升序排列。",
    ),
    "token_over_json": Text(
        en="You sign the JSON text of the body: the token is made over name=value pairs joined with &.",
        zh="对JSON请求体原文签名：应对name=value用&连接后的字符串签名。",
    ),
    "drops_empty_values": Text(
        en="A request with an empty value is refused: what is signed holds everything that came, empty values as well.",
        zh="含有空值的请求被拒绝：参与签名的是收到的全部内容，包括空值。",
    ),
    "nested_object_as_text": Text(
        en="A body with a nested object fails: you read it into a map of texts, so what you sign differs from what came.",
        zh="请求体含有嵌套对象时失败：被读成了字符串映射，参与签名的内容与收到的不同。",
    ),
    "refuses_long_body": Text(
        en="A long request is refused although a short one like it passes: its rest is cut off, or its size is limited.",
        zh="较长的请求被拒绝，而同类的短请求通过：请求内容被截断，或大小受限。",
    ),
    "fixed_parameter_list": Text(
        en="A request with a parameter that you do not know is refused: sign over all that came, never over a fixed list.",
        zh="带有未知参数的请求被拒绝：应对收到的全部参数验签，不能使用固定的参数列表。",
    ),
    "refuses_optional_parameter": Text(
        en=(
            "An order with a documented optional parameter is refused: the quantity comes as amount, diskSize or bandWidth, and userId and "
            "userName come if the product asks for them."
        ),
        zh="带有文档规定的可选参数的订单被拒绝：数量以amount、diskSize或bandWidth之一发送；商品申请时还会发送userId和userName。",
    ),
    "requires_optional_field": Text(
        en="A request is refused for lacking an optional field: it is sent only where there is something to say.",
        zh="缺少可选字段的请求被拒绝：可选字段仅在有内容时才发送。",
    ),
    "refuses_unknown_fields": Text(
        en="A request with a field that you do not know is refused: new fields must be tolerated.",
        zh="带有未知字段的请求被拒绝：应当容忍新增字段。",
    ),
    "plus_as_blank": Text(
        en="A value with a plus sign fails: it is decoded twice, or an undecoded plus is read as a blank.",
        zh="含有加号的值验签失败：被重复解码，或把加号当成了空格。",
    ),
    "blank_as_plus": Text(
        en="A value with a blank fails: both %20 and + stand for it in a query.",
        zh="含有空格的值验签失败：查询串中%20与+都表示空格。",
    ),
    "wrong_charset": Text(
        en=(
            "A request with Chinese text fails although the same in ASCII passes: body and values are UTF-8, whatever the "
            "platform's default is."
        ),
        zh="含有中文的请求失败，而纯ASCII的请求通过：请求体与参数值一律是UTF-8，不能依赖平台默认编码。",
    ),
    "emoji_fails": Text(
        en=(
            "A request with an emoji fails although Chinese text passes: four-byte UTF-8 is broken somewhere, often utf8 "
            "instead of utf8mb4 in MySQL, or JSON that is written again with escapes."
        ),
        zh="含有表情符号的请求失败，而中文通过：四字节UTF-8处理有误，常见原因是MySQL使用utf8而非utf8mb4，或重新序列化时被转义。",
    ),
    "ampersand_splits": Text(
        en="A value with an ampersand fails: it is split before it is decoded.",
        zh="含有&的值失败：先解码后拆分，导致参数被截断。",
    ),
    "undecoded_values": Text(
        en="You sign the values as they stand in the URL: URL-decode each one first.",
        zh="使用了URL中未解码的值计算签名：应先对每个值做URL解码。",
    ),
    "reserialised_request": Text(
        en="You verify a body that you wrote again instead of the bytes that came; that fails for other spacing, order or escapes.",
        zh="验签时使用了重新序列化的请求体而不是收到的原始字节；空格、顺序或转义不同就会失败。",
    ),
    "html_escapes": Text(
        en=(
            "You verify a body that you wrote again with <, >, & or = as \\u003c… (Gson and Go do so): verify the bytes that came, or "
            "switch these escapes off (disableHtmlEscaping, SetEscapeHTML)."
        ),
        zh="验签时重新序列化了请求体，<、>、&、=被写成\\u003c等（Gson、Go的默认行为）：应对收到的字节验签，或关闭该转义（disableHtmlEscaping、SetEscapeHTML）。",
    ),
    "html_entities": Text(
        en="What came is rewritten before you verify it: <, > and & became &lt; and the like. Keep the filter against XSS away from this address.",
        zh="验签之前请求内容被改写，<、>、&变成了&lt;等：请让防XSS过滤器跳过该地址。",
    ),
    "slashes_escaped": Text(
        en=(
            "You verify a body that you wrote again with / as \\/ (PHP's json_encode): verify the bytes of php://input, or use "
            "JSON_UNESCAPED_SLASHES and JSON_UNESCAPED_UNICODE."
        ),
        zh="验签时重新序列化了请求体，/被写成\\/（PHP的json_encode）：应对php://input的字节验签，或使用JSON_UNESCAPED_SLASHES与JSON_UNESCAPED_UNICODE。",
    ),
    "unicode_escaped": Text(
        en=(
            "You verify a body that you wrote again with Chinese as \\u escapes (json.dumps, json_encode and System.Text.Json do so by "
            "default): verify the bytes that came."
        ),
        zh="验签时重新序列化了请求体，中文被写成\\u转义（json.dumps、json_encode、System.Text.Json的默认行为）：应对收到的字节验签。",
    ),
    "body_as_form": Text(
        en="The JSON body is read as a form: plus signs and percent codes in it are decoded before you verify it. Sign the raw bytes.",
        zh="JSON请求体被当作表单读取：其中的加号与百分号编码在验签前被解码。应对原始字节验签。",
    ),
    "trims_values": Text(
        en="Values lose their leading and trailing blanks before you verify them (a framework trims input): verify the bytes that came.",
        zh="值首尾的空格在验签之前被去掉（框架会修剪输入）：应对收到的字节验签。",
    ),
    "text_as_number": Text(
        en=(
            "A text of digits is written again as a number (JSON_NUMERIC_CHECK and the like), so leading zeros and quotes are lost: "
            "verify the bytes that came."
        ),
        zh="由数字组成的文本被重新写成数字（如JSON_NUMERIC_CHECK），引号与前导零丢失：应对收到的字节验签。",
    ),
    "nonce_cut": Text(
        en="A nonce that differs from a used one only at its end is refused: they are kept shorter than they are. 64 characters come.",
        zh="仅末尾不同的nonce被当作重复：保存时被截断。nonce可达64个字符。",
    ),
    "acts_before_verifying": Text(
        en="A request with a wrong signature is refused and carried out all the same: verify before anything is done.",
        zh="签名错误的请求虽被拒绝，却已被执行：应先验签再处理。",
    ),
    "key_not_set": Text(
        en="Your server verifies with an empty key, or with the word null: the setting that holds the key is missing.",
        zh="服务器用空密钥（或null等字样）验签：密钥配置缺失。",
    ),
    "key_decoded": Text(
        en="Your server decodes the key from Base64 or hex before it uses it: the key is its characters, as UTF-8 bytes.",
        zh="服务器对密钥做了Base64或十六进制解码：应直接使用密钥字符的UTF-8字节。",
    ),
    "number_as_text": Text(
        en="A body with a number in it fails: it is read into strings or written in another form, so what you sign differs from what came.",
        zh="请求体含有数字时失败：被读成了字符串或换了写法，参与签名的内容与收到的不同。",
    ),
    "key_changed": Text(
        en="Your server uses the key in another case, or with a line end or blank at it (a file read whole, a copied blank): use it as it is.",
        zh="服务器使用的密钥大小写被改动，或首尾带有换行、空白（整文件读取、复制时带入）：应原样使用密钥。",
    ),
    "keys_differ": Text(
        en=(
            "Correct requests are refused, or their answers wrongly signed, now and then, also when they come one at a time: one of several "
            "processes or servers holds another key. Restart or configure all of them."
        ),
        zh="正确的请求时而被拒绝，或响应时而签名错误，逐个发送时也是如此：多个进程或服务器中有一个使用了其他密钥。请统一配置并全部重启。",
    ),
    "other_protocol": Text(
        en="The server answers to another version of the protocol than was asked: give the one that it speaks with --protocol.",
        zh="服务器使用的是另一协议版本：请用--protocol指定它所支持的版本。",
    ),
    "wrong_key": Text(
        en="Every correctly signed request is refused as not authentic: most likely the server holds another key than the one given here.",
        zh="所有签名正确的请求都被判为鉴权失败：很可能服务器上的密钥与此处给出的不同。",
    ),
}
