"""Quantities that sellers say were used: taken in, judged, kept, voided and collected (openapi-jointkit §C.5)."""
