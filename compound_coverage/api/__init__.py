"""The dataset for other programs: a read-only JSON API, described by its own OpenAPI document."""
