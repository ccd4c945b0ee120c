"""Commands `alignx classify`: fit, names, predict, transfer."""
