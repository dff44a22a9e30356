# SPDX-License-Identifier: Apache-2.0
"""The REST interface of todobackend: the list of items, and one item."""

from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from todobackend.models import TodoItem
from todobackend.serializers import TodoItemSerializer


class TodoListView(APIView):
    def get(self, request):
        return Response(TodoItemSerializer(TodoItem.objects.order_by("id"), many=True).data)

    def post(self, request):
        serializer = TodoItemSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        item = serializer.save()
        # The address holds the key, which the database gives out: so a creation is an INSERT and an
        # UPDATE.
        item.url = request.build_absolute_uri(reverse("todo", args=[item.id]))
        item.save(update_fields=["url"])
        return Response(TodoItemSerializer(item).data, status=status.HTTP_201_CREATED)

    def delete(self, request):
        TodoItem.objects.all().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class TodoView(APIView):
    def get(self, request, key):
        return Response(TodoItemSerializer(get_object_or_404(TodoItem, id=key)).data)

    def patch(self, request, key):
        item = get_object_or_404(TodoItem, id=key)
        serializer = TodoItemSerializer(item, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    def delete(self, request, key):
        get_object_or_404(TodoItem, id=key).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


def index(request):
    return JsonResponse({"todos": request.build_absolute_uri(reverse("todos"))})


def not_found(request, exception):
    return JsonResponse({"detail": "Not found."}, status=404)


def server_error(request):
    return JsonResponse({"detail": "Internal server error."}, status=500)
