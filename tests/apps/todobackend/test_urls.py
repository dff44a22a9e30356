# SPDX-License-Identifier: Apache-2.0
"""Routes that only tests use (TODO_TEST_ROUTES=1): each makes one shape of traffic that a tracer
must get right.
"""

from django.urls import path

from todobackend import test_views as views

urlpatterns = [
    path("slow", views.slow),
    path("held", views.held),
    path("error", views.error),
    path("status/<int:code>", views.status),
    path("stream", views.stream),
    path("big", views.big),
    path("echo", views.echo),
    path("badsql", views.badsql),
    path("duplicate", views.duplicate),
    path("atomic", views.atomic),
    path("many", views.many),
    path("rows", views.rows),
    path("prepared", views.prepared),
    path("executemany", views.executemany),
    path("callproc", views.callproc),
]
