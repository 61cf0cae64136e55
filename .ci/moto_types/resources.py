"""A moto server whose CloudFormation also makes the resource types that it lacks.

moto has the services behind these types, but no way from a template to them. Each type here is that way and nothing
else: it calls moto's own API with the properties of the template. moto keeps, checks and lists the resource.

And moto forgets outputs, exports and parameters of stacks that come from change sets, which is how `aws cloudformation
deploy` makes them; `finish_change_set` remembers them, and lets imports see the exports.
"""
import json

import boto3
from moto.cloudformation.models import CloudFormationBackend
from moto.core.common_models import CloudFormationModel
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
        return cls.make(client(region_name), resource_name, cloudformation_json["Properties"])

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


def serve(port):
    """Starts the server on a port of the loopback address (0: any); answers it and its URL, which names "localhost":
    moto takes templates from its own S3 only under that name."""
    global _endpoint
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    _endpoint = f"http://localhost:{port}"
    return server, _endpoint
