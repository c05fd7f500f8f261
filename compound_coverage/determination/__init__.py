"""The engine: published rules and a case in, a reasoned answer out."""
