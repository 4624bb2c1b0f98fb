"""What must not be deployed is found: each fault is put in first, and then seen."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from bot.settings import BotSettings, WebSettings
from gpu_worker.settings import WorkerSettings
from tests.deploy.chart.helm import CHART, ChartError, render
from tests.deploy.chart.manifests import Manifest, PodTemplate, faults, pod_templates
from tests.deploy.chart.test_chart import LOGINS, POSTGRES


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """What the chart renders with a GPU worker of each mode."""
    modes = ("scaledJob", "scaledObject", "deployment")
    values = {"workers": {"gpu": None, **{mode.lower(): {"mode": mode} for mode in modes}}}
    return render(values, tmp_path_factory.mktemp("chart"))


@pytest.fixture(scope="module")
def rendered_page(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """What the chart renders with the page."""
    return render(POSTGRES | {"web": LOGINS}, tmp_path_factory.mktemp("chart"))


@pytest.fixture
def manifests(rendered: list[Manifest]) -> list[Manifest]:
    """A copy of them to break."""
    return deepcopy(rendered)


def test_nothing_is_found_where_there_is_no_fault(manifests: list[Manifest]) -> None:
    assert faults(manifests) == []


def of_kind(manifests: list[Manifest], kind: str) -> Manifest:
    return next(one for one in manifests if one["kind"] == kind)


def workers(manifests: list[Manifest]) -> list[PodTemplate]:
    found = [pod for pod in pod_templates(manifests) if pod.is_worker]
    assert len(found) == 3
    return found


def test_a_missing_gpu_limit_is_found(manifests: list[Manifest]) -> None:
    for pod in workers(manifests):
        del pod.container["resources"]["limits"]["nvidia.com/gpu"]
    assert len([fault for fault in faults(manifests) if "no limit of GPUs" in fault]) == 3


def test_a_grace_period_within_the_longest_clip_is_found(manifests: list[Manifest]) -> None:
    for pod in workers(manifests):
        pod.spec["terminationGracePeriodSeconds"] = 600
    assert len([fault for fault in faults(manifests) if "killed after 600 s" in fault]) == 3


@pytest.mark.parametrize(
    ("kind", "path", "name"),
    [
        ("StatefulSet", ("spec",), "replicaz"),
        ("Deployment", ("spec", "template", "spec"), "nodeSelektor"),
        ("ScaledJob", ("spec",), "poolingInterval"),
        ("ScaledJob", ("spec", "jobTargetRef"), "backofLimit"),
        ("ScaledJob", ("spec", "jobTargetRef", "template", "spec"), "tolerationz"),
        ("ScaledJob", ("spec", "scalingStrategy"), "strategi"),
        ("ScaledObject", ("spec",), "cooldwonPeriod"),
        ("ScaledObject", ("spec", "scaleTargetRef"), "nam"),
        ("NetworkPolicy", ("spec",), "egres"),
    ],
)
def test_a_misspelt_key_is_found(
    kind: str, path: tuple[str, ...], name: str, manifests: list[Manifest]
) -> None:
    place: Any = of_kind(manifests, kind)
    for part in path:
        place = place[part]
    place[name] = 1
    [fault] = [fault for fault in faults(manifests) if name in fault]
    assert fault.startswith(f"{kind}/")


def test_a_misspelt_key_of_a_trigger_is_found(manifests: list[Manifest]) -> None:
    for kind in ("ScaledJob", "ScaledObject"):
        [trigger] = of_kind(manifests, kind)["spec"]["triggers"]
        trigger["metadata"]["valueLokation"] = trigger["metadata"].pop("valueLocation")
    found = faults(manifests)
    assert len([fault for fault in found if "metrics-api knows no valueLokation" in fault]) == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda pod: pod.container["env"].append({"name": "MODELL", "value": "x"}),
            "nothing reads",
        ),
        (lambda pod: pod.container["resources"]["limits"].pop("memory"), "no limit of memory"),
        (lambda pod: pod.spec["securityContext"].pop("runAsNonRoot"), "runAsNonRoot is not True"),
        (
            lambda pod: pod.container["securityContext"].update(readOnlyRootFilesystem=False),
            "readOnlyRootFilesystem is not True",
        ),
        (lambda pod: pod.spec["volumes"].pop(), "no volume {'blobs'}"),
        (
            lambda pod: pod.container["env"].append({"name": "DISCORD_TOKEN", "value": "x"}),
            "DISCORD_TOKEN is written out",
        ),
        (
            lambda pod: pod.container["env"].append({"name": "DATABASE_URL", "value": "x"}),
            "a worker gets DATABASE_URL",
        ),
        (
            lambda pod: (
                pod.labels.clear() or pod.labels.update({"app.kubernetes.io/component": "worker-x"})
            ),
            "selects no pod",
        ),
    ],
)
def test_other_faults_are_found(change: Any, expected: str, manifests: list[Manifest]) -> None:
    for pod in workers(manifests):
        change(pod)
    assert [fault for fault in faults(manifests) if expected in fault]


NOWHERE = {"service": {"name": "x", "port": {"name": "web"}}}


def without(pod: PodTemplate, *names: str) -> list[Manifest]:
    """Take variables from a container; return those that are left."""
    variables: list[Manifest] = pod.container["env"]
    variables[:] = [one for one in variables if one["name"] not in names]
    return variables


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda pod: without(pod, "WEB_LOGINS"), "neither logins nor a proxy's header"),
        (lambda pod: without(pod, "WEB_HOST"), "nobody reaches 127.0.0.1"),
        (
            lambda pod: pod.container["env"].append({"name": "WEB_USER_HEADER", "value": "X-User"}),
            "neither logins nor a proxy's header",
        ),
        (
            lambda pod: without(pod, "WEB_LOGINS").append(
                {"name": "WEB_USER_HEADER", "value": "X-User"}
            ),
            "no proxy's header is believed",
        ),
        (
            lambda pod: pod.container["volumeMounts"].__delitem__(1),
            "/etc/mutoscope-logins/logins is not mounted",
        ),
        (lambda pod: pod.container["env"].append({"name": "WEB_PORT", "value": "x"}), "WEB_PORT=x"),
        (
            lambda pod: pod.container["securityContext"].update(readOnlyRootFilesystem=False),
            "readOnlyRootFilesystem is not True",
        ),
    ],
)
def test_a_page_that_would_not_serve_or_lets_everybody_in_is_found(
    change: Any, expected: str, rendered_page: list[Manifest]
) -> None:
    manifests = deepcopy(rendered_page)
    assert faults(manifests) == []
    [pod] = [pod for pod in pod_templates(manifests) if pod.owner.endswith("-web")]
    change(pod)
    assert [fault for fault in faults(manifests) if expected in fault]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda spec: spec.pop("tls"), "clips.example has no TLS"),
        (
            lambda spec: spec["rules"][0]["http"]["paths"][0].update(backend=NOWHERE),
            "leads to no port of x",
        ),
        (lambda spec: spec.update(ingressClas="nginx"), "ingressClas"),
    ],
)
def test_an_ingress_that_leads_nowhere_is_found(
    change: Any, expected: str, rendered_page: list[Manifest]
) -> None:
    manifests = deepcopy(rendered_page)
    change(of_kind(manifests, "Ingress")["spec"])
    assert [fault for fault in faults(manifests) if expected in fault]


PAGE = {key: value for key, value in LOGINS.items() if key != "auth"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"workers": {"gpu": {"gracePeriodSeconds": 600}}}, "must be longer than longestClip"),
        ({"workers": {"gpu": {"gpus": {"count": 1}}}}, "'gpus' not allowed"),
        ({"workers": {"gpu": {"gpu": {"cuont": 1}}}}, "'cuont' not allowed"),
        ({"workers": {"gpu": {"mode": "scaledjob"}}}, "mode"),
        ({"workers": {"gpu": {"settings": {"DTYP": "fp16"}}}}, "DTYP"),
        ({"workers": {"gpu": {"settings": {"MODEL": "embedded"}}}}, "MODEL"),
        ({"workers": {"GPU_1": {}}}, "GPU_1"),
        ({"workerDefaults": {"idleSecs": 1}}, "'idleSecs' not allowed"),
        ({"bot": {"replica": 2}}, "'replica' not allowed"),
        ({"bot": {"settings": {"DISCORD_TOKEN": "secret"}}}, "DISCORD_TOKEN"),
        # Numbers of this size lose digits; the ids are to be quoted.
        ({"bot": {"settings": {"DISCORD_GUILD": 1100000000000000001}}}, "DISCORD_GUILD"),
        ({"bot": {"settings": {"OPERATORS": 1100000000000000001}}}, "OPERATORS"),
        ({"discord": {"token": "secret"}}, "'token' not allowed"),
        ({"discord": {"tokenSecret": {"name": ""}}}, "name"),
        ({"blobs": {"url": "/data"}}, "url"),
        ({"reddis": {}}, "'reddis' not allowed"),
        ({"web": PAGE}, "'/web/auth': 'oneOf' failed"),
        ({"web": {**PAGE, "auth": {"userHeader": "X-User"}}}, "trustedProxies.: minItems"),
        (
            {"web": {**LOGINS, "auth": {**LOGINS["auth"], "userHeader": "X-User"}}},
            "userHeader.: maxLength",
        ),
        ({"web": {**LOGINS, "tlsSecret": ""}}, "tlsSecret.: minLength"),
        ({"web": {**LOGINS, "replicas": 2}}, "'replicas' not allowed"),
        ({"web": {**LOGINS, "settings": {"WEB_LOGINS": "x"}}}, "WEB_LOGINS"),
        ({"database": {"postgres": {"enabled": True}}}, "must name the secret"),
    ],
)
def test_a_wrong_value_is_refused(values: dict[str, Any], expected: str, tmp_path: Path) -> None:
    with pytest.raises(ChartError, match=expected):
        render(values, tmp_path)


def test_every_value_is_one_that_the_schema_knows() -> None:
    """No object of the schema lets unknown keys through, but those that are lists of names."""
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    free = {"nodeSelector", "requests", "limits", "settings", "workers", "global", "annotations"}

    def check(name: str, part: Any) -> None:
        if part.get("type") == "object" and name not in free:
            assert part.get("additionalProperties") is False, name
        for key, below in part.get("properties", {}).items():
            check(key, below)
        if "items" in part:
            check(name, part["items"])

    check("values", schema)
    for name, part in schema["definitions"].items():
        check(name, part)


@pytest.mark.parametrize(
    ("place", "settings"), [("bot", BotSettings), ("web", WebSettings), ("worker", WorkerSettings)]
)
def test_further_settings_are_those_that_the_chart_does_not_set(
    place: str, settings: type[BotSettings | WebSettings | WorkerSettings]
) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    part = {**schema["properties"], **schema["definitions"]}[place]
    allowed = set(part["properties"]["settings"]["propertyNames"]["enum"])
    of_the_chart = {
        *("MODEL", "MODEL_ROW", "MODELS", "HARDWARE_PROFILE", "GENERATION_FILE"),
        *("MODELS_ON_DEMAND", "DEPTH_MODEL"),
        *("PICTURE_MODEL", "PICTURE_STEPS", "PICTURE_GUIDANCE", "PICTURE_LANGUAGES"),
        *("MUTOSCOPE_HOME", "CREDENTIALS_CHAIN", "CREDENTIALS_KEY"),
        *("DATABASE_URL", "REDIS_URL", "BLOB_URL", "METRICS_PORT", "DISCORD_TOKEN"),
        *("WORKER_NAME", "DRAIN_SECONDS", "IDLE_EXIT_SECONDS"),
        *("WEB_HOST", "WEB_PORT", "WEB_LOGINS", "WEB_USER_HEADER", "WEB_TRUSTED_PROXIES"),
    }
    of_the_bot = set() if place != "worker" else {"FILTER", "STYLES_DIR", "WORDS_FILE"}
    read = {name.upper() for name in settings.model_fields}
    assert allowed == read - of_the_chart - of_the_bot
