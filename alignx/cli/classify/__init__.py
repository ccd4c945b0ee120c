"""Commands `alignx classify`: fit, predict, transfer."""
