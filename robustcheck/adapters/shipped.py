"""The adapters that come with robustcheck."""

from __future__ import annotations

from robustcheck.adapters.coop import COOP
from robustcheck.adapters.coop_training import COOP_TRAIN
from robustcheck.adapters.flyp_surrogate import FLYP_SURROGATE
from robustcheck.adapters.linear_probe import LINEAR_PROBE
from robustcheck.adapters.nearest_neighbours import KNN
from robustcheck.adapters.tip_adapter import TIP_ADAPTER, TIP_ADAPTER_F
from robustcheck.adapters.trigger_search import TRIGGER_SEARCH
from robustcheck.adapters.wise_ft import WISE_FT

ADAPTERS = (LINEAR_PROBE, KNN, TIP_ADAPTER, TIP_ADAPTER_F, COOP, COOP_TRAIN, TRIGGER_SEARCH, FLYP_SURROGATE, WISE_FT)
