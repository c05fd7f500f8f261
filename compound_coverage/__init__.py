"""Insurance coverage lookup and prior-authorization helper for compounded medications."""
