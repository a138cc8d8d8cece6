"""What the templates say and a local engine did not do: compared by API after a deployment, and set.

CloudFormation in an account does all of this itself. Only settings on which behaviour depends are looked at.
"""

from pathlib import Path

from botocore.exceptions import ClientError

import templates
from settings import ROOT, Wrong, client


def _nested(cloudformation, stack: str, template: dict):
    """(stack, template) of the root and of every nested stack that was deployed."""
    yield stack, template
    paths = {
        name: resource["Properties"]["TemplateURL"]
        for name, resource in templates.load(ROOT / "template.yaml")["Resources"].items()
        if resource["Type"] == "AWS::CloudFormation::Stack"
    }
    for resource in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]:
        if resource["LogicalResourceId"] in paths:
            path: Path = ROOT / paths[resource["LogicalResourceId"]]
            yield resource["PhysicalResourceId"], templates.load(path)


def reconcile(cloudformation, stack: str, template: dict, key_arn: str):
    """Sets what is missing, and yields one line for each thing that it set."""
    for name, body in _nested(cloudformation, stack, template):
        resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        physical = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        for resource in resources:
            declared = body["Resources"].get(resource["LogicalResourceId"], {})
            properties = declared.get("Properties", {})
            mend = MENDERS.get(declared.get("Type"))
            if mend is not None:
                yield from mend(resource["PhysicalResourceId"], properties, _key(properties, physical) or key_arn)
            if "ObjectLockConfiguration" in properties:
                yield from _lock(resource["PhysicalResourceId"], _resolved(properties["ObjectLockConfiguration"], _parameters(cloudformation, name)))


def _key(properties: dict, physical: dict[str, str]) -> str | None:
    """The ARN of the key that a bucket names, if it is of the bucket's own template."""
    rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [{}])
    named = rules[0].get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    key = physical.get(named["Fn::GetAtt"][0]) if isinstance(named, dict) and "Fn::GetAtt" in named else None
    return client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"] if key else None


def _parameters(cloudformation, stack: str) -> dict[str, str]:
    stated = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
    return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stated}


def _resolved(node, parameters: dict[str, str]):
    """A property with the values of the parameters that it refers to."""
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"}:
        return parameters[node["Ref"]]
    return {name: _resolved(value, parameters) for name, value in node.items()}


def _lock(bucket: str, declared: dict):
    """Sets the lock of a bucket, which takes its versions to be on already."""
    s3 = client("s3")
    retention = declared["Rule"]["DefaultRetention"]
    wanted = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention | {"Days": int(retention["Days"])}}}
    try:
        now = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
            raise
        now = None
    if now != wanted:
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=wanted)
        yield f"{bucket}: locked for {retention['Days']} days under {retention['Mode']}"


def _table(name: str, properties: dict, _key_arn: str):
    dynamodb = client("dynamodb")
    ttl = properties.get("TimeToLiveSpecification")
    if ttl:
        now = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if now.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
            yield f"{name}: time to live by {ttl['AttributeName']}"
    if properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
        now = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        if now.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
            dynamodb.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
            yield f"{name}: point-in-time recovery"
    if properties.get("DeletionProtectionEnabled"):
        if not dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
            yield f"{name}: deletion protection"


def _bucket(name: str, properties: dict, key_arn: str):
    s3 = client("s3")
    if properties.get("BucketEncryption"):
        # Every bucket answers with some encryption; a customer key is what may be missing.
        rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        declared = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
        by_kms = declared["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        if by_kms and rules[0]["ApplyServerSideEncryptionByDefault"] != default:
            bucket_key = declared["BucketKeyEnabled"]
            rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
            yield f"{name}: encryption under {key_arn.rsplit('/', 1)[-1]}"
    if properties.get("VersioningConfiguration", {}).get("Status") == "Enabled":
        if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
            yield f"{name}: versioning"


def _state_machine(arn: str, properties: dict, _key_arn: str):
    # Not mendable: an engine that left the substitutions out would fail at the first task, and say little.
    definition = client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"]
    left = [name for name in properties.get("DefinitionSubstitutions", {}) if f"${{{name}}}" in definition]
    if left:
        raise Wrong(f"{arn}: the engine did not replace {', '.join(left)} in the definition")
    return ()


def _api(api_id: str, properties: dict, _key_arn: str):
    gateway = client("apigateway")
    custom = {r["responseType"] for r in gateway.get_gateway_responses(restApiId=api_id, limit=500)["items"] if not r["defaultResponse"]}
    missing = {kind: said for kind, said in properties.get("GatewayResponses", {}).items() if kind not in custom}
    for kind, said in missing.items():
        headers = said["ResponseParameters"]["Headers"]
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            responseParameters={f"gatewayresponse.header.{name}": value for name, value in headers.items()},
            responseTemplates=said["ResponseTemplates"],
            **({"statusCode": str(said["StatusCode"])} if "StatusCode" in said else {}),
        )
    if missing:
        # They take effect with a deployment of the API.
        gateway.create_deployment(restApiId=api_id, stageName=properties["StageName"])
        yield f"API: {len(missing)} gateway responses"


MENDERS = {
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::Serverless::Api": _api,
    "AWS::StepFunctions::StateMachine": _state_machine,
}
