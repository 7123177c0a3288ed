"""Adapters that ship: what is put on a base model, from a linear probe to a mixture of two checkpoints."""
