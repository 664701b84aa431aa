"""What business-rules §2.7 calls what several checks are about."""

from __future__ import annotations

from tradepost.protocols.text import Text

TLS = Text(en="TLS configuration", zh="TLS 配置")
