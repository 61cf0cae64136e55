#!/usr/bin/env python3
"""Writes apis.bin: the operations of AWS's services with the members of their requests, from botocore's models.

`generate.py` writes it; `generate.py --check` says what differs from the botocore that is installed, and exits 1.

The form, all numbers little-endian: u16 number of names; for each, sorted, u8 length, name, u32 offset and u32 length of its
text, which is compressed by itself (raw deflate), so that one service can be read without the others. Names that mean the same
service share a text. A text has a line for each operation: its name, then its members after blanks, those required with `*`.
"""

import re
import struct
import sys
import zlib
from pathlib import Path

import botocore.session

FILE = Path(__file__).with_name("apis.bin")


def pascal(name: str) -> str:
    """A member as Step Functions names it."""
    return name[:1].upper() + name[1:]


def aliases(service_id: str) -> set[str]:
    """The names by which an `aws-sdk:` integration may call a service: those of the AWS SDK for Java."""
    plain = re.sub(r"[^a-z0-9]", "", service_id.lower())
    short = re.sub(r"[^a-z0-9]", "", re.sub(r"(^(Amazon|AWS)\s*|\s*Service$)", "", service_id).lower())
    return {plain, short}


def text(model) -> str:
    """All operations of a service."""
    lines = []
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        required = set(shape.required_members) if shape else set()
        members = shape.members if shape else {}
        lines.append(" ".join([operation, *("*" * (name in required) + pascal(name) for name in members)]))
    return "\n".join(lines)


def services() -> dict[str, str]:
    session = botocore.session.get_session()
    found: dict[str, str] = {}
    for name in session.get_available_services():
        model = session.get_service_model(name)
        written = text(model)
        for alias in aliases(model.metadata["serviceId"]):
            # two generations of a service can have the same short name: it has the operations of both
            found[alias] = written if alias not in found else found[alias] + "\n" + written
    return found


def read(data: bytes) -> dict[str, str]:
    (count,) = struct.unpack_from("<H", data)
    position, found = 2, {}
    for _ in range(count):
        length = data[position]
        name = data[position + 1 : position + 1 + length].decode()
        offset, size = struct.unpack_from("<II", data, position + 1 + length)
        found[name] = zlib.decompress(data[offset : offset + size], wbits=-15).decode()
        position += 9 + length
    return found


def write(found: dict[str, str]) -> bytes:
    head = 2 + sum(9 + len(name) for name in found)
    index, body, places = struct.pack("<H", len(found)), b"", {}
    for name in sorted(found):
        written = found[name]
        if written not in places:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = packer.compress(written.encode()) + packer.flush()
            places[written] = (head + len(body), len(packed))
            body += packed
        index += bytes([len(name)]) + name.encode() + struct.pack("<II", *places[written])
    return index + body


def main() -> int:
    found = services()
    if "--check" not in sys.argv:
        FILE.write_bytes(write(found))
        return 0
    kept = read(FILE.read_bytes())
    differing = sorted(name for name in kept.keys() | found.keys() if kept.get(name) != found.get(name))
    print("\n".join(differing) or "the table is botocore's")
    return int(bool(differing))


sys.exit(main())
