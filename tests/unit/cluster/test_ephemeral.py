"""An ephemeral container: what it reaches, and which one goes on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from kubectl_restore.cluster.ephemeral import Ephemeral, seen_container, wanted
from kubectl_restore.cluster.helper_pod import HelperPod, State, User
from kubectl_restore.errors import PodCannotError

MOUNTS = [
    {"name": "data", "mountPath": "/data"},
    {"name": "data", "mountPath": "/data/part", "subPath": "p"},
    {"name": "logs", "mountPath": "/logs/"},
]


def pod(*ephemeral: str, running: tuple[str, ...] = (), **container: object) -> bytes:
    """Return a pod with one container, and ephemeral ones."""
    statuses = [
        {"name": one, "state": {"running": {}} if one in running else {"terminated": {}}}
        for one in ephemeral
    ]
    return json.dumps(
        {
            "metadata": {"name": "db-0", "namespace": "prod", "uid": "u1"},
            "spec": {
                "containers": [{"name": "app", "volumeMounts": MOUNTS, **container}],
                "ephemeralContainers": [{"name": one} for one in ephemeral],
            },
            "status": {
                "phase": "Running",
                "containerStatuses": [
                    {"name": "app", "user": {"linux": {"uid": 70, "gid": 71}}, "state": {}}
                ],
                "ephemeralContainerStatuses": statuses,
            },
        }
    ).encode()


def reach(text: bytes, path: str = "/data", user: User | None = None) -> Ephemeral:
    wish = HelperPod("", user=user)
    return wanted(text, container="app", path=path, wish=wish, seconds=60, at=" -n prod")


def test_it_has_the_volumes_where_they_stand_and_runs_as_the_container_does() -> None:
    found = reach(pod())
    assert found.custom["volumeMounts"] == [MOUNTS[0], MOUNTS[2]]
    assert found.custom["securityContext"] == {"runAsUser": 70, "runAsGroup": 71}
    said = reach(pod(securityContext={"runAsUser": 5, "readOnlyRootFilesystem": True}))
    assert said.custom["securityContext"] == {"runAsUser": 5, "readOnlyRootFilesystem": True}
    chosen = reach(pod(), user=User(7, 8))
    assert chosen.custom["securityContext"] == {"runAsUser": 7, "runAsGroup": 8}


@pytest.mark.parametrize("path", ["/", "/etc", "/datax", "/data/part", "/data/part/x"])
def test_what_it_cannot_reach_is_refused(path: str) -> None:
    with pytest.raises(PodCannotError, match="no ephemeral container reaches"):
        reach(pod(), path)


def test_below_a_volume_is_reached() -> None:
    assert reach(pod(), "/logs/app").name.endswith("-1")


def test_one_that_runs_is_gone_on_with_and_one_that_ended_is_not() -> None:
    name = reach(pod()).name
    assert not reach(pod()).is_there
    again = reach(pod(name, running=(name,)))
    assert (again.name, again.is_there) == (name, True)
    after = reach(pod(name))
    assert (after.name, after.is_there) == (name.removesuffix("1") + "2", False)
    reads = wanted(
        pod(name, running=(name,)),
        container="app",
        path="/data",
        wish=HelperPod("", reads=True),
        seconds=60,
        at="",
    )
    assert not reads.is_there
    assert all(one["readOnly"] for one in reads.custom["volumeMounts"])
    # Of another container, or as somebody else, it is another one.
    assert reach(pod(), user=User(7, 8)).name != name


def test_how_far_it_is() -> None:
    text = pod("one", "two", running=("one",))
    assert seen_container(text, "one").state is State.RUNNING
    assert seen_container(text, "two").state is State.ENDED
    assert seen_container(text, "three").state is State.STARTING


def test_it_ends_when_it_is_told_and_after_its_time(tmp_path: Path) -> None:
    ephemeral = Ephemeral("restore-x", "busybox", {}, is_there=False, seconds=600)
    there = str(tmp_path / "end")

    def words(command: list[str]) -> list[str]:
        return [there if one == ephemeral.ending else one for one in command]

    with subprocess.Popen(words(ephemeral.command)) as waiting:
        subprocess.run(words(ephemeral.to_end()), check=True)
        assert waiting.wait(30) == 0
    assert not Path(there).exists()
    assert subprocess.run([*words(ephemeral.command)[:-1], "0"], check=False).returncode == 0
