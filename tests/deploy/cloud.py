# SPDX-License-Identifier: Apache-2.0
"""Creates a stack's resources by direct calls against moto, one function for each resource type.

moto's own CloudFormation drops most ECS properties and knows no service discovery; its service
interfaces keep them, and botocore refuses what does not fit a call's shape. So what is asserted
afterwards is what ECS, EC2 and the others would hold.
"""

import json

import boto3
from botocore.validate import ParamValidator

from .template import PSEUDO, TemplateError

REGION = PSEUDO["AWS::Region"]


def client(service):
    return boto3.client(service, region_name=REGION, aws_access_key_id="none",
                        aws_secret_access_key="none")


def camel(value):
    """CloudFormation's PascalCase keys as the interfaces of ECS and ECR spell them."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: camel(item) for key, item in value.items()}
    return value


def made(ref, **attributes):
    return ref, attributes


def log_group(props, _stack):
    logs = client("logs")
    logs.create_log_group(logGroupName=props["LogGroupName"])
    logs.put_retention_policy(logGroupName=props["LogGroupName"],
                              retentionInDays=props["RetentionInDays"])
    name = props["LogGroupName"]
    return made(name, Arn=f"arn:aws:logs:{REGION}:{PSEUDO['AWS::AccountId']}:log-group:{name}:*")


def role(props, stack):
    iam = client("iam")
    name = f"{stack.name}-role-{len(iam.list_roles()['Roles'])}"
    found = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(
        props["AssumeRolePolicyDocument"]))["Role"]
    for policy in props["Policies"]:
        iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"],
                            PolicyDocument=json.dumps(policy["PolicyDocument"]))
    return made(name, Arn=found["Arn"])


def permission(rule):
    """One rule of a security group as EC2's calls take it."""
    found = {"IpProtocol": rule["IpProtocol"], "FromPort": rule["FromPort"],
             "ToPort": rule["ToPort"]}
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    if group:
        found["UserIdGroupPairs"] = [{"GroupId": group, "Description": rule["Description"]}]
    else:
        found["IpRanges"] = [{"CidrIp": rule["CidrIp"], "Description": rule["Description"]}]
    return found


def security_group(props, stack):
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName=f"{stack.name}-group", VpcId=props["VpcId"],
                                      Description=props["GroupDescription"])["GroupId"]
    for rule in props["SecurityGroupIngress"]:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(rule)])
    # CloudFormation takes the rule that lets everything out away when it is given others.
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    for rule in props["SecurityGroupEgress"]:
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission(rule)])
    return made(group)


def security_group_egress(props, _stack):
    client("ec2").authorize_security_group_egress(GroupId=props["GroupId"],
                                                  IpPermissions=[permission(props)])
    return made("egress")


def namespace(props, _stack):
    discovery = client("servicediscovery")
    operation = discovery.create_private_dns_namespace(**props)["OperationId"]
    done = discovery.get_operation(OperationId=operation)["Operation"]
    return made(done["Targets"]["NAMESPACE"])


def discovery_service(props, _stack):
    found = client("servicediscovery").create_service(**props)["Service"]
    return made(found["Id"], Arn=found["Arn"], Id=found["Id"])


def cluster(props, _stack):
    found = client("ecs").create_cluster(**camel(props))["cluster"]
    return made(found["clusterName"], Arn=found["clusterArn"])


def task_definition(props, _stack):
    found = client("ecs").register_task_definition(**camel(props))["taskDefinition"]
    return made(found["taskDefinitionArn"])


def ecs_service(props, _stack):
    found = client("ecs").create_service(**camel(props))["service"]
    return made(found["serviceArn"], Name=found["serviceName"])


def repository(props, _stack):
    ecr = client("ecr")
    call = camel(props)
    policy = call.pop("lifecyclePolicy")["lifecyclePolicyText"]
    found = ecr.create_repository(**call)["repository"]
    ecr.put_lifecycle_policy(repositoryName=found["repositoryName"], lifecyclePolicyText=policy)
    return made(found["repositoryName"], Arn=found["repositoryArn"],
                RepositoryUri=found["repositoryUri"])


def sampling_rule(props, _stack):
    """moto holds no sampling rules: the call's shape alone is checked."""
    model = client("xray").meta.service_model.operation_model("CreateSamplingRule")
    report = ParamValidator().validate(props, model.input_shape)
    if report.has_errors():
        raise TemplateError(report.generate_report())
    return made(props["SamplingRule"]["RuleName"])


MAKERS = {
    "AWS::EC2::SecurityGroup": security_group,
    "AWS::EC2::SecurityGroupEgress": security_group_egress,
    "AWS::ECR::Repository": repository,
    "AWS::ECS::Cluster": cluster,
    "AWS::ECS::Service": ecs_service,
    "AWS::ECS::TaskDefinition": task_definition,
    "AWS::IAM::Role": role,
    "AWS::Logs::LogGroup": log_group,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": namespace,
    "AWS::ServiceDiscovery::Service": discovery_service,
    "AWS::XRay::SamplingRule": sampling_rule,
}


def create(stack):
    """Creates every resource of @stack; returns the stack."""
    for logical in stack.creation():
        maker = MAKERS[stack.template["Resources"][logical]["Type"]]
        ref, attributes = maker(stack.properties(logical), stack)
        stack.refs[logical], stack.attributes[logical] = ref, attributes
    return stack
