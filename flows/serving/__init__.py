"""Prefect's server: its start and end, who reaches it, where it keeps its runs, and what it does by itself."""
