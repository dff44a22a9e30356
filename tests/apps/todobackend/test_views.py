# SPDX-License-Identifier: Apache-2.0
"""Views for tests: slow, failing, streamed and large answers, and the ways in which a program talks
to MySQL.
"""

import os
import time

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse

from todobackend.models import TodoItem


def number(request, name, default):
    return int(request.GET.get(name, default))


def slow(request):
    time.sleep(number(request, "ms", 100) / 1000)
    return JsonResponse({"slept_ms": number(request, "ms", 100)})


def held(request):
    """A query, then nothing until the file exists that the test makes; a minute at most."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'held'")
        cursor.fetchall()
    until = time.monotonic() + 60
    while not os.path.exists(request.GET["until"]) and time.monotonic() < until:
        time.sleep(0.02)
    return JsonResponse({"held": True})


def error(request):
    raise RuntimeError("a view that fails on purpose")


def status(request, code):
    return HttpResponse(status=code)


def stream(request):
    """An answer without a length, in pieces; with sql=1 a statement runs between them."""
    sql, pause = number(request, "sql", 0), number(request, "ms", 2) / 1000

    def pieces():
        for i in range(number(request, "n", 5)):
            if sql:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT %s AS piece", [i])
                    cursor.fetchall()
            time.sleep(pause)
            yield f"piece {i}\n"

    return StreamingHttpResponse(pieces(), content_type="text/plain")


def big(request):
    return HttpResponse(b"x" * number(request, "bytes", 1 << 20), content_type="text/plain")


def echo(request):
    return JsonResponse({"length": len(request.body)})


def badsql(request):
    """The error reaches the client as status 500 unless caught=1."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense FROM todo_nowhere WHERE id = %s", [1])
    except DatabaseError:
        if not number(request, "caught", 0):
            raise
    return JsonResponse({"caught": True})


def duplicate(request):
    name = request.GET.get("name", "twice")
    refused = 0
    for _ in range(2):
        try:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO todo_unique (name) VALUES (%s)", [name])
        except IntegrityError:
            refused += 1
    return JsonResponse({"refused": refused}, status=409)


class Undo(Exception):
    pass


def atomic(request):
    """A transaction with a savepoint that is released, and one that is rolled back."""
    with transaction.atomic():
        TodoItem.objects.create(title="kept")
        with transaction.atomic():
            TodoItem.objects.create(title="kept as well")
        try:
            with transaction.atomic():
                TodoItem.objects.create(title="not kept")
                raise Undo
        except Undo:
            pass
    return JsonResponse({"items": 2}, status=201)


def many(request):
    n = number(request, "n", 10)
    with connection.cursor() as cursor:
        for i in range(n):
            cursor.execute("SELECT %s AS number", [i])
            cursor.fetchall()
    return JsonResponse({"statements": n})


def rows(request):
    n = number(request, "n", 1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, REPEAT('r', 100) FROM seq_1_to_%s", [n])
        got = len(cursor.fetchall())
    return JsonResponse({"rows": got})


def prepared(request):
    """A statement prepared by the server. Only mysql.connector offers it; others use SQL's own
    PREPARE.
    """
    n = number(request, "n", 3)
    connection.ensure_connection()
    if settings.DATABASES["default"]["ENGINE"] != "mysql.connector.django":
        return prepared_in_sql(n)
    cursor = connection.connection.cursor(prepared=True)
    for i in range(n):
        cursor.execute("SELECT ? + 1 AS next, ? AS word", (i, f"word {i}"))
        cursor.fetchall()
    cursor.close()
    return JsonResponse({"executed": n})


def prepared_in_sql(n):
    with connection.cursor() as cursor:
        cursor.execute("PREPARE plus_one FROM 'SELECT ? + 1 AS next'")
        for i in range(n):
            cursor.execute("EXECUTE plus_one USING %s", [i])
            cursor.fetchall()
        cursor.execute("DEALLOCATE PREPARE plus_one")
    return JsonResponse({"executed": n})


def executemany(request):
    values = [(f"item {i}", False) for i in range(number(request, "n", 5))]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO todo_item (title, completed) VALUES (%s, %s)", values)
        cursor.executemany(
            "UPDATE todo_item SET completed = %s WHERE title = %s",
            [(True, "item 0"), (True, "item 1")],
        )
    return JsonResponse({"items": len(values)}, status=201)


def callproc(request):
    with connection.cursor() as cursor:
        cursor.callproc("todo_count", (number(request, "least", 1), 0))
    return JsonResponse({"called": "todo_count"})
