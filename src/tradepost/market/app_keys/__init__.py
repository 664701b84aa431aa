"""App keys: what buyers' programs call an API with. The seller's gateway checks each key with the market (business-rules §2.5)."""
