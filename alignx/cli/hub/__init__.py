"""Commands `alignx hub`: many languages in one space."""
