"""Lets the tests import the modules beside them; folders of tests are no packages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
