"""models: the networks, how they learn, how they are judged."""
