"""The dictionary of two languages as a local page and as JSON."""
