"""Keys with which buyers' programs call a seller's API. The seller's gateway verifies each key here (business-rules
§2.5)."""
