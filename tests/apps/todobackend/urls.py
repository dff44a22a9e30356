# SPDX-License-Identifier: Apache-2.0
"""Routes of todobackend; those for tests only when TODO_TEST_ROUTES is set."""

from django.conf import settings
from django.urls import include, path

from todobackend import views

urlpatterns = [
    path("", views.index),
    path("todos", views.TodoListView.as_view(), name="todos"),
    path("todos/<int:key>", views.TodoView.as_view(), name="todo"),
]
if settings.TEST_ROUTES:
    urlpatterns.append(path("test/", include("todobackend.test_urls")))

handler404 = "todobackend.views.not_found"
handler500 = "todobackend.views.server_error"
