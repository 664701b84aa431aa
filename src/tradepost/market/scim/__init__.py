"""SCIM 2.0 (RFC 7643, RFC 7644), with which an enterprise's directory synchronises members and groups."""
