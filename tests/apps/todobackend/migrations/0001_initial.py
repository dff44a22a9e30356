# SPDX-License-Identifier: Apache-2.0
"""The table of todo items, and what only the routes for tests use: a unique table and a stored
procedure.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="TodoItem",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=256)),
                ("completed", models.BooleanField(default=False)),
                ("url", models.CharField(blank=True, max_length=256, null=True)),
                ("order", models.IntegerField(blank=True, null=True)),
            ],
            options={"db_table": "todo_item"},
        ),
        migrations.RunSQL(
            "CREATE TABLE todo_unique (name VARCHAR(64) PRIMARY KEY)",
            "DROP TABLE todo_unique",
        ),
        migrations.RunSQL(
            "CREATE PROCEDURE todo_count(IN least INT, OUT total INT) "
            "SELECT COUNT(*) INTO total FROM todo_item WHERE id >= least",
            "DROP PROCEDURE todo_count",
        ),
    ]
