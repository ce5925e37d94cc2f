"""inference: features and crops become predictions and decisions."""
