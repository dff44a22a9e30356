# SPDX-License-Identifier: Apache-2.0
"""todobackend behind every kind of server that the tests know, and nginx in front.

Each function takes the Processes that shall own the server and the application's environment,
returns a Server and comes back when the server answers. Server.pid is what `bpfxray trace --pid`
gets.
"""

import socket
from dataclasses import dataclass, field

from . import client
from .mariadb import free_port
from .paths import APPS, site_packages, venv_program
from .process import Process

MODULE = "todobackend.wsgi"
# What the application never logs: readiness is asked for before any test begins.
READY_AGENT = "readiness"


@dataclass
class Server:
    """Something that answers HTTP. @processes: first the root of the tree to be traced."""

    name: str
    address: tuple  # ("127.0.0.1", port), or the path of a unix socket
    processes: list = field(default_factory=list)
    keep_alive: bool = True
    drop_after_head: bool = False  # see load.Plan

    @property
    def pid(self):
        return self.processes[0].pid

    @property
    def process(self) -> Process:
        return self.processes[0]


def application_environment(env):
    """@env plus what Python needs to find the application and the packages."""
    return {
        "PYTHONPATH": f"{APPS}:{site_packages()}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **env,
    }


def answers(address):
    """True when an HTTP server at @address answers anything below 500."""
    try:
        with client.Connection(address, timeout_s=5) as connection:
            lines = ("GET / HTTP/1.1", "Host: localhost", f"User-Agent: {READY_AGENT}")
            connection.send("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            return connection.read_response("GET").status < 500
    except (OSError, client.ProtocolError):
        return False


def listens(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def static_directory(processes):
    directory = processes.directory / "static"
    directory.mkdir(exist_ok=True)
    (directory / "hello.txt").write_text("hello\n")
    return directory


def wait_http(process, address):
    process.wait_ready(lambda: answers(address))


def uwsgi(processes, env, extra=(), workers=4, threads=2, tls=None):
    """The first user's shape: uWSGI's own HTTP router in front of its workers. @tls: Certificates;
    the router speaks HTTPS.
    """
    address = tls_address(tls)
    router = f"--http=127.0.0.1:{address[1]}"
    if tls:
        router = f"--https=127.0.0.1:{address[1]},{tls.certificate},{tls.key}"
    process = processes.start(
        "uwsgi",
        [
            venv_program("uwsgi"),
            router,
            f"--module={MODULE}",
            "--master",
            f"--check-static={static_directory(processes)}",
            "--die-on-term",
            f"--processes={workers}",
            f"--threads={threads}",
            *extra,
        ],
        env=application_environment(env),
        cwd=APPS,
    )
    wait_http(process, address)
    return Server("uwsgi", address, [process], "--http-keepalive" in extra, drop_after_head=True)


def tls_address(tls):
    port = free_port()
    return client.TlsAddress("127.0.0.1", port, tls.authority) if tls else ("127.0.0.1", port)


def uwsgi_socket(processes, env, extra=(), workers=4, threads=2):
    """uWSGI without its router: speaks the uwsgi protocol on a unix socket, for nginx."""
    path = processes.directory / "uwsgi.sock"
    process = processes.start(
        "uwsgi",
        [
            venv_program("uwsgi"),
            f"--socket={path}",
            f"--module={MODULE}",
            "--master",
            "--die-on-term",
            f"--processes={workers}",
            f"--threads={threads}",
            *extra,
        ],
        env=application_environment(env),
        cwd=APPS,
    )
    process.wait_ready(lambda: listens(path))
    return Server("uwsgi-socket", str(path), [process])


def gunicorn_command(bind, worker, workers, threads, extra=()):
    command = [venv_program("gunicorn"), MODULE, f"--bind={bind}", f"--worker-class={worker}"]
    command += [f"--workers={workers}", "--no-control-socket", "--timeout=60"]
    if worker == "gthread":
        command += [f"--threads={threads}", "--keep-alive=5"]
    return command + list(extra)


def gunicorn(processes, env, worker="sync", workers=2, threads=4, unix=False, extra=(), tls=None):
    """@worker: sync, gthread or gevent (whose threads serve several requests at once). @tls:
    Certificates; it speaks HTTPS.
    """
    address = str(processes.directory / "gunicorn.sock") if unix else tls_address(tls)
    if tls:
        extra = (*extra, f"--certfile={tls.certificate}", f"--keyfile={tls.key}")
    bind = f"unix:{address}" if unix else f"127.0.0.1:{address[1]}"
    process = processes.start(
        f"gunicorn-{worker}",
        gunicorn_command(bind, worker, workers, threads, extra),
        env=application_environment(env),
        cwd=APPS,
    )
    wait_http(process, address)
    return Server(f"gunicorn-{worker}", address, [process], keep_alive=worker != "sync")


def runserver(processes, env, extra=("--noreload",)):
    address = ("127.0.0.1", free_port())
    process = processes.start(
        "runserver",
        [
            venv_program("python"),
            APPS / "todobackend" / "manage.py",
            "runserver",
            f"127.0.0.1:{address[1]}",
            *extra,
        ],
        env=application_environment(env),
        cwd=APPS,
    )
    wait_http(process, address)
    return Server("runserver", address, [process])


NGINX_CONFIG = """
user root;
worker_processes {workers};
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    client_body_temp_path {directory}/nginx-body;
    proxy_temp_path {directory}/nginx-proxy;
    uwsgi_temp_path {directory}/nginx-uwsgi;
    fastcgi_temp_path {directory}/nginx-fastcgi;
    scgi_temp_path {directory}/nginx-scgi;
    upstream application {{
        server {upstream};
        {upstream_keepalive}
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            {forward}
        }}
    }}
}}
"""

FORWARD_UWSGI = "include /etc/nginx/uwsgi_params; uwsgi_pass application;"
FORWARD_HTTP = """proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;"""


def nginx_command(processes, upstream, workers=1, upstream_keepalive=0, forwarded_for=False):
    """Writes a configuration and returns nginx's command line and address. @upstream: a Server."""
    port = free_port()
    target = upstream.address if isinstance(upstream.address, str) else "%s:%d" % upstream.address
    forward = FORWARD_UWSGI if upstream.name == "uwsgi-socket" else FORWARD_HTTP
    if forwarded_for:
        forward += "\n            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    config = processes.directory / f"nginx-{port}.conf"
    config.write_text(
        NGINX_CONFIG.format(
            workers=workers,
            directory=processes.directory,
            upstream=f"unix:{target}" if isinstance(upstream.address, str) else target,
            upstream_keepalive=f"keepalive {upstream_keepalive};" if upstream_keepalive else "",
            port=port,
            forward=forward,
        )
    )
    return ["/usr/sbin/nginx", "-c", str(config), "-e", "stderr"], ("127.0.0.1", port)


def nginx(processes, upstream, **how):
    """nginx in front of @upstream. Server.processes: the application's first, then nginx's."""
    command, address = nginx_command(processes, upstream, **how)
    process = processes.start("nginx", command)
    wait_http(process, address)
    return Server(f"nginx+{upstream.name}", address, [*upstream.processes, process])


def nginx_and_gunicorn(processes, env, worker="gthread", workers=2, threads=4):
    """Front and workers in one tree, as in a container whose first process starts both."""
    path = processes.directory / "gunicorn.sock"
    inner = Server("gunicorn", str(path))
    command, address = nginx_command(processes, inner)
    script = processes.directory / "both.sh"
    words = [gunicorn_command(f"unix:{path}", worker, workers, threads), command]
    script.write_text("".join(" ".join(map(str, line)) + " &\n" for line in words) + "wait\n")
    process = processes.start(
        "both", ["/bin/sh", script], env=application_environment(env), cwd=APPS
    )
    wait_http(process, address)
    return Server(f"nginx+gunicorn-{worker} in one tree", address, [process])
