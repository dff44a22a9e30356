# SPDX-License-Identifier: Apache-2.0
"""A fake of what the ECS agent answers on a container instance, for tests: introspection on
127.0.0.1:51678 and task metadata version 4 on 169.254.170.2:80. Both belong into a network
namespace of the test (netns.py).
"""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

METADATA_ADDRESS = "169.254.170.2"
ARN = "arn:aws:ecs:eu-west-1:123456789012"
CLUSTER = "todobackend-cluster"


@dataclass(frozen=True)
class Container:
    """One container of a task, as the agent knows it."""

    id: str
    name: str
    task: str
    family: str = "todobackend"
    revision: str = "7"
    # As of before 2018: without the cluster.
    short_arn: bool = False

    @property
    def task_arn(self):
        return f"{ARN}:task/{self.task}" if self.short_arn else f"{ARN}:task/{CLUSTER}/{self.task}"

    @property
    def arn(self):
        return f"{ARN}:container/{CLUSTER}/{self.task}/{self.id[:8]}"

    @property
    def metadata_key(self):
        """What the agent hangs behind /v4/; the container finds it in its environment."""
        return f"{self.task}-{int(self.id[:8], 16)}"

    @property
    def metadata_uri(self):
        return f"http://{METADATA_ADDRESS}/v4/{self.metadata_key}"

    def docker_name(self):
        return f"ecs-{self.family}-{self.revision}-{self.name}-{self.id[:20]}"


CLUSTER_ARN = f"{ARN}:cluster/{CLUSTER}"


class Agent:
    """Answers from .containers, a list that the test changes while it runs. .asked: the paths.
    .spoil(path, status, body) may make another answer of each; it returns status and body.
    """

    def __init__(self):
        self.containers = []
        self.asked = []
        self.spoil = lambda path, status, body: (status, body)

    def host(self):
        instance = f"{ARN}:container-instance/{CLUSTER}/0011"
        return {"Cluster": CLUSTER, "ContainerInstanceArn": instance, "Version": "Amazon ECS Agent"}

    def task(self, docker_id):
        found = next((c for c in self.containers if c.id == docker_id), None)
        if found is None:
            return None
        peers = [c for c in self.containers if c.task == found.task]
        return {
            "Arn": found.task_arn,
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
            "Family": found.family,
            "Version": found.revision,
            "Containers": [
                {"DockerId": c.id, "DockerName": c.docker_name(), "Name": c.name} for c in peers
            ],
        }

    def metadata(self, key):
        found = next((c for c in self.containers if c.metadata_key == key), None)
        if found is None:
            return None
        front = "com.amazonaws.ecs."
        labels = {
            "cluster": CLUSTER,
            "container-name": found.name,
            "task-arn": found.task_arn,
            "task-definition-family": found.family,
            "task-definition-version": found.revision,
        }
        return {
            "DockerId": found.id,
            "Name": found.name,
            "DockerName": found.docker_name(),
            "Labels": {front + key: value for key, value in labels.items()},
            "ContainerARN": found.arn,
        }

    def answer(self, url):
        self.asked.append(url)
        parts = urlsplit(url)
        if parts.path == "/v1/metadata":
            return self.host()
        if parts.path == "/v1/tasks":
            return self.task(parse_qs(parts.query).get("dockerid", [""])[0])
        if parts.path.startswith("/v4/"):
            return self.metadata(parts.path.removeprefix("/v4/"))
        return None


@contextmanager
def serving(agent, addresses=(("127.0.0.1", 51678), (METADATA_ADDRESS, 80))):
    """@agent on @addresses of the calling thread's network namespace, for the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = agent.answer(self.path)
            body = json.dumps(found if found is not None else {}).encode()
            status, body = agent.spoil(self.path, 200 if found is not None else 404, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            try:
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                pass  # who asked has ended

        def log_message(self, *_):
            pass

    servers = [ThreadingHTTPServer(address, Handler) for address in addresses]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield agent
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
