"""A package, since peers in the environment bring one of the same name (Ciw does)."""
