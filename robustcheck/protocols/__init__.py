"""Protocols: how the outputs of encoders become the logits that metrics score."""
