# SPDX-License-Identifier: Apache-2.0
"""The stacks of deploy/ with values for what dev.json and prod.json leave open."""

import json

from lib.paths import ROOT as TOP

from .template import Stack, load

DEPLOY = TOP / "deploy"
# Section of dev.json -> template.
STACKS = {"ecr": "ecr.yml", "xray": "xray.yml", "hosts": "hosts.yml", "sampling": "sampling.yml",
          "tracer": "bpfxray.yml"}
NAMES = {"ecr": "bpfxray-ecr", "xray": "xray-daemon", "hosts": "bpfxray-hosts",
         "sampling": "bpfxray-sampling-dev", "tracer": "bpfxray-dev"}
DIGEST = "@sha256:" + "0123456789abcdef" * 4
# For null in the environments' files.
OPEN = {
    "VpcId": "vpc-1",
    "SubnetIds": "subnet-1,subnet-2",
    "HostSecurityGroupId": "sg-1",
    "DaemonImage": "registry.example/xray" + DIGEST,
    "Image": "registry.example/bpfxray" + DIGEST,
}
EXPORTS = {
    "bpfxray-ecr-BpfxrayRepositoryArn": "arn:aws:ecr:eu-west-1:123456789012:repository/a/bpfxray",
    "bpfxray-ecr-XrayRepositoryArn": "arn:aws:ecr:eu-west-1:123456789012:repository/a/xray",
    "xray-daemon-SecurityGroupId": "sg-2",
    "xray-daemon-DaemonAddress": "xray.services.dockerinaws.org:2000",
}


def environment(name, section, **given):
    found = json.loads((DEPLOY / f"{name}.json").read_text())[section]
    return {key: given.get(key, OPEN[key] if value is None else value)
            for key, value in (found | given).items()}


def stack(section, parameters, exports=None):
    return Stack(load(DEPLOY / STACKS[section]), NAMES[section], parameters,
                 EXPORTS if exports is None else exports)


def resolved(section, parameters):
    """Every resource's properties, with made-up names for the other resources."""
    found = stack(section, parameters)
    for logical in found.template["Resources"]:
        found.refs[logical] = f"ref-{logical}"
        found.attributes[logical] = {"Arn": f"arn-{logical}"}
    return {logical: found.properties(logical) for logical in found.template["Resources"]}
