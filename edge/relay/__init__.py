"""From a decision to a message that is never lost: outbox first, broker second."""
