"""``python -m bearer_guard`` is the command ``bearer-guard``."""

import sys

from bearer_guard._command.main import main

sys.exit(main())
