"""Device families: how each is recognised, started, re-rated, kept alive and stopped."""
