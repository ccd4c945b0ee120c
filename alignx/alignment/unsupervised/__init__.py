"""Alignment without a dictionary: self-learning and adversarial training."""
