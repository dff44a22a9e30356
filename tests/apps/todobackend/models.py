# SPDX-License-Identifier: Apache-2.0
"""The one table of todobackend."""

from django.db import models


class TodoItem(models.Model):
    title = models.CharField(max_length=256)
    completed = models.BooleanField(default=False)
    url = models.CharField(max_length=256, null=True, blank=True)
    order = models.IntegerField(null=True, blank=True)

    class Meta:
        db_table = "todo_item"
