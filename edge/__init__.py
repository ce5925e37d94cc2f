"""edge: from samples to an alert, on the device."""
