"""The page that a field tester looks at: what is heard, what is wrong, what is recorded."""
