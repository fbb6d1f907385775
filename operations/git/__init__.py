"""The project's repository."""
