"""Scaffolds a question that grades at once, with a placeholder task that its author then replaces."""
