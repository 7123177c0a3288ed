"""One run from suites to results; called, it is ``robustcheck.api.run``."""

from robustcheck.callable_room import make_callable

make_callable(__name__)
