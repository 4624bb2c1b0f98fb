"""The chart renders, over a matrix of values, to manifests without a fault."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.images.image import WEB
from tests.deploy.chart.helm import CHART, ROOT, ChartError, helm, render
from tests.deploy.chart.manifests import Manifest, faults, pod_templates

POSTGRES = {"database": {"urlSecret": {"name": "postgres"}}}
POSTGRES_IN_HERE = {"database": {**POSTGRES["database"], "postgres": {"enabled": True}}}
OWN_REDIS = {"redis": {"urlSecret": {"name": "redis"}}}
S3 = {"blobs": {"url": "s3://clips", "credentialsSecret": "s3"}}
LOGINS: dict[str, Any] = {
    "enabled": True,
    "auth": {"loginsSecret": {"name": "logins", "key": "file"}},
    "host": "clips.example",
    "tlsSecret": "clips-tls",
}
BEHIND_PROXY = {
    "enabled": True,
    "auth": {"userHeader": "X-Remote-User", "trustedProxies": ["10.0.0.0/8", "fd00::1"]},
}
CPU = {"gpu": {"count": 0}, "tolerations": []}
TWO_CLASSES = {
    "workers": {
        "gpu": {"mode": "deployment", "replicas": 1, "nodeSelector": {"card": "a10"}},
        "slice": {
            "gpu": {"resource": "nvidia.com/mig-1g.10gb"},
            "settings": {"DTYPE": "fp16"},
            "runtimeClassName": "nvidia",
            "priorityClassName": "low",
            "weightsClaim": "weights",
            "wantedPerReplica": 3,
        },
        "cpu": {"mode": "scaledObject", **CPU},
    }
}
TWO_MODELS: dict[str, dict[str, Any]] = {
    "workers": {
        "gpu": None,
        "small": CPU,
        "full": {"model": {"source": "ali-vilab/i2vgen-xl", "hardwareProfile": "a100"}},
        "spare": {
            "mode": "scaledObject",
            "model": {
                "source": "/weights/my folder",
                "row": "i2vgen-xl",
                "hardwareProfile": "a100",
            },
        },
    }
}
MATRIX: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "PostgreSQL, S3 and a Redis elsewhere": POSTGRES | OWN_REDIS | S3,
    "PostgreSQL in here": POSTGRES_IN_HERE,
    "KEDA scales a Deployment": {"workers": {"gpu": {"mode": "scaledObject"}}},
    "without KEDA": {"workers": {"gpu": {"mode": "deployment", "replicas": 2}}},
    "three classes side by side": TWO_CLASSES,
    "two models side by side": TWO_MODELS,
    "no workers here": {"workers": {"gpu": None}},
    "everything said": {
        "depthModel": "owner/depth@v2",
        "pictureModel": {
            "source": "owner/turbo",
            "steps": 1,
            "guidance": 0,
            "languages": ["en", "zh"],
        },
        **POSTGRES,
        "model": {"source": "ali-vilab/i2vgen-xl", "row": "i2vgen-xl", "hardwareProfile": "a100"},
        "generationFile": "default_model: embedded\n",
        "monitoring": {"enabled": True},
        "imagePullSecrets": [{"name": "registry"}],
        "bot": {
            "settings": {"DEFAULT_LOCALE": "zh-CN", "PING_AFTER": 60},
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [{"key": "small", "operator": "Exists"}],
        },
        "blobs": {"volume": {"existingClaim": "clips", "storageClass": "nfs"}},
        "networkPolicy": {"metricsFrom": [], "egressPorts": [443, 5432]},
    },
    "the page with logins": POSTGRES | S3 | {"web": LOGINS, "monitoring": {"enabled": True}},
    "the page behind a proxy": POSTGRES_IN_HERE | {"web": BEHIND_PROXY},
    "no network policies": {"networkPolicy": {"enabled": False}},
}


def by_kind(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Return each manifest by its kind and name."""
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in manifests}


def test_a_certificate_for_credentials_is_mounted_into_workers_alone(tmp_path: Path) -> None:
    manifests = render({"credentialsSecret": "films"}, tmp_path)
    assert faults(manifests) == []
    [bot] = [pod for pod in pod_templates(manifests) if pod.owner.endswith("-bot")]
    assert "films" not in str(bot.spec)
    [worker] = [pod for pod in pod_templates(manifests) if pod.is_worker]
    given = {one["name"]: one.get("value", "") for one in worker.container["env"]}
    [volume] = [one for one in worker.spec["volumes"] if one.get("secret")]
    [mount] = [one for one in worker.container["volumeMounts"] if one["name"] == volume["name"]]
    assert volume["secret"]["secretName"] == "films"
    assert given["CREDENTIALS_CHAIN"] == f"{mount['mountPath']}/tls.crt"
    assert given["CREDENTIALS_KEY"] == f"{mount['mountPath']}/tls.key"


def test_helm_lints_it() -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART))


@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX.keys())
def test_what_it_renders_has_no_fault(values: dict[str, Any], tmp_path: Path) -> None:
    assert faults(render(values, tmp_path)) == []


def test_the_bot_has_a_volume_only_where_it_keeps_the_database(tmp_path: Path) -> None:
    sqlite, postgres = by_kind(render({}, tmp_path)), by_kind(render(POSTGRES | S3, tmp_path))
    [claim] = sqlite["StatefulSet/clips-mutoscope-bot"]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert "PersistentVolumeClaim/clips-mutoscope-blobs" in sqlite
    bot = postgres["Deployment/clips-mutoscope-bot"]["spec"]
    update = {"maxSurge": 1, "maxUnavailable": 0}  # a new one is ready before an old one ends
    assert bot["strategy"] == {"type": "RollingUpdate", "rollingUpdate": update}
    assert not [name for name in postgres if name.startswith("PersistentVolumeClaim")]
    [pod] = [pod for pod in pod_templates(list(postgres.values())) if pod.owner.endswith("-bot")]
    assert pod.settings["DATABASE_URL"] == {
        "secretKeyRef": {"name": "postgres", "key": "database-url"}
    }


def test_several_bots_need_a_postgresql(tmp_path: Path) -> None:
    two = {"bot": {"replicas": 2}}
    bot = by_kind(render(POSTGRES | S3 | two, tmp_path))["Deployment/clips-mutoscope-bot"]
    assert bot["spec"]["replicas"] == 2
    with pytest.raises(ChartError, match="several bots need a PostgreSQL"):
        render(two, tmp_path)


def test_a_store_in_here_is_reached_by_whom_it_serves(tmp_path: Path) -> None:
    manifests = by_kind(render(POSTGRES_IN_HERE, tmp_path))
    ports = {"redis": 6379, "postgres": 5432}
    for store, port in ports.items():
        [rule] = manifests[f"NetworkPolicy/clips-mutoscope-{store}"]["spec"]["ingress"]
        assert [one["port"] for one in rule["ports"]] == [port]
        [ports_of_service] = manifests[f"Service/clips-mutoscope-{store}"]["spec"]["ports"]
        assert ports_of_service["port"] == port
    outside = manifests["NetworkPolicy/clips-mutoscope"]["spec"]["egress"]
    assert {one["port"] for rule in outside for one in rule["ports"]} == {53, 443, 5432, 6379}
    [peer] = rule["from"]
    assert peer["podSelector"]["matchExpressions"][0]["values"] == ["bot", "web"]


def test_bot_and_workers_are_told_the_same(tmp_path: Path) -> None:
    for values in (MATRIX["everything said"], POSTGRES | OWN_REDIS | S3, {}):
        bot, worker = (
            next(pod for pod in pod_templates(render(values, tmp_path)) if part in pod.owner)
            for part in ("-bot", "-worker-")
        )
        shared = {
            *("MODEL", "MODEL_ROW", "HARDWARE_PROFILE"),
            *("GENERATION_FILE", "REDIS_URL", "BLOB_URL", "DEPTH_MODEL"),
            *("PICTURE_MODEL", "PICTURE_STEPS", "PICTURE_GUIDANCE", "PICTURE_LANGUAGES"),
        }
        for name in shared:
            assert worker.settings.get(name) == bot.settings.get(name), name


def test_the_page_is_told_what_the_bot_is(tmp_path: Path) -> None:
    rules = {"RETENTION_DAYS": 30, "AUDIT_DAYS": 90, "FILTER": "strict", "PING_AFTER": 60}
    values = TWO_MODELS | POSTGRES | {"bot": {"settings": rules}}
    values |= {"web": {**LOGINS, "settings": {"RETENTION_DAYS": 7}}}
    pods = {
        pod.owner: pod.settings
        for pod in pod_templates(render(values, tmp_path))
        if pod.owner.endswith(("-bot", "-web"))
    }
    bot, web = (pods[f"Deployment/clips-mutoscope-{name}"] for name in ("bot", "web"))
    assert set(bot) - set(web) == {"DISCORD_TOKEN", "PING_AFTER"}
    assert {name for name in bot.keys() & web if bot[name] != web[name]} == {"RETENTION_DAYS"}
    assert set(web) - set(bot) == {"WEB_HOST", "WEB_PORT", "WEB_LOGINS"}


def test_the_page_is_one_pod_that_an_ingress_with_tls_leads_to(tmp_path: Path) -> None:
    found = by_kind(render(MATRIX["the page with logins"], tmp_path))
    page = found["Deployment/clips-mutoscope-web"]["spec"]
    assert (page["replicas"], page["strategy"]) == (1, {"type": "Recreate"})
    [container] = page["template"]["spec"]["containers"]
    assert container["command"] == [*WEB.command]
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}
    ingress = found["Ingress/clips-mutoscope-web"]["spec"]
    assert ingress["tls"] == [{"hosts": ["clips.example"], "secretName": "clips-tls"}]
    [rule] = found["NetworkPolicy/clips-mutoscope-web"]["spec"]["ingress"]
    assert [one["port"] for one in rule["ports"]] == [7860]
    monitor = found["ServiceMonitor/clips-mutoscope-bot"]["spec"]["selector"]
    assert monitor["matchExpressions"][0]["values"] == ["bot", "web"]
    others = by_kind(render(MATRIX["the page behind a proxy"], tmp_path))
    assert "Ingress/clips-mutoscope-web" not in others
    [rule] = others["NetworkPolicy/clips-mutoscope-postgres"]["spec"]["ingress"]
    assert rule["from"][0]["podSelector"]["matchExpressions"][0]["values"] == ["bot", "web"]


def test_the_page_needs_the_bots_postgresql(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match="bot and page need a PostgreSQL"):
        render({"web": LOGINS}, tmp_path)


def test_by_default_workers_come_with_work_and_leave_by_themselves(tmp_path: Path) -> None:
    manifests = by_kind(render({"workers": {"gpu": {"maxReplicas": 5}}}, tmp_path))
    job = manifests["ScaledJob/clips-mutoscope-worker-gpu"]["spec"]
    [trigger] = job["triggers"]
    assert trigger["metadata"] == {
        "url": "http://clips-mutoscope-bot.studio.svc:9100/workers/wanted?model=embedded",
        "valueLocation": "wanted",
        "targetValue": "1",
    }
    service = manifests["Service/clips-mutoscope-bot"]["spec"]
    assert service["publishNotReadyAddresses"] is True
    assert [port["port"] for port in service["ports"]] == [9100]
    assert job["maxReplicaCount"] == 5
    assert job["scalingStrategy"] == {"strategy": "default"}
    assert job["rollout"] == {"strategy": "gradual"}
    [pod] = [pod for pod in pod_templates(list(manifests.values())) if pod.is_worker]
    assert pod.settings["IDLE_EXIT_SECONDS"] == "60"
    assert pod.spec["restartPolicy"] == "Never"


def test_a_worker_that_stays_does_not_end_by_itself(tmp_path: Path) -> None:
    for mode in ("scaledObject", "deployment"):
        manifests = render({"workers": {"gpu": {"mode": mode, "replicas": 1}}}, tmp_path)
        [pod] = [pod for pod in pod_templates(manifests) if pod.is_worker]
        assert "IDLE_EXIT_SECONDS" not in pod.settings
        assert "PodDisruptionBudget/clips-mutoscope-worker-gpu" in by_kind(manifests)
        keda = [one["kind"] for one in manifests if one["apiVersion"].startswith("keda.sh")]
        assert keda == (["ScaledObject"] if mode == "scaledObject" else [])


def test_each_class_has_its_own_card(tmp_path: Path) -> None:
    pods = {pod.owner: pod for pod in pod_templates(render(TWO_CLASSES, tmp_path))}
    gpu, piece, cpu = (
        pods[f"{kind}/clips-mutoscope-worker-{name}"]
        for kind, name in (("Deployment", "gpu"), ("ScaledJob", "slice"), ("Deployment", "cpu"))
    )
    limits = {name: pod.container["resources"]["limits"] for name, pod in pods.items()}
    assert limits[gpu.owner]["nvidia.com/gpu"] == 1
    assert limits[piece.owner]["nvidia.com/mig-1g.10gb"] == 1
    assert "nvidia.com/gpu" not in limits[piece.owner]
    assert not [name for name in limits[cpu.owner] if "/" in name]
    assert cpu.settings["DEVICE"] == "cpu"
    assert gpu.spec["nodeSelector"] == {"card": "a10"}
    assert piece.spec["runtimeClassName"] == "nvidia"
    assert piece.settings["DTYPE"] == "fp16"
    assert {"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}} in piece.spec[
        "volumes"
    ]


def test_each_class_takes_its_models_orders_and_is_started_for_them(tmp_path: Path) -> None:
    manifests = render(TWO_MODELS, tmp_path)
    pods = {pod.owner.rpartition("-")[2]: pod for pod in pod_templates(manifests)}
    assert pods["bot"].settings["MODEL"] == "embedded"
    assert pods["bot"].settings["MODELS"] == "ali-vilab/i2vgen-xl=a100 i2vgen-xl=a100"
    assert pods["small"].settings["MODEL"] == "embedded"
    assert pods["bot"].settings["MODELS_ON_DEMAND"] == "ali-vilab/i2vgen-xl embedded i2vgen-xl"
    assert "HARDWARE_PROFILE" not in pods["small"].settings
    assert pods["full"].settings["MODEL"] == "ali-vilab/i2vgen-xl"
    assert pods["full"].settings["HARDWARE_PROFILE"] == "a100"
    assert pods["spare"].settings["MODEL"] == "/weights/my folder"
    assert pods["spare"].settings["MODEL_ROW"] == "i2vgen-xl"
    urls = {
        one["metadata"]["name"].rpartition("-")[2]: trigger["metadata"]["url"].partition("?")[2]
        for one in manifests
        if one["apiVersion"].startswith("keda.sh")
        for trigger in one["spec"]["triggers"]
    }
    assert urls == {
        "small": "model=embedded",
        "full": "model=ali-vilab%2Fi2vgen-xl",
        "spare": "model=i2vgen-xl",
    }


def test_the_bot_knows_for_which_models_workers_are_started(tmp_path: Path) -> None:
    stays = {"mode": "deployment", "replicas": 1}
    two = TWO_MODELS["workers"]
    cases: dict[str | None, dict[str, Any]] = {
        "embedded": {},
        None: {"workers": {"gpu": stays}},
        "/weights/my%20folder%2050%25": {"model": {"source": "/weights/my folder 50%"}},
        "i2vgen-xl": {"workers": {**two, "small": stays, "full": two["full"] | stays}},
    }
    for started, values in cases.items():
        pods = pod_templates(render(values, tmp_path))
        [bot] = [pod for pod in pods if pod.owner.endswith("-bot")]
        assert bot.settings.get("MODELS_ON_DEMAND") == started


def test_the_values_in_the_operators_guide_are_right(tmp_path: Path) -> None:
    guide = ROOT.joinpath("docs", "operating.md").read_text("utf-8")
    [block] = re.findall(r"^```yaml\n(.*?)^```\n", guide, re.DOTALL | re.MULTILINE)
    manifests = render(yaml.safe_load(block), tmp_path)
    assert faults(manifests) == []
    assert len([pod for pod in pod_templates(manifests) if pod.is_worker]) == 3


def test_the_versions_are_the_projects() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert f'version = "{chart["appVersion"]}"' in (ROOT / "pyproject.toml").read_text("utf-8")
