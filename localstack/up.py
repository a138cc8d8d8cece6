"""Brings the local deployment up and down: engine, receiver, stacks, data, tokens.

    up.py up                leaves it running, and writes env.sh, which points a shell at it
    up.py down              stops what up started
    up.py with <command>    up, the command with env.sh's variables, and down again if it was not up before
"""

import os
import shlex
import subprocess
import sys

import catalog
import deploy
import engine
import receiver
import seed
import tokens
from settings import LOCAL, REGION, ROOT, Wrong, api_url, credentials, endpoint, run


def environment(api_id: str) -> dict[str, str]:
    """What a shell, or a test, needs to talk to the deployment."""
    key = tokens.signing_key()
    tokens.publish(key)
    return {
        "LACUNA_URL": api_url(api_id),
        "AWS_ENDPOINT_URL": endpoint(),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        **credentials(),
        **tokens.all_tokens(key),
    }


def write_env(values: dict[str, str]) -> None:
    """Readable by its owner alone: it holds tokens."""
    path = LOCAL / "env.sh"
    path.touch(mode=0o600)
    lines = [f"# Made by make up. Source it: . {os.path.relpath(path, ROOT)}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    lines.append(f'export PATH={shlex.quote(str(ROOT / "target" / "debug"))}:"$PATH"')
    path.write_text("\n".join(lines) + "\n")


def up() -> tuple[bool, dict[str, str]]:
    """Brings everything up. False if the engine was running already, and so is not the caller's to stop."""
    started = engine.start()
    print(f"engine: {'started' if started else 'running'} at {endpoint()}", flush=True)
    receiver.start()
    outputs = deploy.deploy(catalog.version(catalog.canonical()))
    values = environment(outputs["ApiId"])
    write_env(values)
    seed.load()
    return started, values


def down() -> None:
    receiver.stop()
    print("engine: stopped" if engine.stop() else "engine: nothing to stop", flush=True)


def with_command(command: list[str]) -> int:
    """The command's exit code. What was not up before is down afterwards, however it ends."""
    before = engine.healthy() and receiver.healthy()
    try:
        _, values = up()
        path = f"{ROOT / 'target' / 'debug'}{os.pathsep}{os.environ.get('PATH', '')}"
        return subprocess.run(command, env={**os.environ, **values, "PATH": path}, cwd=ROOT, check=False).returncode
    finally:
        if not before:
            down()


def main() -> int:
    verb, rest = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if verb == "up":
        up()
        print(f"ready: . {os.path.relpath(LOCAL / 'env.sh', ROOT)}")
    elif verb == "down":
        down()
    elif verb == "with" and rest:
        return with_command(rest)
    else:
        raise Wrong("say what to do: up.py up | down | with <command>")
    return 0


if __name__ == "__main__":
    run(main)
