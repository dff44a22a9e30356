# SPDX-License-Identifier: Apache-2.0
"""What a WSGI server loads. With TODO_TRUTH_LOG unset this is Django's application and nothing
else.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todobackend.settings")

application = get_wsgi_application()

if os.environ.get("TODO_TRUTH_LOG"):
    from todobackend.truth import TruthLog

    application = TruthLog(application, os.environ["TODO_TRUTH_LOG"])
