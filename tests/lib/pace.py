# SPDX-License-Identifier: Apache-2.0
"""How slow this machine is. In an emulated one BPFXRAY_TEST_SLOW says by how much more than usual
the tests must wait and how far apart clocks may be read; no test asserts that something is fast.
"""

import os

SLOW = int(os.environ.get("BPFXRAY_TEST_SLOW", "1"))
