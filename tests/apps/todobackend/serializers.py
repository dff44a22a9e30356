# SPDX-License-Identifier: Apache-2.0
"""JSON form of a todo item."""

from rest_framework import serializers

from todobackend.models import TodoItem


class TodoItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = TodoItem
        fields = ["id", "title", "completed", "url", "order"]
        read_only_fields = ["id", "url"]
