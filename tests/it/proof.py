"""Checks audit exports with hashlib and openssl alone: python3 proof.py KEY FILE... See docs/proof.md."""
import base64, functools, hashlib, json, pathlib, subprocess, sys, tempfile
DER = bytes.fromhex("302a300506032b6570032100")  # What openssl wants before an Ed25519 key (RFC 8410).

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def need(holds, what):
    if not holds:
        raise ValueError(what)

def opened(note, key):  # The size and the root of a checkpoint that the key signed.
    name, _, public = key.strip().split("+", 2)
    public = base64.b64decode(public)  # One byte for Ed25519, then its 32.
    text, _, lines = note.rpartition("\n\n")
    own = [base64.b64decode(line.split(" ")[2]) for line in lines.splitlines() if line.split(" ")[1] == name]
    own = [each[4:] for each in own if each[:4] == sha(name.encode(), b"\n", public)[:4]]
    need(own, "a checkpoint is not signed by the key")
    with tempfile.TemporaryDirectory() as folder:
        for file, content in ("key", DER + public[1:]), ("text", f"{text}\n".encode()), ("signature", own[0]):
            pathlib.Path(folder, file).write_bytes(content)
        command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in text -sigfile signature"
        need(subprocess.run(command.split(), cwd=folder, capture_output=True).returncode == 0, "a signature is forged")
    origin, size, root = text.split("\n")
    need(origin == name, "a checkpoint is another log's")
    return int(size), base64.b64decode(root)

def root_of(peaks):
    return functools.reduce(lambda right, left: sha(b"\1", left, right), reversed(peaks)) if peaks else sha()

def check(lines, key):
    header = json.loads(next(lines, b""))
    last, before, signed = header["first"] - 1, header["before"]["hash"], header.get("checkpoint")
    peaks = [bytes.fromhex(peak) for peak in header["before"]["peaks"]]
    need(signed is None if last == 0 else opened(signed, key) == (last, root_of(peaks)), "the beginning is made up")
    written, sure = [peak.hex() for peak in peaks], None if signed is None else last
    need((len(written), written) == (bin(last).count("1"), header["before"]["peaks"]), "the beginning has another tree")
    for line in lines:
        need(line.endswith(b"\n"), f"after entry {last} it ends inside of a line")
        if line.startswith(b'{"entry":'):
            told, hash = json.loads(line[9:-76]), sha(b"\0", line[9:-76])
            need(line[-76:] == b',"hash":"%s"}\n' % hash.hex().encode(), f"entry {last + 1} was altered")
            named = (told["seq"], told["prev_hash"], told["event"]["tenant"])
            need(named == (last + 1, before, header["tenant"]), f"entry {last + 1} is not what follows entry {last}")
            last, before, node = last + 1, hash.hex(), hash
            for _ in range((last & -last).bit_length() - 1):
                node = sha(b"\1", peaks.pop(), node)
            peaks.append(node)
        elif line.startswith(b'{"checkpoint":'):
            need(opened(json.loads(line)["checkpoint"], key) == (last, root_of(peaks)), f"entry {last} is not what was signed")
            sure = last
        else:
            end = {"entries": last + 1 - header["first"], "hash": before, "last": last}
            need(json.loads(line) == {"end": end} and not list(lines), f"after entry {last} it does not end as it says")
            return last, sure
    need(False, f"after entry {last} the end is missing")

key, codes = pathlib.Path(sys.argv[1]).read_text(), set()
for file in sys.argv[2:]:
    try:
        last, sure = check(open(file, "rb"), key)
        tail = "nothing in it is signed" if sure is None else f"nothing after entry {sure} is signed"
        code, text = (0, f"whole: signed up to entry {last}") if sure == last else (2, f"unsigned: {tail}")
    except Exception as error:  # Whatever somebody wrote into it.
        code, text = 1, f"broken: {error}"
    codes.add(code)
    print(text)
sys.exit(1 if 1 in codes else max(codes, default=2))  # 0 whole, 1 broken, 2 not all of it signed.
