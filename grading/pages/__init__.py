"""The report as a page: one HTML file that holds all it needs."""
