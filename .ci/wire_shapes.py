"""Compares what an endpoint really sent with botocore's model of what AWS sends.

botocore itself drops members that it does not know and does not miss those that are required: a response that no AWS
SDK of a stricter language could read passes unseen. `watch` looks at the raw body of every response instead.
"""
import base64
import collections
import json

# What any operation of the service may answer besides the exceptions of its own model.
# https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
COMMON_ERRORS = {
    "AccessDeniedException", "IncompleteSignature", "InternalFailure", "InvalidAction", "InvalidClientTokenId",
    "NotAuthorized", "OptInRequired", "RequestExpired", "ServiceUnavailable", "ThrottlingException",
    "UnknownOperationException", "SerializationException", "ValidationError", "ValidationException",
    # SQS's own list has these two
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    "InvalidParameterValue", "MissingParameter",
}


class Watch:
    """Every response's findings; `calls` and `errors` say what was seen at all."""

    def __init__(self):
        self.findings = collections.Counter()
        self.calls = collections.Counter()
        self.errors = collections.Counter()

    def __call__(self, operation_model, response_dict, **_):
        name = operation_model.name
        body = response_dict["body"]
        if response_dict["status_code"] >= 300:
            found = list(self._error(operation_model, response_dict))
        else:
            self.calls[name] += 1
            found = list(of_response(operation_model, body))
        for finding in found:
            self.findings[f"{name}: {finding}"] += 1

    def _error(self, operation_model, response_dict):
        try:
            members = json.loads(response_dict["body"])
        except ValueError:
            yield f"the error is no JSON: {response_dict['body'][:200]!r}"
            return
        code = members.pop("__type", None)
        if not isinstance(code, str):
            yield "an error without __type"
            return
        code = code.rpartition("#")[2]
        self.errors[code] += 1
        shape = next((s for s in operation_model.error_shapes if s.name == code), None)
        if shape is None:
            if code not in COMMON_ERRORS:
                yield f"{code} is no exception of this operation"
            if set(members) - {"message", "Message"}:
                yield f"{code} has members that nothing describes: {sorted(members)}"
        else:
            yield from of_value(shape, members, code)
        if response_dict["headers"].get("x-amzn-requestid") in (None, ""):
            yield f"{code} without x-amzn-RequestId"


def watch(session, service="sfn"):
    """Watches every call of a service that clients of this boto3 or botocore session make from now on."""
    found = Watch()
    events = getattr(session, "events", None) or session.get_component("event_emitter")
    events.register(f"before-parse.{service}", found)
    return found


def of_response(operation_model, body):
    """The findings about the raw body of a success."""
    try:
        value = json.loads(body) if body else {}
    except ValueError:
        yield f"the response is no JSON: {body[:200]!r}"
        return
    shape = operation_model.output_shape
    if shape is None or not shape.members:
        if value:
            yield f"must be empty, has {sorted(value)}"
        return
    yield from of_value(shape, value, "")


def of_value(shape, value, path):
    """The findings about one value of a shape, each with its path."""
    here = path or "response"
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            yield f"{here}: no object: {value!r:.80}"
            return
        for missing in sorted(set(shape.required_members) - set(value)):
            yield f"{here}: required member {missing} is missing"
        for name, member in value.items():
            if name not in shape.members:
                yield f"{here}: unknown member {name}"
            else:
                yield from of_value(shape.members[name], member, f"{path}.{name}")
    elif kind == "list":
        if not isinstance(value, list):
            yield f"{here}: no list: {value!r:.80}"
            return
        yield from _length(shape, len(value), here)
        for member in value:
            yield from of_value(shape.member, member, f"{path}[]")
    elif kind == "map":
        if not isinstance(value, dict):
            yield f"{here}: no map: {value!r:.80}"
            return
        for key, member in value.items():
            yield from of_value(shape.key, key, f"{path}.(key)")
            yield from of_value(shape.value, member, f"{path}.*")
    elif kind == "string":
        if not isinstance(value, str):
            yield f"{here}: no text: {value!r:.80}"
            return
        if shape.enum and value not in shape.enum:
            yield f"{here}: {value!r} is none of {shape.enum}"
        yield from _length(shape, len(value), here)
    elif kind == "blob":
        try:
            base64.b64decode(value, validate=True)
        except (TypeError, ValueError):
            yield f"{here}: no base64: {value!r:.80}"
    elif kind == "boolean":
        if not isinstance(value, bool):
            yield f"{here}: no boolean: {value!r:.80}"
    elif kind in ("integer", "long", "float", "double", "timestamp"):
        allowed = int if kind in ("integer", "long") else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed):
            yield f"{here}: no {kind}: {value!r:.80}"
            return
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            yield f"{here}: {value} is not within {low} and {high}"
    else:
        yield f"{here}: this check knows no {kind}"


def _length(shape, length, here):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and length < low) or (high is not None and length > high):
        yield f"{here}: length {length} is not within {low} and {high}"
