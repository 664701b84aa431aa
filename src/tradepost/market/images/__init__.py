"""Images on servers, billed by the hour or covered by a period image (business-rules §5)."""
