"""What people ask of each other outside of orders: demands for what is not in the store, complaints about sellers (business-rules §9)."""
