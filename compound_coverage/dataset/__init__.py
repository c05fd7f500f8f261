"""The curated dataset: read, check, search, publish."""
