"""Topics of business-rules §2.7 that several checks share."""

from __future__ import annotations

from tradepost.protocols.text import Text

TLS_TOPIC = Text(en="TLS configuration", zh="TLS 配置")
