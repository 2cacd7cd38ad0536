"""What a foreign client needs to talk to any gRPC server: messages from the server's own reflection, calls by name, errors with details.

Nothing here knows Earmark's messages. The two protocols that reflection and health speak stand in `protocols/`.
"""

import os
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_tools import protoc

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "earmark.v1"
SITE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(error_details_pb2.__file__))))
DETAILS = {
    message.DESCRIPTOR.full_name: message
    for message in [
        error_details_pb2.ErrorInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.PreconditionFailure,
        error_details_pb2.RetryInfo,
    ]
}
CODES = {code.value[0]: code for code in grpc.StatusCode}


def compiled(folder, files, includes=()):
    """Compiles protos; the descriptors of them and of all that they import."""
    with tempfile.TemporaryDirectory() as out:
        target = os.path.join(out, "descriptors.bin")
        paths = [f"-I{path}" for path in [folder, *includes, SITE, os.path.join(os.path.dirname(protoc.__file__), "_proto")]]
        ended = protoc.main(["protoc", *paths, "--include_imports", f"--descriptor_set_out={target}", *files])
        if ended != 0:
            sys.exit(f"the protos in {folder} do not compile")
        with open(target, "rb") as file:
            return descriptor_pb2.FileDescriptorSet.FromString(file.read())


def compiled_services(folder):
    """The services of the published protos: their full names, with the names of their methods."""
    package = os.path.join(*PACKAGE.split("."))
    files = sorted(os.path.join(package, name) for name in os.listdir(os.path.join(folder, package)))
    found = compiled(folder, files)
    services = [(file.package, service) for file in found.file for service in file.service]
    return {f"{package}.{service.name}": sorted(m.name for m in service.method) for package, service in services}


def pool_of(files):
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    return pool


class Error:
    """What a call failed with."""

    def __init__(self, code, message, details):
        self.code, self.message = code, message
        found = {}
        for packed in details:
            kind = DETAILS.get(packed.type_url.rsplit("/", 1)[-1])
            if kind:
                found[kind] = kind.FromString(packed.value)
        self.info = found.get(error_details_pb2.ErrorInfo, error_details_pb2.ErrorInfo())
        self.bad_request = found.get(error_details_pb2.BadRequest, error_details_pb2.BadRequest())
        self.precondition = found.get(error_details_pb2.PreconditionFailure, error_details_pb2.PreconditionFailure())

    @staticmethod
    def of_status(message):
        """Of a google.rpc.Status, from whatever pool."""
        status = status_pb2.Status.FromString(message.SerializeToString())
        return Error(CODES[status.code], status.message, status.details)

    @staticmethod
    def of_call(error):
        packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
        return Error(error.code(), error.details(), status_pb2.Status.FromString(packed).details)

    def __repr__(self):
        return f"{self.code} {self.message} {self.info} {self.bad_request} {self.precondition}"


class Server:
    """A server, with everything that it says of itself."""

    def __init__(self, channel, token):
        self.channel = channel
        own = pool_of(compiled(os.path.join(HERE, "protocols"), ["reflection.proto", "health.proto"]).file)
        self.own = lambda name: message_factory.GetMessageClass(own.FindMessageTypeByName(name))
        metadata = [("authorization", f"Bearer {token}")]
        listed = self.reflect(metadata, list_services="*").list_services_response
        self.services = [service.name for service in listed.service]
        self.pool = self.described(metadata)

    def reflect(self, metadata, **question):
        request = self.own("grpc.reflection.v1.ServerReflectionRequest")
        response = self.own("grpc.reflection.v1.ServerReflectionResponse")
        call = self.channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", request.SerializeToString, response.FromString
        )
        return next(call(iter([request(**question)]), metadata=metadata))

    def described(self, metadata):
        """A pool of every file that the services of the package need, each after what it imports."""
        files = {}
        for service in self.services:
            answer = self.reflect(metadata, file_containing_symbol=service).file_descriptor_response
            waiting = [descriptor_pb2.FileDescriptorProto.FromString(text) for text in answer.file_descriptor_proto]
            while waiting:
                file = waiting.pop()
                if file.name in files:
                    continue
                files[file.name] = file
                for name in file.dependency:
                    answer = self.reflect(metadata, file_by_filename=name).file_descriptor_response
                    texts = answer.file_descriptor_proto
                    waiting += [descriptor_pb2.FileDescriptorProto.FromString(text) for text in texts]
        ordered, seen = [], set()

        def add(name):
            if name not in seen:
                seen.add(name)
                for needed in files[name].dependency:
                    add(needed)
                ordered.append(files[name])

        for name in files:
            add(name)
        return pool_of(ordered)

    def methods(self, service):
        return sorted(method.name for method in self.pool.FindServiceByName(service).methods)

    def method(self, name):
        """Path, request class and answer class of `Service/Method`."""
        service, method = name.split("/")
        found = self.pool.FindServiceByName(f"{PACKAGE}.{service}").FindMethodByName(method)
        request, answer = (message_factory.GetMessageClass(kind) for kind in (found.input_type, found.output_type))
        return f"/{PACKAGE}.{name}", request, answer

    def call(self, name, fields, metadata):
        """The answer of a call, or its Error."""
        path, request, answer = self.method(name)
        ask = self.channel.unary_unary(path, request.SerializeToString, answer.FromString)
        try:
            return ask(request(**fields), metadata=metadata, timeout=30)
        except grpc.RpcError as error:
            return Error.of_call(error)

    def stream(self, name, messages, token):
        """All answers of a stream of messages."""
        path, request, answer = self.method(name)
        ask = self.channel.stream_stream(path, request.SerializeToString, answer.FromString)
        metadata = [("authorization", f"Bearer {token}")]
        return list(ask((request(**fields) for fields in messages), metadata=metadata, timeout=30))

    def health(self, service):
        request = self.own("grpc.health.v1.HealthCheckRequest")
        response = self.own("grpc.health.v1.HealthCheckResponse")
        ask = self.channel.unary_unary("/grpc.health.v1.Health/Check", request.SerializeToString, response.FromString)
        answer = ask(request(service=service), timeout=30)
        return answer.DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[answer.status].name
