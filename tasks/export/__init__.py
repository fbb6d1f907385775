"""Writes what the pipeline made in the forms that other tools read."""
