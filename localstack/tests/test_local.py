"""The scripts' own rules: what finds a leak must find it, and what rewrites a template must change nothing else."""

import base64
import json
import random
import sys
import unittest
from pathlib import Path
from unittest import mock

from botocore.exceptions import ClientError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import reconcile  # noqa: E402
import search  # noqa: E402
import shop  # noqa: E402
import templates  # noqa: E402
import tokens  # noqa: E402
from settings import ROOT  # noqa: E402

PERSON = "luisg@embraer.com.br"


class Search(unittest.TestCase):
    def hits(self, data: bytes) -> bool:
        return search._hit(data, search.needles(PERSON))

    def test_finds_it_in_every_coding_and_at_every_offset(self):
        chance = random.Random(7)
        for _ in range(300):
            around = chance.randbytes(chance.randrange(20)) + PERSON.encode() + chance.randbytes(chance.randrange(20))
            for coded in (around, around.hex().encode(), base64.b64encode(around), base64.urlsafe_b64encode(around)):
                self.assertTrue(self.hits(coded), coded)
        self.assertTrue(self.hits(b"GET /v1/requests?email=luisg%40embraer.com.br"))

    def test_does_not_find_a_neighbour(self):
        for other in (b"luisg@embraer.com.bz", base64.b64encode(b"luisr@embraer.com.br"), b""):
            self.assertFalse(self.hits(other), other)


class Templates(unittest.TestCase):
    def test_every_function_has_a_folder_of_its_own_name(self):
        template = templates.load(ROOT / "template.yaml")
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                folder = Path(resource["Properties"]["CodeUri"]).name
                self.assertEqual(name, "".join(part.capitalize() for part in folder.split("-")) + "Function")

    def test_packaging_replaces_paths_and_nothing_else(self):
        def upload(_path):
            return "bucket", "key", "http://uploaded"

        before, after = templates.load(ROOT / "template.yaml"), templates.load(ROOT / "template.yaml")
        before["Resources"].pop("Lifecycle")
        after["Resources"].pop("Lifecycle")
        templates.package(after, upload, lambda _name, _text: upload(None))
        for name, resource in before["Resources"].items():
            for replaced in ("CodeUri", "TemplateURL"):
                resource["Properties"].pop(replaced, None)
                after["Resources"][name]["Properties"].pop(replaced, None)
        self.assertEqual(before, after)

    def test_expressions_for_time_outs_become_numbers_at_any_depth(self):
        task = {"Type": "Task", "TimeoutSeconds": "{% $t %}", "HeartbeatSeconds": 5}
        definition = {"States": {"M": {"ItemProcessor": {"States": {"T": task}}}}}
        changed = templates.literal_timeouts(definition)
        self.assertEqual(changed["States"]["M"]["ItemProcessor"]["States"]["T"]["TimeoutSeconds"], 900)
        self.assertEqual(changed["States"]["M"]["ItemProcessor"]["States"]["T"]["HeartbeatSeconds"], 5)


class Locked:
    """A bucket as S3 answers for it."""

    def __init__(self, code: str):
        self.code, self.lock, self.puts = code, None, 0

    def get_object_lock_configuration(self, Bucket):
        if self.lock is None:
            raise ClientError({"Error": {"Code": self.code}}, "GetObjectLockConfiguration")
        return {"ObjectLockConfiguration": self.lock}

    def put_object_lock_configuration(self, Bucket, ObjectLockConfiguration):
        self.lock, self.puts = ObjectLockConfiguration, self.puts + 1


class Reconcile(unittest.TestCase):
    DECLARED = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": {"Ref": "Mode"}, "Days": {"Ref": "Days"}}}}

    def lock(self, bucket: Locked, **parameters: str) -> list[str]:
        with mock.patch.object(reconcile, "client", lambda _service: bucket):
            return list(reconcile._lock("evidence", reconcile._resolved(self.DECLARED, parameters)))

    def test_a_bucket_is_locked_as_the_stack_was_told_and_once(self):
        bucket = Locked("ObjectLockConfigurationNotFoundError")
        self.assertEqual(len(self.lock(bucket, Mode="GOVERNANCE", Days="1")), 1)
        self.assertEqual(bucket.lock["Rule"], {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}})
        self.assertEqual(self.lock(bucket, Mode="GOVERNANCE", Days="1"), [])
        self.assertEqual(len(self.lock(bucket, Mode="GOVERNANCE", Days="2")), 1)
        self.assertEqual(bucket.puts, 2)

    def test_that_a_bucket_cannot_be_asked_is_no_lock(self):
        with self.assertRaises(ClientError):
            self.lock(Locked("AccessDenied"), Mode="GOVERNANCE", Days="1")


class Seed(unittest.TestCase):
    def test_the_data_are_all_there(self):
        counts = {name: len(shop.rows(name)) for name in ("customers", "employees", "invoices", "invoice-lines")}
        self.assertEqual(counts, {"customers": 59, "employees": 8, "invoices": 412, "invoice-lines": 2240})

    def test_an_avatar_is_a_picture_and_always_the_same(self):
        self.assertTrue(shop._png(1).startswith(b"\x89PNG"))
        self.assertEqual(shop._png(1), shop._png(1))
        self.assertNotEqual(shop._png(1), shop._png(2))


class Tokens(unittest.TestCase):
    def test_a_token_says_what_it_was_asked_to_say(self):
        from cryptography.hazmat.primitives.asymmetric import ec

        token = tokens.mint(ec.generate_private_key(ec.SECP256R1()), "demo", "officer", "somebody", exp=1)
        head, body, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
        self.assertEqual(json.loads(head)["alg"], "ES256")
        self.assertEqual({k: json.loads(body)[k] for k in ("tenant", "role", "exp")}, {"tenant": "demo", "role": "officer", "exp": 1})
        self.assertEqual(len(signature), 64)


if __name__ == "__main__":
    unittest.main()
