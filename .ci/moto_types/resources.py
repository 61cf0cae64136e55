"""A moto server whose CloudFormation also makes the resource types that it lacks.

moto has the services behind these types, but no way from a template to them. Each type here is that way and nothing
else: it calls moto's own API with the properties of the template. moto keeps, checks and lists the resource.

And moto forgets outputs, exports and parameters of stacks that come from change sets, which is how `aws cloudformation
deploy` makes them; `finish_change_set` remembers them, and lets imports see the exports. It takes every second deployment for
a change, because it compares parameters without their defaults. And it does not remove some types at a stack's end.
"""
import json
from types import SimpleNamespace

import boto3
from moto.awslambda import urls as lambda_urls
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.core.responses import ActionResult
from moto.ec2.models.internet_gateways import InternetGateway
from moto.ec2.models.route_tables import RouteTable
from moto.server import ThreadedMotoServer

_endpoint = ""


class Made:
    """A resource that one API call makes and another removes. (moto finds direct subclasses of its model only.)"""

    TYPE = NAME_PROPERTY = None

    def __init__(self, physical_id, attributes=None):
        self.physical_id = physical_id
        self.attributes = attributes or {}

    @property
    def physical_resource_id(self):
        return self.physical_id

    @classmethod
    def cloudformation_type(cls):
        return cls.TYPE

    @classmethod
    def cloudformation_name_type(cls):
        return cls.NAME_PROPERTY

    @classmethod
    def has_cfn_attr(cls, attr):
        return True

    def get_cfn_attribute(self, attribute_name):
        return self.attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        return cls.make(client(region_name), resource_name, cloudformation_json.get("Properties", {}))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        cls.remove(client(region_name), original_resource.physical_resource_id)
        name = original_resource.physical_resource_id if cls.NAME_PROPERTY else new_resource_name
        return cls.make(client(region_name), name, cloudformation_json["Properties"])

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        cls.remove(client(region_name), resource_name)


def client(region):
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=region)
    return lambda service: session.client(service, endpoint_url=_endpoint)


class Url(Made, CloudFormationModel):
    TYPE = "AWS::Lambda::Url"

    @classmethod
    def make(cls, client, name, properties):
        function = properties["TargetFunctionArn"]
        answer = client("lambda").create_function_url_config(FunctionName=function, AuthType=properties["AuthType"])
        return cls(function, {"FunctionUrl": answer["FunctionUrl"], "FunctionArn": function})

    @classmethod
    def remove(cls, client, physical_id):
        functions = client("lambda")
        try:
            functions.delete_function_url_config(FunctionName=physical_id)
        except functions.exceptions.ResourceNotFoundException:
            pass  # its function went first, and the URL with it


class Subscription(Made, CloudFormationModel):
    TYPE = "AWS::SNS::Subscription"

    @classmethod
    def make(cls, client, name, properties):
        answer = client("sns").subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            ReturnSubscriptionArn=True,
        )
        return cls(answer["SubscriptionArn"])

    @classmethod
    def remove(cls, client, physical_id):
        client("sns").unsubscribe(SubscriptionArn=physical_id)


class TopicPolicy(Made, CloudFormationModel):
    TYPE = "AWS::SNS::TopicPolicy"

    @classmethod
    def make(cls, client, name, properties):
        for topic in properties["Topics"]:
            client("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(properties["PolicyDocument"])
            )
        return cls(name)

    @classmethod
    def remove(cls, client, physical_id):
        pass  # goes with its topic


class Alarm(Made, CloudFormationModel):
    TYPE = "AWS::CloudWatch::Alarm"
    NAME_PROPERTY = "AlarmName"

    @classmethod
    def make(cls, client, name, properties):
        client("cloudwatch").put_metric_alarm(AlarmName=name, **properties)
        return cls(name)

    @classmethod
    def remove(cls, client, physical_id):
        client("cloudwatch").delete_alarms(AlarmNames=[physical_id])


class Secret(Made, CloudFormationModel):
    TYPE = "AWS::SecretsManager::Secret"
    NAME_PROPERTY = "Name"

    @classmethod
    def make(cls, client, name, properties):
        secrets = client("secretsmanager")
        wanted = {key: properties["GenerateSecretString"][key] for key in ("PasswordLength", "ExcludePunctuation")}
        text = secrets.get_random_password(**wanted)["RandomPassword"]
        made = secrets.create_secret(Name=name, Description=properties["Description"], SecretString=text)
        return cls(made["ARN"])

    @classmethod
    def remove(cls, client, physical_id):
        client("secretsmanager").delete_secret(SecretId=physical_id, ForceDeleteWithoutRecovery=True)


class Schedule(Made, CloudFormationModel):
    TYPE = "AWS::Scheduler::Schedule"
    NAME_PROPERTY = "Name"

    @classmethod
    def make(cls, client, name, properties):
        client("scheduler").create_schedule(Name=name, **properties)
        return cls(name)

    @classmethod
    def remove(cls, client, physical_id):
        client("scheduler").delete_schedule(Name=physical_id)


def as_api(value):
    """Properties as the ECS API spells them: names begin in lower case, values of variables are texts."""
    if isinstance(value, dict):
        return {n[0].lower() + n[1:]: str(inner) if n == "Value" else as_api(inner) for n, inner in value.items()}
    return [as_api(inner) for inner in value] if isinstance(value, list) else value


class Cluster(Made, CloudFormationModel):
    """moto has this type, the service and the task definition, but drops most of their properties, and never deletes."""

    TYPE = "AWS::ECS::Cluster"
    NAME_PROPERTY = "ClusterName"

    @classmethod
    def make(cls, client, name, properties):
        made = client("ecs").create_cluster(clusterName=name, **as_api(properties))["cluster"]
        return cls(name, {"Arn": made["clusterArn"]})

    @classmethod
    def remove(cls, client, physical_id):
        client("ecs").delete_cluster(cluster=physical_id)


class TaskDefinition(Made, CloudFormationModel):
    TYPE = "AWS::ECS::TaskDefinition"
    NAME_PROPERTY = "Family"

    @classmethod
    def make(cls, client, name, properties):
        made = client("ecs").register_task_definition(family=name, **as_api(properties))["taskDefinition"]
        return cls(made["taskDefinitionArn"])

    @classmethod
    def remove(cls, client, physical_id):
        client("ecs").deregister_task_definition(taskDefinition=physical_id)


class Service(Made, CloudFormationModel):
    TYPE = "AWS::ECS::Service"
    NAME_PROPERTY = "ServiceName"

    @classmethod
    def make(cls, client, name, properties):
        wanted = {**as_api(properties), "desiredCount": int(properties["DesiredCount"])}
        made = client("ecs").create_service(serviceName=name, **wanted)["service"]
        return cls(made["serviceArn"], {"Name": name, "ServiceArn": made["serviceArn"]})

    @classmethod
    def remove(cls, client, physical_id):
        cluster, name = physical_id.split("/")[-2:]
        client("ecs").delete_service(cluster=cluster, service=name, force=True)


class StateMachine(Made, CloudFormationModel):
    """moto has this type, but not its definition in S3."""

    TYPE = "AWS::StepFunctions::StateMachine"
    NAME_PROPERTY = "StateMachineName"

    @classmethod
    def make(cls, client, name, properties):
        place = properties["DefinitionS3Location"]
        definition = client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read().decode()
        for variable, value in properties["DefinitionSubstitutions"].items():
            definition = definition.replace("${" + variable + "}", str(value))
        made = client("stepfunctions").create_state_machine(
            name=name, definition=definition, roleArn=properties["RoleArn"], type=properties["StateMachineType"]
        )
        return cls(made["stateMachineArn"], {"Name": name, "Arn": made["stateMachineArn"]})

    @classmethod
    def remove(cls, client, physical_id):
        client("stepfunctions").delete_state_machine(stateMachineArn=physical_id)


_execute_change_set = CloudFormationBackend.execute_change_set


def finish_change_set(self, change_set_name, stack_name=None):
    """Executes a change set as moto does, and then keeps what moto drops."""
    change_set = self.change_sets.get(change_set_name) or next(
        c for c in self.change_sets.values() if c.change_set_name == change_set_name
    )
    stack = self.stacks[change_set.stack_id]
    stack.resource_map.cross_stack_resources = self.exports
    _execute_change_set(self, change_set_name, stack_name)
    stack.template_dict = change_set.template_dict
    stack.parameters = change_set.parameters
    stack.output_map = stack._create_output_map()
    for export in stack.exports:
        self.exports[export.name] = export


CloudFormationBackend.execute_change_set = finish_change_set


def has_parameters(self, other):
    """Whether these are the stack's parameters, defaults included."""
    parameters = self.template_dict["Parameters"].items()
    defaults = {name: rest["Default"] for name, rest in parameters if "Default" in rest}
    mine, others = ({k: str(v) for k, v in {**defaults, **given}.items()} for given in (self.parameters, other))
    return mine == others


Stack.has_parameters = has_parameters


_delete_stack = Stack.delete


def delete_stack(self):
    """Deletes a stack as moto does, and forgets its resources: moto would make them again when somebody looks."""
    exports = self.exports
    _delete_stack(self)
    self.resource_map._resource_json_map = {}
    # moto drops the exports afterwards, by asking for them.
    self.output_map = SimpleNamespace(exports=exports, values=lambda: [])


Stack.delete = delete_stack


def update_termination_protection(self):
    """Protects a stack against deletion, or not: moto has no such call."""
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.is_protected = self._get_param("EnableTerminationProtection") in (True, "true")
    return ActionResult({"StackId": stack.stack_id})


_delete_stack_call = CloudFormationResponse.delete_stack


def delete_stack_call(self):
    """Refuses to delete what is protected, in AWS's words."""
    name = self._get_param("StackName")
    for stack in self.cloudformation_backend.stacks.values():
        if name in (stack.name, stack.stack_id) and getattr(stack, "is_protected", False):
            raise ValidationError(message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    return _delete_stack_call(self)


CloudFormationResponse.update_termination_protection = update_termination_protection
CloudFormationResponse.delete_stack = delete_stack_call


def account_settings(request, full_url, headers):
    """The limits of a usual account, of which nothing is reserved."""
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
    return 200, {}, json.dumps({"AccountLimit": limits, "AccountUsage": {}})


lambda_urls.url_paths[r"{0}/(?P<api_version>[^/]+)/account-settings/?$"] = account_settings


def remove_route_table(cls, physical_id, cloudformation_json, account_id, region):
    """With its associations, as they have nothing of their own to remove."""
    ec2 = client(region)("ec2")
    for association in ec2.describe_route_tables(RouteTableIds=[physical_id])["RouteTables"][0]["Associations"]:
        ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
    ec2.delete_route_table(RouteTableId=physical_id)


def remove_gateway(cls, physical_id, cloudformation_json, account_id, region):
    """With its attachments, as they have nothing of their own to remove."""
    ec2 = client(region)("ec2")
    gateways = ec2.describe_internet_gateways(InternetGatewayIds=[physical_id])["InternetGateways"]
    for attachment in gateways[0]["Attachments"]:
        ec2.detach_internet_gateway(InternetGatewayId=physical_id, VpcId=attachment["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=physical_id)


RouteTable.delete_from_cloudformation_json = classmethod(remove_route_table)
InternetGateway.delete_from_cloudformation_json = classmethod(remove_gateway)


def serve(port):
    """Starts the server on a port of the loopback address (0: any); answers it and its URL, which names "localhost":
    moto takes templates from its own S3 only under that name."""
    global _endpoint
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    _endpoint = f"http://localhost:{port}"
    return server, _endpoint
