# SPDX-License-Identifier: Apache-2.0
"""What end-to-end tests and demo share; runs with `tests/` on the path and the venv's Python.

process      starting and stopping programs so that none outlives the test
mariadb      a private MariaDB whose general log is the truth about statements
servers      todobackend under uWSGI, gunicorn, runserver, and nginx in front
services     database and server together, as the tests want them
daemon       a UDP receiver in the X-Ray daemon's place
tracer       bpfxray itself: start, wait until it is ready, stop, read its counters
client       an HTTP/1.1 client that hides nothing, for pipelining and for cut messages
load         many different requests, each recognisable later
documents    segments and their statements, out of the documents received
general_log  what MariaDB logged, as statements on the wire
truth        documents against what was sent, what the application and what MariaDB logged
report       traces on a terminal
netns        network namespaces with addresses of their own
cgroups      control groups as Docker and ECS name them
oci          containers by runc, as a task definition asks for them
ecs_agent    a fake of what the ECS agent tells
ecs_host     a container instance out of these, with the tracer's image
"""
