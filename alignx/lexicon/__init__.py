"""Word pairs with scores, and the files that hold them."""
