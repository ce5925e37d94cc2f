"""export: from a trained network to a signed bundle."""
