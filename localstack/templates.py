"""Reads CloudFormation's YAML, and rewrites the local paths in it to uploaded objects, as `sam package` does."""

import json
from pathlib import Path

import yaml

from settings import ROOT


class _Loader(yaml.SafeLoader):
    pass


def _short_form(loader, suffix, node):
    if suffix == "GetAtt" and isinstance(node, yaml.ScalarNode):
        return {"Fn::GetAtt": node.value.split(".", 1)}
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def load(path: Path) -> dict:
    """A template with its short forms written out, as JSON would have it."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)


def functions(template: dict) -> list[Path]:
    """The folders that hold the functions' code, in the template's order."""
    return [
        ROOT / resource["Properties"]["CodeUri"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]


def package(template: dict, upload_code, upload_text) -> dict:
    """The template with every local path replaced.

    upload_code(folder) and upload_text(name, text) upload, and answer (bucket, key, url).
    """
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            bucket, key, _ = upload_code(ROOT / properties["CodeUri"])
            properties["CodeUri"] = {"Bucket": bucket, "Key": key}
        elif resource["Type"] == "AWS::CloudFormation::Stack":
            nested = load(ROOT / properties["TemplateURL"])
            _, _, properties["TemplateURL"] = upload_text(properties["TemplateURL"], json.dumps(nested, sort_keys=True))
        elif resource["Type"] == "AWS::StepFunctions::StateMachine":
            path = properties["DefinitionS3Location"]
            definition = literal_timeouts(json.loads((ROOT / path).read_text(encoding="utf-8")))
            bucket, key, _ = upload_text(path, json.dumps(definition, sort_keys=True))
            properties["DefinitionS3Location"] = {"Bucket": bucket, "Key": key}
    return template


def literal_timeouts(node, seconds: int = 900):
    """The definition with a number wherever a time-out is an expression, which local engines do not evaluate."""
    if isinstance(node, list):
        return [literal_timeouts(item, seconds) for item in node]
    if not isinstance(node, dict):
        return node
    clocks = ("TimeoutSeconds", "HeartbeatSeconds")
    return {
        name: seconds if name in clocks and isinstance(value, str) else literal_timeouts(value, seconds)
        for name, value in node.items()
    }
