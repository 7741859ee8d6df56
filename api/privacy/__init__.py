"""A person's data: what there is, and that it goes."""
