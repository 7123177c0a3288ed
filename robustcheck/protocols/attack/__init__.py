"""Adversarial attacks: how small a change of an image, made against the model, changes the answer."""
