"""Published formularies and drug codes."""
