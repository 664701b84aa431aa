"""Remedies for mistakes that prevent the end of a run, and for connections that are kept open, closed, or out of
step."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.text import Text

DIAGNOSES: Mapping[str, Text] = {
    # --- unfinished work ---
    "refused_after_processing": Text(
        en=(
            "An order is accepted with 000004 and refused later: its buyer has paid and waits. Refuse at once what you cannot make, and "
            "finish what you accepted."
        ),
        zh="订单以000004接受，之后却被拒绝：此时用户已付款并在等待。无法开通的应立即拒绝，已接受的应完成。",
    ),
    "processing_again": Text(
        en=(
            "000004 comes after 000000 for the same order or instance: what is ready must stay ready. Keep its state in the database "
            "instead of deciding it anew on each call."
        ),
        zh="同一订单或实例在返回000000之后又返回000004：已就绪的实例应保持就绪。请将状态保存在数据库中，而不是每次调用重新判断。",
    ),
    "license_refused": Text(
        en=(
            "A correct application for a licence is refused, so no buyer gets one: issue it for an order that was accepted. If only "
            "certain devices get one, say which with --fingerprint."
        ),
        zh="正确的license申请被拒绝，用户无法获得license：已接受的订单应能签发。若只对特定设备签发，请用--fingerprint给出设备指纹。",
    ),
    "license_unseen": Text(
        en=(
            "The application is answered 000004, and whether the licence comes cannot be seen here, since it is uploaded to the market: "
            "try it with tradepost dev, where the upload is received."
        ),
        zh="license申请返回000004，之后由商家上传到云商店，检测工具无法看到是否签发：请用tradepost dev验证，它会接收上传。",
    ),
    "out_of_time": Text(
        en=(
            "Not everything was asked within the time of this run, although no activity is later than its version allows: make the "
            "answers quicker, or give the run more time with --within."
        ),
        zh="各接口的响应未超过该版本的限制，但在本次检测的时间内未能检查完：请加快响应，或用--within延长检测时间。",
    ),
    # --- connections that are kept (RFC 9112 §9.3) ---
    "unread_body": Text(
        en=(
            "A request is refused without its body being read, and the connection stays open: the rest of the body is taken for the "
            "next request, which fails. Read the body before you answer, or answer with Connection: close."
        ),
        zh="拒绝请求时没有读完请求体，而连接保持打开：剩余的字节被当作下一个请求，导致其失败。应先读完请求体再响应，或返回Connection: close并关闭。",
    ),
    "deaf_connection": Text(
        en=(
            "After an answer the connection stays open and the next request on it is never answered, while a new connection is: go on "
            "reading, or answer with Connection: close and close it."
        ),
        zh="响应之后连接保持打开，但其上的下一个请求得不到响应，而新连接可以：应继续读取，或返回Connection: close并关闭连接。",
    ),
    "hangs_up": Text(
        en=(
            "The connection is closed after an answer that does not say so: the market may be sending its next call on it, which is "
            "lost. Say Connection: close, or keep it open (RFC 9112 §9.3)."
        ),
        zh="响应未声明就关闭了连接：云商店可能正在该连接上发送下一个调用，该调用会丢失。应返回Connection: close，或保持连接（RFC 9112 §9.3）。",
    ),
    "short_keep_alive": Text(
        en=(
            "An idle connection is closed after less than the 1.5 s for which the market keeps it: a call that is sent at that moment is "
            "lost. Keep it for 2 s or longer, or say Connection: close."
        ),
        zh="空闲连接在1.5秒内（云商店保持连接的时间）就被关闭：恰在此刻发送的调用会丢失。请保持2秒以上，或返回Connection: close。",
    ),
    "old_answer": Text(
        en=(
            "The second request on a connection gets the answer that belongs to the first: answers are queued or buffered for a "
            "connection. Make each from its own request."
        ),
        zh="同一连接上的第二个请求得到了第一个请求的响应：响应被按连接缓存或排队。应根据各自的请求生成响应。",
    ),
    "out_of_step": Text(
        en=(
            "The second request on a connection is answered otherwise than on a connection of its own: something of the first is still "
            "in the buffer, or was remembered for the connection."
        ),
        zh="同一连接上的第二个请求与独立连接时的响应不同：缓冲区中残留了上一个请求的内容，或按连接保存了状态。",
    ),
    "endless_answer": Text(
        en=(
            "An answer on a kept connection has neither Content-Length nor chunks, so nobody knows where it ends and the call times "
            "out: send Content-Length."
        ),
        zh="保持连接时响应既没有Content-Length也没有分块，无法判断何时结束，调用会超时：请返回Content-Length。",
    ),
}
