"""Pretrained text encoders as a baseline for transfer."""
