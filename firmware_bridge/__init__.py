"""firmware_bridge: what devices say, in bytes and in words."""
