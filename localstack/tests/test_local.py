"""The scripts' own rules: what finds a leak must find it, and what rewrites a template must change nothing else."""

import base64
import json
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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
