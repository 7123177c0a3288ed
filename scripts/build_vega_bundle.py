"""Write the chart script that every report inlines: Vega, Vega-Lite and vega-embed in one file.

Needs vl-convert-python, which carries the three libraries, so nothing is downloaded. Run it
after a new Altair release and commit the result: building it takes seconds, a report must not.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import vl_convert

TARGET = Path(__file__).parents[1] / "robustcheck" / "report" / "static" / "vega.js.gz"
NOTICE = """/*! Vega {vega}, Vega-Lite {lite}, vega-embed {embed}
Copyright (c) 2015-2025, University of Washington Interactive Data Lab. All rights reserved.
Redistribution and use in source and binary forms, with or without modification, are permitted under
the BSD 3-Clause License (https://opensource.org/license/bsd-3-clause). */
"""


def main() -> None:
    """Write the bundle with its licence notice at the head."""
    notice = NOTICE.format(
        vega=vl_convert.get_vega_version(),
        lite=vl_convert.get_vegalite_versions()[-1],
        embed=vl_convert.get_vega_embed_version(),
    )
    # Without a time stamp the same libraries give the same bytes.
    TARGET.write_bytes(gzip.compress((notice + vl_convert.javascript_bundle()).encode(), 9, mtime=0))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
