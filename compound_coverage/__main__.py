"""``python -m compound_coverage``."""

import sys

from compound_coverage.cli import main

sys.exit(main())
