"""The landing folders' settings; what happens in them is in flows/landing."""
