"""Pages for a person: one HTML file with all that it needs inside, and tables in Markdown; no page knows another."""
