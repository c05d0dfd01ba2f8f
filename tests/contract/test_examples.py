"""The examples for CI systems: their shape, and what their scripts do. The systems are not here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from kubectl_restore.errors import ExitCode
from tests.contract import trees
from tests.contract.clusters import KUBECTL, ROOT
from tests.pages.scenes import variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.contract.clusters import Cluster

_NAMED: Final = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
        "type": {"enum": ["string", "array"]},
        "description": {"type": "string"},
        "default": {},
        "readOnly": {"type": "boolean"},
        "value": {"type": "string"},
    },
}
_TASK: Final = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "tekton.dev/v1"},
        "kind": {"const": "Task"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": {
            "type": "object",
            "required": ["steps"],
            "additionalProperties": False,
            "properties": {
                "description": {"type": "string"},
                "params": {"type": "array", "items": _NAMED},
                "workspaces": {"type": "array", "items": _NAMED},
                "results": {"type": "array", "items": _NAMED},
                "steps": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["name", "image", "script"],
                        "additionalProperties": False,
                        "properties": {
                            "name": {"type": "string"},
                            "image": {"type": "string"},
                            "workingDir": {"type": "string"},
                            "env": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["name", "value"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "name": {"type": "string"},
                                        "value": {"type": "string"},
                                    },
                                },
                            },
                            "args": {"type": "array", "items": {"type": "string"}},
                            "script": {"type": "string"},
                        },
                    },
                },
            },
        },
    },
}
"""As much of a Task as the example has, after Tekton's page on Tasks (tekton.dev/v1)."""


def _object(directory: Path, text: str) -> dict[str, Any]:
    """Return a YAML text of Kubernetes' form, as kubectl reads it; no cluster is asked."""
    path = directory / "object.yaml"
    path.write_text(text, "utf-8")
    words = [KUBECTL, "annotate", "--local", "-f", str(path), "read=yes", "--output=json"]
    found = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    del found["metadata"]["annotations"]
    return dict(found)


def _task(directory: Path) -> dict[str, Any]:
    return _object(directory, (ROOT / "examples/tekton/task.yaml").read_text("utf-8"))


def _wrapped(directory: Path, name: str) -> dict[str, Any]:
    """Return an example that is no object, wrapped into one for kubectl to read."""
    text = (ROOT / "examples" / name).read_text("utf-8")
    wrapped = "".join(f"  {line}" for line in text.splitlines(keepends=True))
    head = "apiVersion: example/v1\nkind: Wrapped\nmetadata: { name: x }\nspec:\n"
    return dict(_object(directory, head + wrapped)["spec"])


def _action(directory: Path) -> dict[str, Any]:
    return _wrapped(directory, "github/action.yml")


def _job(directory: Path) -> dict[str, Any]:
    return dict(_wrapped(directory, "gitlab/restore.yml")["restore-staging"])


def _scripts(directory: Path) -> dict[str, str]:
    task, action = _task(directory), _action(directory)
    return {
        "GitLab's job sh": "\n".join(_job(directory)["script"]) + "\n",
        **{f"{one['name']} bash": one["run"] for one in action["runs"]["steps"]},
        **{f"{one['name']} sh": one["script"] for one in task["spec"]["steps"]},
    }


def _run(words: list[str], directory: Path, environment: Mapping[str, str]) -> int:
    return subprocess.run(
        words, cwd=directory, env=environment, stdin=subprocess.DEVNULL, check=False
    ).returncode


def test_the_task_has_the_shape_of_one_and_uses_what_it_declares(tmp_path: Path) -> None:
    task = _task(tmp_path)
    Draft202012Validator(_TASK).validate(task)
    spec = task["spec"]
    kinds = ("params", "workspaces", "results")
    declared = {f"{kind}.{one['name']}" for kind in kinds for one in spec[kind]}
    used = re.findall(r"\$\(((?:params|workspaces|results)\.[a-z-]+)", json.dumps(spec["steps"]))
    assert set(used) == declared


def test_nothing_of_an_input_stands_in_a_script(tmp_path: Path) -> None:
    for name, script in _scripts(tmp_path).items():
        assert "${{" not in script, name
        assert "$(params" not in script, name


def test_the_scripts_pass_shellcheck(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("shellcheck")
    for name, script in _scripts(tmp_path).items():
        words = [str(program), f"--shell={name.rpartition(' ')[2]}", "-"]
        done = subprocess.run(words, input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.usefixtures("embedded_only")
def test_the_action_restores_with_what_it_is_given(cluster: Cluster, tmp_path: Path) -> None:
    pod = cluster.pod("debian")
    (tmp_path / "backup.tar").write_bytes(trees.small())
    steps = {one.get("id"): one for one in _action(tmp_path)["runs"]["steps"]}
    inputs = {
        "target": pod.name,
        "backup": "backup.tar",
        "path": pod.path,
        "namespace": cluster.namespace,
        "kubeconfig": cluster.kubeconfig.read_text("utf-8"),
        "flags": "--force\n--receipt=receipt one.json\n",
    }
    given = {
        name: inputs[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for name, value in steps["restore"]["env"].items()
    }
    own = {"RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output")}
    # As GitHub starts `shell: bash`.
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps["restore"]["run"]]
    assert _run(words, tmp_path, {**variables(cluster, tmp_path), **given, **own}) == 0
    assert (tmp_path / "output").read_text() == "exit-code=0\n"
    assert not (tmp_path / "restore-kubeconfig").exists()
    assert (tmp_path / "receipt one.json").exists()
    assert b"app/config.yaml" in pod.host_tree()


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize(("name", "code"), [("backup.tar", 0), ("none.tar", 3)])
def test_the_task_restores_and_ends_with_the_exit_code(
    cluster: Cluster, tmp_path: Path, name: str, code: int
) -> None:
    pod = cluster.pod("debian")
    (tmp_path / "backup.tar").write_bytes(trees.small())
    step = _task(tmp_path)["spec"]["steps"][0]
    values = {
        "$(params.target)": pod.name,
        "$(params.backup)": name,
        "$(params.path)": pod.path,
        "$(params.namespace)": cluster.namespace,
        "$(results.exit-code.path)": str(tmp_path / "code"),
    }
    given = {one["name"]: values[one["value"]] for one in step["env"]}
    script = tmp_path / "script"
    script.write_text(step["script"], "utf-8")
    script.chmod(0o755)
    words = [str(script), "--force", "--receipt=receipt.json"]
    assert _run(words, tmp_path, {**variables(cluster, tmp_path), **given}) == code
    assert (tmp_path / "code").read_text() == str(code)
    assert (b"app/config.yaml" in pod.host_tree()) == (code == 0)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("gitlab-ci", "gitlab/restore.yml"),
        ("github-workflows", "github/workflow.yml"),
        ("github-actions", "github/action.yml"),
    ],
)
def test_a_ci_systems_own_schema_takes_its_example(tmp_path: Path, schema: str, name: str) -> None:
    example = ROOT / "examples" / name
    assert _valid(schema, example) == 0
    # It is no schema that takes everything.
    wrong = tmp_path / "wrong.yml"
    said = example.read_text("utf-8")
    wrong.write_text(
        re.sub(r"^( *)(timeout|runs-on|runs):", r"\1nonsense:", said, flags=re.MULTILINE)
    )
    assert _valid(schema, wrong) != 0


def _valid(schema: str, path: Path) -> int:
    program = Path(sys.executable).with_name("check-jsonschema")
    words = [str(program), "--builtin-schema", f"vendor.{schema}", str(path)]
    return subprocess.run(words, capture_output=True, check=False).returncode


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize(("name", "code"), [("backup.tar", 0), ("none.tar", 3)])
def test_gitlabs_job_restores_with_its_variables(
    cluster: Cluster, tmp_path: Path, name: str, code: int
) -> None:
    pod = cluster.pod("debian")
    (tmp_path / "backup.tar").write_bytes(trees.small())
    job = _job(tmp_path)
    given = {"TARGET": pod.name, "BACKUP": name, "TARGET_PATH": pod.path}
    given["NAMESPACE"] = cluster.namespace
    assert given.keys() == job["variables"].keys()
    # As GitLab's runner does: one shell for all lines, which ends with the first failure.
    words = ["sh", "-ec", "\n".join(job["script"])]
    assert _run(words, tmp_path, {**variables(cluster, tmp_path), **given}) == code
    assert (tmp_path / job["artifacts"]["paths"][0]).exists()
    assert (b"app/config.yaml" in pod.host_tree()) == (code == 0)


def _cron_job(directory: Path) -> dict[str, Any]:
    return _object(directory, (ROOT / "examples/kubernetes/cronjob.yaml").read_text("utf-8"))


@pytest.mark.usefixtures("embedded_only")
def test_the_cron_jobs_command_restores(cluster: Cluster, tmp_path: Path) -> None:
    pod = cluster.pod("debian")
    (tmp_path / "db.tar.gz").write_bytes(trees.small())
    spec = _cron_job(tmp_path)["spec"]["jobTemplate"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    there = {"sts/db": pod.name, "/backup/db.tar.gz": "db.tar.gz", "/data": pod.path}
    words = [there.get(word, word) for word in container["command"]]
    assert len(set(words) - set(container["command"])) >= 2
    assert _run(words, tmp_path, variables(cluster, tmp_path)) == 0
    assert b"app/config.yaml" in pod.host_tree()
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["values"] == [ExitCode.RESTORED, ExitCode.INTERRUPTED]


def test_a_real_api_server_takes_the_cron_job(cluster: Cluster) -> None:
    if cluster.embedded is not None:
        pytest.skip("only a real API server knows its schema")
    example = ROOT / "examples/kubernetes/cronjob.yaml"
    words = ["apply", "--dry-run=server", "--validate=strict", f"--filename={example}"]
    subprocess.run([*cluster.kubectl, *words], check=True)
