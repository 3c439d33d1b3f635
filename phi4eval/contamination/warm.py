"""What does a scanning process need before its first document? Imported once, by the process that forks it.

Imports, the compiled kernels and the token tables take a quarter of a second, or ten where the kernels are
not compiled yet. A fork server that has done it hands it to every worker, which shares that memory, and it
does so while the index is still being built.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.json

from phi4eval.contamination.columns import text_column
from phi4eval.contamination.index import build_index
from phi4eval.contamination.records import ScanItem
from phi4eval.contamination.scan import scan

scan(
    pa.record_batch({"text": text_column(["nothing of any benchmark"])}),
    build_index([ScanItem(item_id="0", question="one two three four five six")]),
)
