"""The checks of hack/hcl/run: FILE.terraform against the FILE.json beside it."""

import json
import re
import sys

import hcl2


def unquoted(text):
    return text[1:-1] if text.startswith('"') else text


def read(text):
    """address -> attributes, of resources, data sources and variables."""
    found = {}
    tree = hcl2.loads(text)
    for kind, prefix in (("resource", ""), ("data", "data."), ("variable", None)):
        for entry in tree.pop(kind, []):
            for first, inner in entry.items():
                if prefix is None:
                    named = [("var." + unquoted(first), inner)]
                else:
                    named = [(f"{prefix}{unquoted(first)}.{unquoted(name)}", body)
                             for name, body in inner.items() if not name.startswith("__")]
                for address, body in named:
                    if address in found:
                        sys.exit(f"{address} is there twice")
                    found[address] = body
    rest = [key for key in tree if not key.startswith("__")]
    if rest:
        sys.exit(f"unexpected blocks: {rest}")
    return found


def policies(text):
    """The JSON documents in heredocs, whatever they are called."""
    return [json.loads(body) for body in re.findall(r"<<-EOT\n(.*?)\n  EOT\n", text, re.S)]


def check(path):
    text = open(path).read()
    found = read(text)
    for address, body in found.items():
        for reference in re.findall(r"\$\{([^}]+)\}", json.dumps(body)):
            parts = reference.split(".")
            target = ".".join(parts[:2 if parts[0] == "var" else 3 if parts[0] == "data" else 2])
            if target not in found:
                sys.exit(f"{path}: {address} refers to {target}, which is not there")
    kinds = {address.removeprefix("data.").split("_")[0] for address in found}
    if not {"alicloud", "aws", "azurerm", "azuread", "google", "harbor", "var.demosa"} <= kinds:
        sys.exit(f"{path}: only {sorted(kinds)}")
    documents = policies(text)
    printed = json.load(open(path.removesuffix("terraform") + "json"))["roles"]
    clouds = [role for role in printed if role["type"] in ("AlibabaACR", "AmazonECR")]
    for role in clouds:
        for key in ("rolePolicy", "callerPolicy", "callerTrustPolicy"):
            if key in role and role[key] not in documents:
                sys.exit(f"{path}: {key} of {role['registry']} is not there")
    broken = text.replace("= [\"api:", "= [[\"api:", 1) if "api:" in text else text[:text.rindex("}")]
    try:
        hcl2.loads(broken)
    except Exception:
        print(f"{len(found)} blocks, {len(documents)} policies")
        return
    sys.exit("a broken text was taken: this test would show nothing")


for file in sys.argv[1:]:
    check(file)
print("python-hcl2 reads what is printed for Terraform; its policies are those of --cloud-format json")
