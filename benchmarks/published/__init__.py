"""The published corruption code, run in an environment of its own."""
