"""An enterprise's own directory keeps its members and groups in step by SCIM 2.0 (RFC 7643, RFC 7644)."""
