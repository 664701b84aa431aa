"""Remedies for mistakes in answers: signature, bytes, fields."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.text import Text

DIAGNOSES: Mapping[str, Text] = {
    # --- the answer's signature ---
    "no_body_sign": Text(
        en="The answer has no Body-Sign header.",
        zh="响应没有Body-Sign头。",
    ),
    "header_case": Text(
        en="The header's name must be spelled exactly Body-Sign: some servers and every HTTP/2 proxy write it in another case.",
        zh="响应头名称必须严格写作Body-Sign：部分服务器以及HTTP/2代理会改变大小写。",
    ),
    "quotes_missing": Text(
        en='Both values in Body-Sign need double quotes: sign_type="HMAC-SHA256", signature="…".',
        zh='Body-Sign中的两个值都必须带双引号：sign_type="HMAC-SHA256", signature="…"。',
    ),
    "body_sign_format": Text(
        en='Body-Sign must have the form sign_type="HMAC-SHA256", signature="…".',
        zh='Body-Sign格式必须是 sign_type="HMAC-SHA256", signature="…"。',
    ),
    "reserialised_json": Text(
        en=(
            "You sign one serialisation of the JSON and send another (order, blanks or escapes differ): write it once, sign "
            "these bytes, send these bytes."
        ),
        zh="签名的JSON与发送的JSON不是同一次序列化（顺序、空格或转义不同）：请只序列化一次，对这些字节签名并发送这些字节。",
    ),
    "blank_after_colon": Text(
        en="You sign the JSON with blanks after colons and commas (or without them) and send it the other way.",
        zh="签名的JSON在冒号和逗号后有（或没有）空格，而发送的相反。",
    ),
    "unsorted_keys": Text(
        en="You sign the JSON with its keys in another order than you send.",
        zh="签名的JSON键顺序与发送的不同。",
    ),
    "escaped_text": Text(
        en="You sign the JSON with raw Chinese and send \\u escapes, or the other way round.",
        zh="签名的JSON是原始中文，而发送的是\\u转义，或相反。",
    ),
    "trailing_newline": Text(
        en="A line end is added to the body after it is signed (or signed and not sent).",
        zh="签名之后响应体末尾被添加了换行（或签名时有换行而发送时没有）。",
    ),
    "answer_plain_sha256": Text(
        en="Body-Sign holds a plain SHA-256 of the body instead of an HMAC-SHA256 with the key.",
        zh="Body-Sign使用了普通SHA-256，而不是以密钥计算的HMAC-SHA256。",
    ),
    "answer_hex": Text(
        en="Body-Sign holds hex digits: it must be the Base64 of the 32 bytes of the HMAC.",
        zh="Body-Sign使用了十六进制：应为HMAC 32字节的Base64。",
    ),
    "answer_base64_of_hex": Text(
        en="Body-Sign holds the Base64 of the hex digits: encode the 32 raw bytes.",
        zh="Body-Sign对十六进制文本做了Base64：应对32个原始字节编码。",
    ),
    "answer_other_digest": Text(
        en="Body-Sign was computed with another digest than SHA-256.",
        zh="Body-Sign使用了SHA-256以外的摘要算法。",
    ),
    "answer_key_in_text": Text(
        en="Body-Sign was computed as if it were the request's signature (key, nonce or timestamp in the text): the message is the body alone.",
        zh="Body-Sign按请求签名的方式计算（混入了密钥、nonce或时间戳）：消息只应是响应体本身。",
    ),
    "answer_swapped": Text(
        en="Key and message are swapped in the HMAC of Body-Sign.",
        zh="计算Body-Sign时密钥与消息的位置颠倒了。",
    ),
    "answer_base64_key": Text(
        en="Body-Sign was computed with the key decoded from Base64 or hex: use its characters as UTF-8 bytes.",
        zh="Body-Sign使用了经Base64或十六进制解码的密钥：应直接使用密钥字符的UTF-8字节。",
    ),
    "answer_url_safe": Text(
        en="Body-Sign is in the URL-safe alphabet, or lacks its padding: use standard Base64.",
        zh="Body-Sign使用了URL安全的Base64或缺少填充：应使用标准Base64。",
    ),
    "signs_request": Text(
        en="Body-Sign signs the request's body, not the answer's.",
        zh="Body-Sign签的是请求体，而不是响应体。",
    ),
    "signs_empty_body": Text(
        en="Body-Sign signs an empty body: it is computed before the body is written.",
        zh="Body-Sign签的是空响应体：在写入响应体之前就计算了签名。",
    ),
    "answer_escapes": Text(
        en=(
            "You sign the JSON with other escapes than you send: \\/ (PHP) or \\u0026 (Go, Gson) stand in one and not in the other. Write "
            "it once."
        ),
        zh="签名的JSON与发送的JSON转义不同：一处有\\/（PHP）或\\u0026（Go、Gson），另一处没有。请只序列化一次。",
    ),
    "body_sign_line_end": Text(
        en="The Base64 in Body-Sign ends with a line end, which breaks the header in two: use an encoder without line ends.",
        zh="Body-Sign中的Base64以换行结尾，把响应头断成两行：请使用不换行的编码器。",
    ),
    "answer_key_changed": Text(
        en="Body-Sign was computed with the key in another case, or with a line end or blank at it: use the key as it is.",
        zh="计算Body-Sign时密钥被改动（大小写、首尾空白或换行）：应原样使用密钥。",
    ),
    "answer_other_charset": Text(
        en="Body-Sign signs the answer in another character set than is sent (GBK, UTF-16, Latin-1): sign the bytes that you send, in UTF-8.",
        zh="Body-Sign所签内容与发送内容的字符集不同（GBK、UTF-16、Latin-1）：应对实际发送的UTF-8字节签名。",
    ),
    "constant_signature": Text(
        en="Body-Sign is the same for different bodies: it is computed once or over something else.",
        zh="不同的响应体得到相同的Body-Sign：只计算了一次，或签的是别的内容。",
    ),
    "signature_mismatch": Text(
        en="Body-Sign does not sign these bytes with this key, and none of the known mistakes explains it.",
        zh="Body-Sign与这些字节和该密钥不符，且不属于任何已知错误。",
    ),
    "unsigned_error": Text(
        en="Answers of success are signed, refusals are not: sign in one place that every answer passes, errors included.",
        zh="成功的响应有签名，而拒绝的响应没有：请在所有响应（包括异常路径）都经过的地方签名。",
    ),
    # --- the answer on the wire ---
    "http_status": Text(en="An answer has another HTTP status than 200.", zh="响应的HTTP状态码不是200。"),
    "http_500_for_unknown_instance": Text(
        en="An instance that does not exist gives an HTTP error: answer 200 with resultCode 000003.",
        zh="查询不存在的实例返回了HTTP错误：应返回200和resultCode 000003。",
    ),
    "http_error_for_bad_request": Text(
        en="A request that cannot be accepted gives an HTTP error: answer 200 with a resultCode (000001, 000002).",
        zh="无法接受的请求返回了HTTP错误：应返回200和resultCode（000001、000002）。",
    ),
    "access_denied": Text(
        en=(
            "A correct request is turned away with 401, 403 or 419: a firewall, a list of addresses, CSRF protection or a login "
            "stands before the address. Let the market through: the signature is what authenticates it."
        ),
        zh="正确的请求被以401、403或419拒绝：地址前有防火墙、IP白名单、CSRF保护或登录。请放行，云商店通过签名鉴权。",
    ),
    "rate_limited": Text(
        en=(
            "Requests are turned away for coming too soon (429, or 503 with Retry-After): for a market that is a failed call, "
            "repeated an hour later at worst. Let its calls through."
        ),
        zh="请求因过于频繁被拒绝（429，或带Retry-After的503）：云商店会视为调用失败，最长一小时后才重试。请对云商店的调用放行。",
    ),
    "method_not_allowed": Text(
        en="The address refuses the market's HTTP method with 405: it is POST with a JSON body, GET in SaaS 1.0 and License 1.0.",
        zh="地址以405拒绝云商店使用的HTTP方法：应为POST加JSON请求体（SaaS 1.0和License 1.0为GET）。",
    ),
    "not_found": Text(
        en="The address does not exist (404): check the path; the joint-operation kit appends /produceAPI/… to the production address.",
        zh="地址不存在（404）：请检查路径；联营kit会在生产地址后追加/produceAPI/…子路径。",
    ),
    "login_page": Text(
        en="A login page came: the address must be reachable without a session; the signature is what authenticates the market.",
        zh="返回了登录页：该地址不应要求登录，云商店通过签名鉴权。",
    ),
    "empty_body": Text(
        en="The body of the answer is empty.",
        zh="响应体为空。",
    ),
    "duplicate_members": Text(
        en="A name appears twice in one JSON object of the answer: readers disagree about which one counts.",
        zh="响应JSON的同一对象中有重复的名称：不同解析器取值不一致。",
    ),
    "redirect": Text(
        en="The address redirects: it must answer itself. Register the address that the redirect leads to, https or a slash included.",
        zh="地址发生了重定向：必须由该地址直接响应。请登记重定向后的地址（注意https与末尾的斜杠）。",
    ),
    "compressed": Text(
        en=(
            "The answer is compressed although the request did not offer to read that: switch gzip off for this address, in the "
            "program and in the proxy before it."
        ),
        zh="请求没有声明支持压缩，响应却被压缩：请对该地址关闭gzip（包括程序本身与前置代理）。",
    ),
    "wrong_content_type": Text(
        en="The Content-Type must be application/json.", zh="Content-Type必须是application/json。"
    ),
    "bom": Text(en="The body starts with a byte order mark.", zh="响应体以BOM开头。"),
    "not_utf8": Text(en="The body is not UTF-8.", zh="响应体不是UTF-8编码。"),
    "answer_in_gbk": Text(
        en=(
            "The body is GBK: JSON is UTF-8, and so is what Body-Sign signs. Name UTF-8 wherever text becomes bytes; Java and PHP on a Chinese "
            "system take GBK by default."
        ),
        zh="响应体是GBK编码：JSON应为UTF-8，Body-Sign也对UTF-8字节签名。文本转字节时请明确指定UTF-8；中文系统上的Java、PHP默认使用GBK。",
    ),
    "not_json": Text(en="The body is not a JSON object.", zh="响应体不是JSON对象。"),
    "raw_chinese": Text(
        en="memo holds raw non-ASCII text: send it as \\uXXXX escapes.",
        zh="memo中含有未转义的非ASCII字符：应以\\uXXXX转义发送。",
    ),
    "raw_non_ascii": Text(
        en="An answer holds raw non-ASCII text outside of memo: only memo must be escaped, but ASCII-only JSON is safe everywhere.",
        zh="响应在memo以外含有未转义的非ASCII字符：文档只要求memo转义，但全部使用ASCII更稳妥。",
    ),
    "bytes_after_body": Text(
        en="Bytes follow the end of the body: Content-Length counts something else than the bytes sent.",
        zh="响应体结束后还有多余字节：Content-Length与实际发送的字节数不符。",
    ),
    "body_cut_short": Text(
        en="The connection ended before the body was complete: Content-Length counts characters, or the server broke off.",
        zh="响应体未传完连接就断开：Content-Length按字符计数，或服务器中途断开。",
    ),
    "bad_chunking": Text(en="The chunked transfer coding is broken.", zh="分块传输编码（chunked）格式有误。"),
    "repeated_header": Text(
        en="A header that must be there once is there twice.", zh="只应出现一次的响应头出现了多次。"
    ),
    "no_answer": Text(en="No complete HTTP answer came.", zh="没有收到完整的HTTP响应。"),
    "too_slow": Text(en="The answer took longer than the market waits.", zh="响应时间超过了云商店的等待时间。"),
    "refuses_content_type": Text(
        en="A usual spelling of the Content-Type is refused: parse it, do not compare the whole text.",
        zh="Content-Type的常见写法被拒绝：应解析该头，而不是整串比较。",
    ),
    "needs_chunking_or_length": Text(
        en="A body that arrives in two parts fails: read until Content-Length is reached.",
        zh="请求体分两次到达时失败：应读满Content-Length。",
    ),
    "address_with_query": Text(
        en="A request whose URL carries a further parameter is refused.",
        zh="URL带有其他参数时请求被拒绝。",
    ),
    # --- fields ---
    "missing_result": Text(en="resultCode or resultMsg is missing.", zh="缺少resultCode或resultMsg。"),
    "field_case": Text(
        en="A field of the answer is there in another spelling (case, underscores): names are compared literally.",
        zh="响应字段存在但写法不同（大小写或下划线）：字段名必须与文档完全一致。",
    ),
    "wrapped_answer": Text(
        en="resultCode is inside another object or array: it must be a member of the answer's outermost object.",
        zh="resultCode被包在其他对象或数组里：它必须是响应最外层对象的成员。",
    ),
    "bad_result_code": Text(
        en="resultCode is not six digits: success is 000000, written with all its zeros.",
        zh="resultCode不是6位数字：成功为000000，六个零缺一不可。",
    ),
    "blank_message": Text(
        en="resultMsg is blank: say success, or why not; some markets take a blank one for a missing one.",
        zh="resultMsg为空：请写明success或失败原因，部分平台会视为缺失。",
    ),
    "odd_url": Text(
        en="frontEndUrl does not begin with http:// or https://: a buyer's browser cannot open it.",
        zh="frontEndUrl不以http://或https://开头：用户的浏览器无法打开。",
    ),
    "sql_in_text": Text(
        en=(
            "An instance id with a quote or a percent sign gives an error or finds something: it goes into an SQL statement as text. "
            "Use parameters, and compare with =."
        ),
        zh="含引号或百分号的实例ID导致错误或查到数据：ID被直接拼入SQL语句。请使用参数，并用=比较。",
    ),
    "missing_field": Text(en="A mandatory field of the answer is missing or blank.", zh="响应缺少必选字段或字段为空。"),
    "wrong_type": Text(en="A field of the answer has the wrong type.", zh="响应字段类型不正确。"),
    "too_long": Text(en="A field of the answer is longer than allowed.", zh="响应字段超过长度限制。"),
    "comma_in_id": Text(
        en="The instance id holds a comma, which separates ids in a query.",
        zh="实例ID含有逗号，而逗号是查询时的分隔符。",
    ),
    "bad_field": Text(en="A field of the answer holds a value that is not allowed.", zh="响应字段取值不合法。"),
    "other_instance": Text(
        en="The answer is about another instance than the one asked for, or leaves one out.",
        zh="响应中的实例与查询的不一致，或有遗漏。",
    ),
    "success_for_unknown_activity": Text(
        en="An activity that does not exist is answered with success: end the list of branches with a refusal, 000002.",
        zh="不存在的activity返回成功：分支末尾应返回000002。",
    ),
    "accepts_missing_field": Text(
        en="A request without a mandatory field is answered with success: validate before you act.",
        zh="缺少必选字段的请求返回成功：处理前应校验参数。",
    ),
    "accepts_bad_value": Text(
        en="A request with a value that the interface does not have is answered with success.",
        zh="字段取值不合法的请求返回成功。",
    ),
    "accepts_not_json": Text(
        en="A body that is not a JSON object is answered with success.",
        zh="请求体不是JSON对象却返回成功。",
    ),
    "activity_case": Text(
        en="An activity in another case is accepted: compare it exactly, so that no two readers disagree about a request.",
        zh="大小写不同的activity被接受：应严格比较，避免对请求的理解不一致。",
    ),
    "refuses_longest_value": Text(
        en="A value of the documented length is refused or cut: make columns as long as the interface allows.",
        zh="达到文档规定最大长度的值被拒绝或截断：数据库字段长度应与接口一致。",
    ),
    "other_result_code": Text(
        en="The request is refused with another code than documented.",
        zh="拒绝时返回的结果码与文档不符。",
    ),
    "refuses_correct_request": Text(en="A correct request is refused.", zh="正确的请求被拒绝。"),
    "missing_activity": Text(
        en="This activity is not implemented. If what you sell does not need it (saas-v2 §1.4), say so with --leave-out.",
        zh="未实现该接口。若所售商品不需要它（saas-v2 §1.4），请用--leave-out声明。",
    ),
}
