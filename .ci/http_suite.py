#!/usr/bin/env python3
"""The HTTP test-suite against a stack by its URL, as it is pointed at a deployed one: over TLS, knowing nothing but the URL.

    http_suite.py PATH_OF_SLUICE

A running `sluice` takes the place of AWS, behind a TLS front with a certificate made here.
"""
import asyncio
import contextlib
import datetime
import ipaddress
import os
import pathlib
import ssl
import sys
import tempfile
import urllib.parse

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import sluice

ROOT = pathlib.Path(__file__).resolve().parent.parent


def certificate(directory):
    """A certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "http_suite")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256()))
    path = pathlib.Path(directory) / "front.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


async def copy(reader, writer):
    # Who leaves early is the suite's business, not the front's.
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


async def front(context, behind):
    """Takes TLS off and passes everything on: (server, its URL)."""
    async def serve(reader, writer):
        with contextlib.suppress(OSError):
            inside = await asyncio.open_connection(*behind)
            forth = asyncio.create_task(copy(reader, inside[1]))
            await copy(inside[0], writer)
            forth.cancel()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    return server, "https://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]


async def run(context, behind, pem):
    server, target = await front(context, behind)
    async with server:
        env = dict(os.environ, SLUICE_URL=target, SSL_CERT_FILE=str(pem))
        # twice: a deployed stack has what earlier runs left
        for _ in range(2):
            suite = await asyncio.create_subprocess_exec("cargo", "test", "--test", "http_api", cwd=ROOT, env=env)
            if code := await suite.wait():
                raise SystemExit(f"the HTTP suite failed by URL: {code}")


def main():
    binary, = sys.argv[1:]
    with sluice.running(binary) as (_, endpoint), tempfile.TemporaryDirectory() as directory:
        stacks = boto3.client("cloudformation", endpoint_url=endpoint, region_name="us-east-1",
                              aws_access_key_id="test", aws_secret_access_key="test")
        outputs = stacks.describe_stacks(StackName="sluice")["Stacks"][0]["Outputs"]
        url = urllib.parse.urlsplit({o["OutputKey"]: o["OutputValue"] for o in outputs}["FunctionURLAPI"])
        pem = certificate(directory)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        asyncio.run(run(context, (url.hostname, url.port), pem))
    print("the HTTP suite passed twice against one stack, by URL")


if __name__ == "__main__":
    main()
