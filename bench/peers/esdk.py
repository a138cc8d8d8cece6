"""`aws-encryption-sdk` with a static key and no network: a raw AES keyring, and the older raw provider, which is faster.

The suite commits to its key, as the vault does, and signs nothing: signing would be slower by far.
"""

import io
import warnings
from importlib.metadata import version
from pathlib import Path

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

from common import CHUNK, FIELD, NAME, PURPOSE, RECORD, TENANT, Timer, digest, files, main, pieces, say

VERSION = f"aws-encryption-sdk {version('aws-encryption-sdk')}"
KEYRING, PROVIDER = "aws-encryption-sdk, raw AES keyring", "aws-encryption-sdk, raw key provider"
SECRET = bytes(range(32))
SUITE = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
# How many, by who wraps: a fraction of what the others do in the same time.
COUNTS = {KEYRING: 500, PROVIDER: 3000}

warnings.filterwarnings("ignore")  # The provider is deprecated in favour of the keyring.


class Static(RawMasterKeyProvider):
    """Wraps under one key that is always there."""

    provider_id = "bench"

    def _get_raw_key(self, key_id: bytes) -> WrappingKey:
        return WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=SECRET,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )


def keyring():
    wrapping = AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16
    asked = CreateRawAesKeyringInput(
        key_namespace="bench", key_name="static", wrapping_key=SECRET, wrapping_alg=wrapping
    )
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    return providers.create_raw_aes_keyring(input=asked)


def provider() -> Static:
    static = Static()
    static.add_master_key("static")
    return static


CLIENT = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)


def things(folder: Path, what: str, size: int) -> None:
    """Seals and opens one thing after the other: its header is the SDK's way of a key for each."""
    for tool, who in ((KEYRING, {"keyring": keyring()}), (PROVIDER, {"key_provider": provider()})):
        count = COUNTS[tool]
        plain = pieces(folder, size, count)
        contexts = [
            {"tenant": TENANT, "purpose": PURPOSE, "object": f"record-{number}", "field": NAME} for number in range(count)
        ]
        back = []
        with Timer() as timer:
            for piece, context in zip(plain, contexts):
                sealed, _ = CLIENT.encrypt(source=piece, algorithm=SUITE, encryption_context=context, **who)
                opened, header = CLIENT.decrypt(source=sealed, **who)
                if not context.items() <= header.encryption_context.items():
                    raise SystemExit("the context that came back is another one")
                back.append(opened)
        say(tool, VERSION, what, count, timer.seconds, bytes=size * count, digest=digest(back))


def fields(folder: Path) -> None:
    things(folder, "fields", FIELD)


def messages(folder: Path) -> None:
    things(folder, "messages", RECORD)


def stream(mode: str, source, size: int | None = None):
    sealing = {"algorithm": SUITE, "frame_length": CHUNK, "source_length": size} if mode == "e" else {}
    return CLIENT.stream(mode=mode, source=source, keyring=keyring(), **sealing)


def disk(folder: Path) -> None:
    def through(mode: str):
        def walk(source: Path, target: Path) -> None:
            size = source.stat().st_size if mode == "e" else None
            with source.open("rb") as reading, target.open("wb", buffering=0) as writing:
                with stream(mode, reading, size) as chunks:
                    while chunk := chunks.read(CHUNK):
                        writing.write(chunk)

        return walk

    files(KEYRING, VERSION, folder, through("e"), through("d"))


def memory(folder: Path) -> None:
    plain = (folder / "input").read_bytes()
    size = len(plain)
    # More than frames, tags and header need; touched, so that finding pages is not measured.
    sealed, opened = bytearray(b"\1") * (size + size // 1000 + 4096), bytearray(b"\1") * size

    def through(mode: str, source: bytes | memoryview, target: bytearray) -> int:
        at = 0
        with stream(mode, io.BytesIO(source), size) as chunks:
            while chunk := chunks.read(CHUNK):
                target[at : at + len(chunk)] = chunk
                at += len(chunk)
        return at

    with Timer() as sealing:
        written = through("e", plain, sealed)
    say(KEYRING, VERSION, "memory seal", size, sealing.seconds)
    between = bytes(memoryview(sealed)[:written])
    del sealed
    with Timer() as opening:
        through("d", between, opened)
    say(KEYRING, VERSION, "memory open", size, opening.seconds, bytes=size, digest=digest([opened]))


if __name__ == "__main__":
    main(fields=fields, messages=messages, disk=disk, memory=memory)
