"""Loads the demonstration: the company's own stores, and what Lacuna is told about the company.

    seed.py load           everything, from scratch
    seed.py stats          how many customers there are and what was sold in which year, as JSON
    seed.py hidden <email> how many of a customer's records the product does not show, by store, as JSON
    seed.py find <text>    every place where the text still is; exit 1 if there is any
"""

import json
import os
import sys
from hashlib import sha256

from botocore.exceptions import ClientError

import catalog
import invoke
import receiver
import search
import shop
import tokens
from deploy import outputs
from settings import HOST, Wrong, api_url, client, functions_see_loopback, receiver_port, run

MAIL_FROM = "privacy@chinook.example"
MAIL_TEMPLATE = "lacuna-demo-package-ready"

TENANTS = {"demo": "Chinook Music (demo)", "other": "Another company, which must see nothing of the first"}


def _webhook_key(tenant: str) -> str:
    # Not a secret worth the name, and the same on every run, so that a test can check the signature.
    return sha256(f"webhook of {tenant}".encode()).hexdigest()


def load_secrets() -> None:
    secrets = client("secretsmanager")
    values = {"lacuna/demo/crm": {"url": f"sqlite://{shop.CRM}"}}
    values |= {f"lacuna/{tenant}/webhook": {"key": _webhook_key(tenant)} for tenant in TENANTS}
    for name, value in values.items():
        try:
            secrets.create_secret(Name=name, SecretString=json.dumps(value))
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=json.dumps(value))


def load_mail() -> bool:
    """A sender that may send, and the letter of the demonstration. It holds no link to a package, and no data of the person.

    False if the engine sends none.
    """
    mail = client("sesv2")
    try:
        mail.create_email_identity(EmailIdentity=MAIL_FROM)
    except mail.exceptions.AlreadyExistsException:
        pass
    except ClientError as error:
        # The open version of LocalStack has no SES v2. Nothing else depends on it.
        print(f"letters: none, the engine answers {error.response['Error']['Code']}")
        return False
    letter = {
        "Subject": "Your data is ready",
        "Text": "What you asked {{company}} for is ready, and is kept until {{until}}.\n\n"
        "Open {{page}}/{{request}} and enter this code:\n\n{{code}}\n\n"
        "It opens everything that is held about you: show it to nobody.\n",
    }
    try:
        mail.create_email_template(TemplateName=MAIL_TEMPLATE, TemplateContent=letter)
    except mail.exceptions.AlreadyExistsException:
        mail.update_email_template(TemplateName=MAIL_TEMPLATE, TemplateContent=letter)
    return True


def exports(name: str, api_id: str, letters: bool) -> dict:
    """How long a package is there, and the letter that says so. The page is Lacuna's own, without the request: the template adds that."""
    page = f"{api_url(api_id)}/v1/exports/{name}"
    # The tests wait until it is over.
    open_for = os.environ.get("LACUNA_OPEN_FOR", "PT10M")
    mail = {"from": MAIL_FROM, "template": MAIL_TEMPLATE, "page": page} if letters else None
    return {"open_for": open_for, "mail": mail}


def tenant(name: str, api_id: str, letters: bool) -> dict:
    """What the registry says of a tenant."""
    base = f"http://{HOST}:{receiver_port()}"
    doc = {"tenant": name, "name": TENANTS[name], "cooling_off_for": "PT5S", "topic": True, "exports": exports(name, api_id, letters)}
    # None is the one that the deployment has in force.
    doc["catalog_version"] = catalog.version(catalog.canonical(catalog.ARCHIVE)) if name == "other" else None
    if functions_see_loopback():
        doc["webhook"] = {"url": f"{base}/webhook", "secret": f"lacuna/{name}/webhook"}
        doc["sanctions"] = [{"id": "legal-desk", "url": f"{base}/sanctions"}]
        doc["allowed_hosts"] = [HOST]
    else:
        doc |= {"webhook": None, "sanctions": [], "allowed_hosts": []}
    return doc


def issuer() -> dict:
    """What the registry says of the identity provider."""
    return {
        "issuer": tokens.ISSUER,
        "audience": tokens.AUDIENCE,
        "jwks_url": tokens.jwks_url(),
        "algorithms": ["ES256"],
        "tenants": sorted(TENANTS),
    }


def load_registry(table: str, api_id: str, letters: bool) -> None:
    dynamodb = client("dynamodb")
    items = [(f"T#{name}", "TENANT", tenant(name, api_id, letters)) for name in TENANTS]
    items.append((f"ISS#{tokens.ISSUER}", "ISSUER", issuer()))
    for pk, sk, doc in items:
        dynamodb.put_item(TableName=table, Item={"pk": {"S": pk}, "sk": {"S": sk}, "doc": {"S": json.dumps(doc)}})


def plant_controls() -> None:
    """Has Lacuna plant the control persons, as it does once an hour: no request ends before the stores find theirs."""
    invoke.invoke("plant-controls")
    print("controls: planted")


def load() -> None:
    out = outputs()
    receiver.reset()
    print(f"tables: {shop.load_tables()} items in {', '.join(shop.TABLES)}")
    print(f"bucket: {shop.load_bucket()} objects in {shop.BUCKET}")
    print(f"crm: {shop.load_crm()} rows")
    load_secrets()
    letters = load_mail()
    for source in (catalog.SOURCE, catalog.ARCHIVE):
        print(f"catalog: {catalog.publish(client('s3'), out['CatalogBucket'], catalog.canonical(source))}")
    load_registry(out["RegistryTable"], out["ApiId"], letters)
    plant_controls()


def main() -> int:
    verb, rest = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if verb == "load":
        load()
    elif verb == "stats":
        print(json.dumps(shop.stats(), indent=2))
    elif verb == "hidden" and rest:
        print(json.dumps(shop.hidden(rest[0])))
    elif verb == "find" and rest:
        places, looked = search.find(rest[0])
        for place in places:
            print(place)
        print(f"looked at {', '.join(f'{n} {kind}' for kind, n in looked.items())}: found in {len(places)} places", file=sys.stderr)
        return 1 if places else 0
    else:
        raise Wrong("say what to do: seed.py load | stats | hidden <email> | find <text>")
    return 0


if __name__ == "__main__":
    run(main)
