"""What any local user can say to daprd's internal gRPC port: without mTLS it asks for no token."""

import grpc
from dapr.proto.common.v1 import common_pb2
from google.protobuf.any_pb2 import Any


def call_actor(port: int, actor_type: str, actor_id: str, method: str) -> bytes:
    """The raw answer to CallActor. Raises grpc.RpcError."""
    request = common_pb2.InvokeRequest(method=method, data=Any(value=b""), content_type="application/json")
    request.http_extension.verb = common_pb2.HTTPExtension.PUT
    # the internal proto is not in the SDK: version 1, the message, and the actor's type and id, by field number
    actor = _field(1, actor_type.encode()) + _field(2, actor_id.encode())
    body = b"\x08\x01" + _field(3, request.SerializeToString()) + _field(4, actor)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(
            "/dapr.proto.internals.v1.ServiceInvocation/CallActor",
            request_serializer=bytes,
            response_deserializer=bytes,
        )
        return call(body, timeout=10)


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(n: int) -> bytes:
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])
