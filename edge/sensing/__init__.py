"""sensing: bytes and frames become samples and face crops."""
