"""Samples in, features out: NumPy only, one definition for the device and for training."""
