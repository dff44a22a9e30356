# SPDX-License-Identifier: Apache-2.0
"""todobackend's routes, and views that raise what Django itself turns into a 4xx: the X-Ray SDK
treats that otherwise than an answer with the same status.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import path

from todobackend.urls import *  # noqa: F401,F403
from todobackend.urls import urlpatterns


def raise_404(request):
    raise Http404("raised on purpose")


def raise_403(request):
    raise PermissionDenied("raised on purpose")


urlpatterns = [
    path("test/raise/404", raise_404),
    path("test/raise/403", raise_403),
    *urlpatterns,
]
