"""What the sites share: layout, forms, tables, components."""
