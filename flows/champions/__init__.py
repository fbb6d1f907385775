"""Who the champion is, and how another takes its place."""
