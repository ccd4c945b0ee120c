"""Maps of several languages into one space."""
