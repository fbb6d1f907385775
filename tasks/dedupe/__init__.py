"""Finds images that came more than once, verified on their pixels, and keeps one of each."""
