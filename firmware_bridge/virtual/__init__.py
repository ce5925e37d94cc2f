"""Watches made of code: the same bytes as real ones, from a recording or a seeded wearer."""
