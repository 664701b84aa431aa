"""Usage that sellers report: accepted, checked, stored, voided and collected (openapi-jointkit §C.5)."""
