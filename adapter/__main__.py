"""`python -m adapter` is `notewright`."""

import sys

from adapter.cli import main

sys.exit(main())
