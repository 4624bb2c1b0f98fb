"""Finds what is wrong with rendered manifests, beyond what a cluster would refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate

from bot.settings import BotSettings, WebSettings
from gpu_worker.settings import WorkerSettings
from storage.settings import SettingsError

KUBERNETES = "1.34"
KEDA = json.loads(Path(__file__).with_name("keda").joinpath("schemas.json").read_text("utf-8"))
OPERATORS_KINDS = ("ServiceMonitor", "PodMonitor")  # without a schema here
READERS = (BotSettings, WebSettings, WorkerSettings)
KNOWN = {field.upper() for settings in READERS for field in settings.model_fields}
WEB = {name.upper() for name in WebSettings.model_fields if name.startswith("web_")}

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """A pod template, the object that it is in, and its one container."""

    owner: str
    template: Manifest

    @property
    def spec(self) -> Manifest:
        spec: Manifest = self.template["spec"]
        return spec

    @property
    def container(self) -> Manifest:
        [container] = self.spec["containers"]
        found: Manifest = container
        return found

    @property
    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = self.template["metadata"]["labels"]
        return labels

    @property
    def settings(self) -> dict[str, Any]:
        """Its environment: each value, or where it comes from."""
        variables = self.container.get("env") or ()
        return {one["name"]: one.get("value", one.get("valueFrom")) for one in variables}

    @property
    def is_ours(self) -> bool:
        return self.labels["app.kubernetes.io/component"] not in ("redis", "postgres")

    @property
    def is_worker(self) -> bool:
        return self.labels["app.kubernetes.io/component"].startswith("worker-")


def faults(manifests: list[Manifest]) -> list[str]:
    """Return one line for each fault."""
    templates = list(pod_templates(manifests))
    return [
        *(fault for manifest in manifests for fault in _schema_faults(manifest)),
        *(fault for template in templates for fault in _pod_faults(template)),
        *(fault for manifest in manifests for fault in _selector_faults(manifest, templates)),
        *(fault for manifest in manifests for fault in _ingress_faults(manifest, manifests)),
    ]


def pod_templates(manifests: list[Manifest]) -> Iterator[PodTemplate]:
    """Yield every pod template."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        template = spec.get("template") or spec.get("jobTargetRef", {}).get("template")
        if template:
            yield PodTemplate(_name(manifest), template)


def _name(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def _schema_faults(manifest: Manifest) -> Iterator[str]:
    if manifest["kind"] in OPERATORS_KINDS:
        return
    if manifest["kind"] not in KEDA["kinds"]:
        yield from _builtin_faults(manifest, _name(manifest))
        return
    schema = _strict(KEDA["kinds"][manifest["kind"]])
    for error in jsonschema.Draft202012Validator(schema).iter_errors(manifest):
        yield f"{_name(manifest)}: {error.json_path}: {error.message}"
    for trigger in manifest["spec"]["triggers"]:
        known = KEDA["triggers"].get(trigger["type"], ())
        for key in set(trigger["metadata"]) - set(known):
            yield f"{_name(manifest)}: {trigger['type']} knows no {key}"
    if job := manifest["spec"].get("jobTargetRef"):
        whole = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}, "spec": job}
        yield from _builtin_faults(whole, _name(manifest))


def _builtin_faults(manifest: Manifest, name: str) -> Iterator[str]:
    try:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{name}: {error.message}"


def _strict(schema: Any) -> Any:
    """Return the schema with every unknown key refused, which a cluster would drop in silence."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        strict["additionalProperties"] = False
    return strict


def _pod_faults(pod: PodTemplate) -> Iterator[str]:
    container, limits = pod.container, pod.container["resources"].get("limits", {})
    context = container["securityContext"] | pod.spec["securityContext"]
    wanted = {
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    for key, value in wanted.items():
        if context.get(key) != value:
            yield f"{pod.owner}: {key} is not {value}"
    if "memory" not in limits:
        yield f"{pod.owner}: there is no limit of memory"
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"] for volume in pod.spec.get("volumes") or ()}
    if missing := mounted - volumes - {"data"}:
        yield f"{pod.owner}: no volume {missing}"
    for name in set(pod.settings) - KNOWN if pod.is_ours else ():
        yield f"{pod.owner}: nothing reads {name}"
    for name in ("DISCORD_TOKEN", "DATABASE_URL", "POSTGRES_PASSWORD"):
        if isinstance(pod.settings.get(name), str):
            yield f"{pod.owner}: {name} is written out"
    if pod.is_worker:
        yield from _worker_faults(pod, limits)
    if pod.labels["app.kubernetes.io/component"] == "web":
        yield from _page_faults(pod)


def _page_faults(pod: PodTemplate) -> Iterator[str]:
    """Find a page that would refuse to start, or lets everybody in as one person."""
    try:
        known = {name: str(value) for name, value in pod.settings.items() if name in WEB}
        settings = WebSettings.from_environment(known)
    except SettingsError as error:
        yield f"{pod.owner}: {error}"
        return
    if settings.web_host != "0.0.0.0":
        yield f"{pod.owner}: nobody reaches {settings.web_host}"
    if (settings.web_logins is None) == (not settings.web_user_header):
        yield f"{pod.owner}: neither logins nor a proxy's header alone says who is there"
    if settings.web_user_header and not settings.web_trusted_proxies:
        yield f"{pod.owner}: no proxy's header is believed"
    folders = [mount["mountPath"] for mount in pod.container["volumeMounts"]]
    if settings.web_logins is not None and str(settings.web_logins.parent) not in folders:
        yield f"{pod.owner}: {settings.web_logins} is not mounted"


def _ingress_faults(manifest: Manifest, manifests: list[Manifest]) -> Iterator[str]:
    """Find an Ingress without TLS, and one that leads to no port of a Service."""
    if manifest["kind"] != "Ingress":
        return
    services = {one["metadata"]["name"]: one for one in manifests if one["kind"] == "Service"}
    covered = {host for entry in manifest["spec"].get("tls", ()) for host in entry["hosts"]}
    for rule in manifest["spec"]["rules"]:
        if rule["host"] not in covered:
            yield f"{_name(manifest)}: {rule['host']} has no TLS"
        for path in rule["http"]["paths"]:
            wanted = path["backend"]["service"]
            found = services.get(wanted["name"], {}).get("spec", {}).get("ports", ())
            if wanted["port"]["name"] not in {port["name"] for port in found}:
                yield f"{_name(manifest)}: leads to no port of {wanted['name']}"


def _worker_faults(pod: PodTemplate, limits: Manifest) -> Iterator[str]:
    cards = [int(count) for name, count in limits.items() if "/" in name]
    if pod.settings.get("DEVICE") != "cpu" and sum(cards) < 1:
        yield f"{pod.owner}: no limit of GPUs: it would be placed where there is none"
    grace, clip = pod.spec["terminationGracePeriodSeconds"], int(pod.settings["DRAIN_SECONDS"])
    if grace <= clip:
        yield f"{pod.owner}: killed after {grace} s, within its longest clip of {clip} s"
    for name in ("DISCORD_TOKEN", "DATABASE_URL"):
        if name in pod.settings:
            yield f"{pod.owner}: a worker gets {name}"


def _selector_faults(manifest: Manifest, templates: list[PodTemplate]) -> Iterator[str]:
    """Find selectors that select no pod: a misspelt label is an error nowhere."""
    spec = manifest.get("spec", {})
    for selector in (spec.get("selector"), spec.get("podSelector")):
        if not selector:
            continue
        wanted = selector.get("matchLabels", {} if "matchExpressions" in selector else selector)
        if not any(wanted.items() <= pod.labels.items() for pod in templates):
            yield f"{_name(manifest)}: selects no pod"
