# SPDX-License-Identifier: Apache-2.0
"""todobackend with the X-Ray SDK inside, as AWS documents it for Django: the middleware first, and
patch_all. Only for comparing its traces with bpfxray's; every request is sampled.
"""

from aws_xray_sdk.core import patch_all

from todobackend.settings import *  # noqa: F401,F403
from todobackend.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "aws_xray_sdk.ext.django"]
MIDDLEWARE = ["aws_xray_sdk.ext.django.middleware.XRayMiddleware", *MIDDLEWARE]
ROOT_URLCONF = "todobackend.sdk_urls"
# Daemon address and name come from the environment, as for any service.
XRAY_RECORDER = {"SAMPLING": False, "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR"}

patch_all()
