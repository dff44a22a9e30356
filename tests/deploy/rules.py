# SPDX-License-Identifier: Apache-2.0
"""What neither cfn-lint nor moto refuses but ECS does, or what this deployment must never do.

Each rule is a function of resolved resources that yields a line for each violation; the tests run
it on our templates and on a copy with the fault put in.
"""

# Of the interface's KernelCapabilities. The list ends before Linux 5.8: BPF, PERFMON and
# CHECKPOINT_RESTORE are refused, by ECS alone.
CAPABILITIES = frozenset("""
    ALL AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID
    IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN
    NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT
    SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME
    SYS_TTY_CONFIG SYSLOG WAKE_ALARM
""".split())

# The only paths of the host that a task may see.
HOST_PATHS = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

# Actions for which the services offer no resource (service authorization reference).
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
    "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries",
}


def listed(value):
    return [value] if isinstance(value, str) else list(value)


def capabilities(task):
    for container in task["ContainerDefinitions"]:
        asked = container.get("LinuxParameters", {}).get("Capabilities", {})
        for name in asked.get("Add", []) + asked.get("Drop", []):
            if name not in CAPABILITIES:
                yield f"{container['Name']}: ECS knows no capability {name}"


def host_paths(task):
    for volume in task.get("Volumes", []):
        path = volume.get("Host", {}).get("SourcePath", "")
        if path not in HOST_PATHS:
            yield f"mounts {path or volume['Name']}"
    for container in task["ContainerDefinitions"]:
        for mount in container.get("MountPoints", []):
            if not mount.get("ReadOnly"):
                yield f"{container['Name']}: {mount['ContainerPath']} is writable"
        if not container.get("ReadonlyRootFilesystem"):
            yield f"{container['Name']}: its root is writable"


def image_pinned(task):
    for container in task["ContainerDefinitions"]:
        if "@sha256:" not in container["Image"]:
            yield f"{container['Name']}: {container['Image']} is not a digest"


def logging(task):
    for container in task["ContainerDefinitions"]:
        options = container.get("LogConfiguration", {}).get("Options", {})
        if options.get("mode") != "non-blocking":
            yield f"{container['Name']}: a slow log would stop it"


def daemon_service(service):
    """What ECS refuses or ignores for DAEMON services, and what makes two tracers overlap."""
    if service.get("SchedulingStrategy") != "DAEMON":
        yield "is no daemon service"
    for key in ("DesiredCount", "PlacementStrategies", "CapacityProviderStrategy"):
        if key in service:
            yield f"{key} is not for daemon services"
    limits = service["DeploymentConfiguration"]
    if (limits["MaximumPercent"], limits["MinimumHealthyPercent"]) != (100, 0):
        yield "a new tracer may start before the old one stops"


def least_privilege(role):
    for policy in role.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            for action in listed(statement["Action"]):
                if "*" in action:
                    yield f"{action}: a wildcard"
                elif "*" in listed(statement["Resource"]) and action not in WITHOUT_RESOURCE:
                    yield f"{action} on every resource"
    if role.get("ManagedPolicyArns"):
        yield "managed policies grow without notice"
    for statement in role["AssumeRolePolicyDocument"]["Statement"]:
        if statement.get("Principal") != {"Service": "ecs-tasks.amazonaws.com"}:
            yield f"may be taken by {statement.get('Principal')}"
        if "Condition" not in statement:
            yield "may be taken for another account's task"
