"""Parts that all sites share: layout, forms, tables and components."""
