"""Writes the page that shows a person what curation kept, what it dropped, and why."""
