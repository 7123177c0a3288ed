"""Crops: from the images of a data set to the 8-bit pixels that models take, on threads or in other processes."""

from __future__ import annotations

from robustcheck.crops.decode_pools import Decoders, Decoding, open_decoders
from robustcheck.crops.preparation import Crops, Decode, Preparation, Prepared

__all__ = ["Crops", "Decode", "Decoders", "Decoding", "Preparation", "Prepared", "open_decoders"]
