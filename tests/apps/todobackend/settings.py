# SPDX-License-Identifier: Apache-2.0
"""Settings of todobackend, all from the environment so that one application serves every test.

TODO_DRIVER chooses how it speaks to the database:
  connector-c     mysql.connector.django over its C extension (libmysqlclient): the default
  connector-pure  mysql.connector.django in pure Python: reads each packet's header and body apart
  mysqlclient     Django's own backend over MySQLdb (libmariadb)
  pymysql         Django's own backend over PyMySQL
The choice is checked: mysql.connector falls back to pure Python silently when its extension does
not load.
"""

import os

from django.core.exceptions import ImproperlyConfigured


def flag(name):
    return os.environ.get(name, "") not in ("", "0")


def begin_client_library():
    """Before there are threads: two that connect for the first time at once crash the process, for
    the MySQL client library in the extension begins at its first connection, without a lock.
    """
    import _mysql_connector

    try:
        _mysql_connector.MySQL().connect(unix_socket="/nonexistent/mysql.sock")
    except _mysql_connector.MySQLInterfaceError:
        pass


def connector_options(pure):
    import mysql.connector

    if not pure and not mysql.connector.HAVE_CEXT:
        raise ImproperlyConfigured("TODO_DRIVER=connector-c, but the C extension did not load")
    if not pure:
        begin_client_library()
    return {"use_pure": pure, **connector_tls()}


def connector_tls():
    authority = os.environ.get("TODO_DB_CA")
    return {"ssl_ca": authority, "ssl_verify_cert": True} if authority else {}


def database(driver):
    """Returns Django's description of the one database, for the driver asked for."""
    options = {}
    engine = "mysql.connector.django"
    if driver in ("connector-c", "connector-pure"):
        options = connector_options(driver == "connector-pure")
    elif driver in ("mysqlclient", "pymysql"):
        engine = "django.db.backends.mysql"
        if driver == "pymysql":
            import pymysql

            pymysql.install_as_MySQLdb()
            # It would load the system's certificates for each connection, only to find a server
            # without TLS.
            options = {"ssl_disabled": True}
        if os.environ.get("TODO_DB_CA"):
            options = {"ssl": {"ca": os.environ["TODO_DB_CA"]}}
    else:
        raise ImproperlyConfigured(f"TODO_DRIVER={driver}: unknown driver")
    return {
        "ENGINE": engine,
        # A path is taken as a unix socket by every one of these backends.
        "HOST": os.environ.get("TODO_DB_SOCKET") or os.environ.get("TODO_DB_HOST", "127.0.0.1"),
        "PORT": os.environ.get("TODO_DB_PORT", "3306"),
        "USER": os.environ.get("TODO_DB_USER", "todo"),
        "PASSWORD": os.environ.get("TODO_DB_PASSWORD", ""),
        "NAME": os.environ.get("TODO_DB_NAME", "todobackend"),
        "CONN_MAX_AGE": int(os.environ.get("TODO_CONN_MAX_AGE", "0")),
        "OPTIONS": options,
    }


SECRET_KEY = os.environ.get("TODO_SECRET_KEY", "only for tests")
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "todobackend.urls"
WSGI_APPLICATION = "todobackend.wsgi.application"
INSTALLED_APPS = ["rest_framework", "todobackend"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
DATABASES = {"default": database(os.environ.get("TODO_DRIVER", "connector-c"))}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
APPEND_SLASH = False
USE_TZ = True
TEST_ROUTES = flag("TODO_TEST_ROUTES")
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
# Without this each answer with status 500 would write a traceback to the server's log.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"null": {"class": "logging.NullHandler"}},
    "loggers": {"django.request": {"handlers": ["null"], "propagate": False}},
}
