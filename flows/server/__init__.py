"""Prefect's server: its start, who may reach it, its lease and limits."""
