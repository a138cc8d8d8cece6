"""The package `cryptography`, used as well as one can: a derived key for each thing, chunks of 64 KiB for a stream.

It does less than the vault: no key commitment, no versions, no check of a header.
"""

import os
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from common import CHUNK, FIELD, NAME, PURPOSE, RECORD, TENANT, Timer, digest, files, main, pieces, say

TOOL = "cryptography, AESGCM and HKDF"
VERSION = f"cryptography {version('cryptography')}"
SECRET = bytes(range(32))
FIELDS = 100_000
RECORDS = 100_000
TAG = 16
LAST = 1 << 31


def derived(info: bytes) -> AESGCM:
    return AESGCM(HKDFExpand(SHA256(), 32, info).derive(SECRET))


def contexts(count: int) -> list[bytes]:
    return [f"{TENANT}|{PURPOSE}|record-{number}".encode() for number in range(count)]


def fields(folder: Path) -> None:
    plain, infos, name = pieces(folder, FIELD, FIELDS), contexts(FIELDS), NAME.encode()
    back = []
    with Timer() as timer:
        fresh = os.urandom(44 * FIELDS)
        for at, field, info in zip(range(0, len(fresh), 44), plain, infos):
            cipher = derived(fresh[at : at + 32] + info)
            nonce = fresh[at + 32 : at + 44]
            sealed = nonce + cipher.encrypt(nonce, field, name)
            back.append(cipher.decrypt(sealed[:12], sealed[12:], name))
    say(TOOL, VERSION, "fields", FIELDS, timer.seconds, bytes=FIELD * FIELDS, digest=digest(back))


def messages(folder: Path) -> None:
    plain, infos, nonce = pieces(folder, RECORD, RECORDS), contexts(RECORDS), bytes(12)
    back = []
    with Timer() as timer:
        fresh = os.urandom(32 * RECORDS)
        for at, record, info in zip(range(0, len(fresh), 32), plain, infos):
            salt = fresh[at : at + 32]
            sealed = salt + derived(salt + info).encrypt(nonce, record, None)
            back.append(derived(sealed[:32] + info).decrypt(nonce, sealed[32:], None))
    say(TOOL, VERSION, "messages", RECORDS, timer.seconds, bytes=RECORD * RECORDS, digest=digest(back))


def nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(8, "big") + (LAST if last else 0).to_bytes(4, "big")


def walk(source: Path, target: Path, size: int, one) -> None:
    """Every chunk of a file through `one`, which is told whether it is the last."""
    left, number = source.stat().st_size, 0
    with source.open("rb", buffering=0) as reading, target.open("wb", buffering=0) as writing:
        while left:
            chunk = reading.read(size)
            left -= len(chunk)
            writing.write(one(nonce(number, not left), chunk, None))
            number += 1


def disk(folder: Path) -> None:
    salt = os.urandom(32)
    cipher = derived(salt)
    files(
        TOOL,
        VERSION,
        folder,
        lambda source, target: walk(source, target, CHUNK, cipher.encrypt),
        lambda source, target: walk(source, target, CHUNK + TAG, cipher.decrypt),
    )


def memory(folder: Path) -> None:
    """Into memory that is there and was touched: what is measured is not the kernel finding pages."""
    plain = (folder / "input").read_bytes()
    size, count = len(plain), -(-len(plain) // CHUNK)
    sealed, opened = bytearray(b"\1") * (size + count * TAG), bytearray(b"\1") * size
    source, between, target = memoryview(plain), memoryview(sealed), memoryview(opened)
    cipher = derived(os.urandom(32))
    wide = CHUNK + TAG
    with Timer() as sealing:
        for number in range(count):
            chunk = source[number * CHUNK : (number + 1) * CHUNK]
            at = number * wide
            into = between[at : at + len(chunk) + TAG]
            cipher.encrypt_into(nonce(number, number == count - 1), chunk, None, into)
    say(TOOL, VERSION, "memory seal", size, sealing.seconds)
    with Timer() as opening:
        for number in range(count):
            chunk = between[number * wide : (number + 1) * wide]
            at = number * CHUNK
            into = target[at : at + len(chunk) - TAG]
            cipher.decrypt_into(nonce(number, number == count - 1), chunk, None, into)
    say(TOOL, VERSION, "memory open", size, opening.seconds, bytes=size, digest=digest([opened]))


if __name__ == "__main__":
    main(fields=fields, messages=messages, disk=disk, memory=memory)
