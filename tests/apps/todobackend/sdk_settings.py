# SPDX-License-Identifier: Apache-2.0
"""todobackend with the X-Ray SDK inside, as AWS documents it for Django: the middleware first, and
patch_all. Only for comparing with bpfxray; every request is sampled, unless TODO_SDK_SAMPLING=1
leaves it to the SDK's default rule.
"""

import os

from aws_xray_sdk.core import patch_all

from todobackend.settings import *  # noqa: F401,F403
from todobackend.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "aws_xray_sdk.ext.django"]
MIDDLEWARE = ["aws_xray_sdk.ext.django.middleware.XRayMiddleware", *MIDDLEWARE]
ROOT_URLCONF = "todobackend.sdk_urls"
# Daemon address and name come from the environment, as for any service.
XRAY_RECORDER = {
    "SAMPLING": os.environ.get("TODO_SDK_SAMPLING") == "1",
    "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
}

patch_all()
