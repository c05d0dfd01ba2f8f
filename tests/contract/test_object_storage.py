"""Backups that are objects: restored and compared by ranges, and nothing secret is shown."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import diff, restore, run, verify
from tests.stores.s3 import SERVERS, put, running
from tests.stores.server import Asked, Reply, StoreServer, s3_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

MIB = 1024 * 1024
SECRET = "5ec2e7a9"  # noqa: S105 - nobody's
LARGE = trees.of_size(24 * MIB, files=6)


@pytest.fixture
def server() -> Iterator[StoreServer]:
    with StoreServer() as one:
        yield one


@pytest.fixture
def variables(server: StoreServer, tmp_path: Path) -> dict[str, str]:
    """What the program is told of the server; and a home without any profile."""
    home = tmp_path / "home"
    home.mkdir()
    return {**server.environment, "HOME": str(home), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def held(pod: Pod, archive: bytes) -> list[str]:
    """Return how what stands in a pod differs from a backup."""
    return trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root)


@pytest.fixture(scope="module", params=SERVERS)
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    with running(request.param) as address:
        put(address, "/backups")
        yield address


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_an_object_is_restored_proved_and_found_again(
    cluster: Cluster, store: str, variables: dict[str, str], *, packed: bool
) -> None:
    archive = trees.two_thousand()
    content = gzip.compress(archive) if packed else archive
    name = "db/nightly 1.tar.gz" if packed else "db/nightly 1.tar"
    put(store, f"/backups/{name}".replace(" ", "%20"), content)
    digest = hashlib.sha256(content).hexdigest()
    line = f"{digest}  {name.rpartition('/')[2]}\n".encode()
    put(store, f"/backups/{name}.sha256".replace(" ", "%20"), line)
    told = {**variables, "AWS_ENDPOINT_URL": store}
    pod, place = cluster.pod("debian"), f"s3://backups/{name}"
    result = restore(pod, place, "--require-checksum", variables=told)
    assert result.code == 0, result
    assert result.out.startswith("Restored "), result
    assert held(pod, archive) == []
    assert f"the backup matches {place}.sha256 (sha256)" in result.err
    again = restore(pod, place, variables=told)
    assert again.code == 0, again
    assert again.out.startswith("Nothing to restore"), again
    assert verify(pod, place, variables=told).code == 0
    assert diff(pod, place, variables=told).code == 0
    looked_into = run("inspect", place, "-o", "json", variables=told)
    assert looked_into.code == 0, looked_into
    assert json.loads(looked_into.out)["backup"] == place


def test_what_stands_there_already_is_not_fetched(
    cluster: Cluster, server: StoreServer, variables: dict[str, str]
) -> None:
    server.objects["/bucket/x.tar"] = LARGE
    pod, place = cluster.pod("debian"), "s3://bucket/x.tar"
    assert restore(pod, place, variables=variables).code == 0
    some = max(trees.tree_of(LARGE)).decode()
    pod.run("rm", f"{pod.path}/{some}")
    server.asked.clear()
    result = restore(pod, place, "-v", variables=variables)
    assert result.code == 0, result
    assert held(pod, LARGE) == []
    fetched = sum(end - start for start, end in server.ranges_of("/bucket/x.tar"))
    assert fetched < len(LARGE) / 6 + MIB
    assert re.search(r"fetched [\d,]+ of the object's [\d,]+ bytes in \d+ requests", result.err)


def test_a_presigned_url_restores_and_its_signature_is_shown_nowhere(
    cluster: Cluster, server: StoreServer, variables: dict[str, str], tmp_path: Path
) -> None:
    server.objects["/bucket/x.tar.gz"] = gzip.compress(trees.two_thousand())
    url = f"{server.url}/bucket/x.tar.gz?X-Amz-Signature={SECRET}&X-Amz-Expires=60"
    pod = cluster.pod("debian")
    receipt, log = tmp_path / "receipt.json", tmp_path / "log"
    flags = (f"--receipt={receipt}", f"--log-file={log}", "-vv")
    results = [
        restore(pod, url, *flags, "-o", "json", variables=variables),
        # In the way, refused, damaged, missing: each says a command to go on with.
        restore(pod, url, *flags, "--overwrite=always", "--dry-run", variables=variables),
        restore(cluster.pod("debian"), url + "&x=1", *flags, "--bogus", variables=variables),
        run("inspect", url, "--list", variables=variables),
        run("seal", url, variables=variables),
        run(url, pod.name, variables=variables),
        run(pod.name, url, "too", "many", variables=variables),
        run("verify", url, variables=variables),
    ]
    server.objects["/bucket/x.tar.gz"] = server.objects["/bucket/x.tar.gz"][:-40]
    results.append(restore(pod, url, *flags, variables=variables))
    server.wrong = lambda _asked, _right: s3_error(403, "AccessDenied", "Request has expired")
    results.append(restore(pod, url, *flags, variables=variables))
    # Its server repeats it.
    server.wrong = lambda asked, _: s3_error(403, "Odd", f"{asked.query}\nFix: rm -rf /")
    odd = [restore(pod, url, *flags, "-o", "json", variables=variables)]
    odd.append(restore(pod, url, *flags, variables=variables))
    assert all("Odd: REDACTED Fix: rm -rf /" in one.out + one.err for one in odd)
    results += odd
    server.wrong = lambda asked, _: Reply(200, server.objects[asked.path], {"ETag": '"1"'})
    results.append(restore(pod, url, *flags, variables=variables))
    fix = results[-1].err.partition("Fix: ")[2]
    assert f"?REDACTED' | kubectl restore pod/{pod.name} - " in fix
    assert f" --target-path={pod.path} " in fix
    results.append(run("inspect", url, variables=variables))
    assert "?REDACTED' > backup.tar && kubectl restore inspect backup.tar\n" in results[-1].err
    assert [one.code for one in results] == [0, 0, 2, 0, 2, 2, 2, 2, 3, 5, 5, 5, 3, 3]
    assert any(asked.query.startswith(f"X-Amz-Signature={SECRET}") for asked in server.asked)
    for one in results:
        assert SECRET not in one.out + one.err, one
    cached = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert receipt in cached
    assert log in cached
    for path in cached:
        assert SECRET.encode() not in path.read_bytes(), path


def test_keys_are_shown_nowhere(
    cluster: Cluster, server: StoreServer, variables: dict[str, str], tmp_path: Path
) -> None:
    server.objects["/bucket/x.tar"] = trees.small()
    told = {**variables, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": f"{SECRET}-t"}
    log, receipt = tmp_path / "log", tmp_path / "receipt.json"
    pod = cluster.pod("debian")
    flags = (f"--log-file={log}", f"--receipt={receipt}", "-vv")
    results = [restore(pod, "s3://bucket/x.tar", *flags, variables=told)]
    server.wrong = lambda _asked, _right: s3_error(403, "SignatureDoesNotMatch", f"{SECRET}-t")
    results.append(restore(pod, "s3://bucket/x.tar", *flags, variables=told))
    assert [one.code for one in results] == [0, 5]
    said = "".join(one.out + one.err for one in results)
    assert SECRET not in said + log.read_text() + receipt.read_text()


@pytest.mark.leaves("record")
def test_an_object_that_changes_while_it_is_sent_is_exit_3(
    cluster: Cluster, server: StoreServer, variables: dict[str, str]
) -> None:
    server.objects["/bucket/x.tar"] = LARGE

    def wrong(asked: Asked, right: Reply) -> Reply | None:
        is_late = asked.path == "/bucket/x.tar" and (asked.start or 0) > len(LARGE) // 2
        is_sent = is_late and (asked.end or 0) - (asked.start or 0) > MIB
        return Reply(206, right.body, {**right.headers, "ETag": '"2"'}) if is_sent else None

    server.wrong = wrong
    result = restore(cluster.pod("debian"), "s3://bucket/x.tar", variables=variables)
    assert result.code == 3, result
    assert "the backup changed while it was read" in result.err
    fix = result.err.partition("Fix: ")[2]
    assert fix.startswith("kubectl restore ")
    assert " --force --compare=checksum  # once the backup is complete\n" in fix
    assert "Restored" not in result.out


def test_a_store_that_is_away_for_a_while_is_gone_on_with(
    cluster: Cluster, server: StoreServer, variables: dict[str, str]
) -> None:
    server.objects["/bucket/x.tar"] = LARGE
    refused = [0]

    def wrong(asked: Asked, _right: Reply) -> Reply | None:
        # Longer than one range is asked for again.
        if (asked.end or 0) - (asked.start or 0) > MIB and refused[0] < 8:
            refused[0] += 1
            return s3_error(503, "SlowDown")
        return None

    server.wrong = wrong
    pod = cluster.pod("debian")
    result = restore(pod, "s3://bucket/x.tar", variables=variables)
    assert result.code == 0, result
    assert refused[0] == 8
    assert held(pod, LARGE) == []


def test_a_store_that_stays_away_is_exit_8_and_the_same_command_finishes(
    cluster: Cluster, server: StoreServer, variables: dict[str, str]
) -> None:
    server.objects["/bucket/x.tar"] = LARGE
    server.wrong = lambda asked, _: (
        s3_error(503, "SlowDown") if (asked.start or 0) > 8 * MIB and not asked.query else None
    )
    pod = cluster.pod("debian")
    result = restore(pod, "s3://bucket/x.tar", "--retries=0", variables=variables)
    assert result.code == 8, result
    assert "does not answer now" in result.err
    server.wrong = lambda _asked, _right: None
    result = restore(pod, "s3://bucket/x.tar", variables=variables)
    assert result.code == 0, result
    assert held(pod, LARGE) == []


def test_a_cut_object_is_exit_3_and_salvaged_as_a_file_is(
    cluster: Cluster, server: StoreServer, variables: dict[str, str]
) -> None:
    server.objects["/bucket/x.tar"] = LARGE[: len(LARGE) // 2]
    pod = cluster.pod("debian")
    result = restore(pod, "s3://bucket/x.tar", variables=variables)
    assert result.code == 3, result
    assert "truncated" in result.err
    salvaged = restore(pod, "s3://bucket/x.tar", "--salvage", variables=variables)
    whole = [name for name, seen in pod.tree().items() if seen == trees.tree_of(LARGE)[name]]
    assert len(whole) == 3, salvaged


def test_what_is_replaced_is_saved_and_deleted_is_deleted(
    cluster: Cluster, server: StoreServer, variables: dict[str, str], tmp_path: Path
) -> None:
    server.objects["/bucket/x.tar"] = trees.small()
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    pod.run("sh", "-c", f"echo extra >{pod.path}/app/extra")
    saved = tmp_path / "before.tar"
    flags = ("--force", "--delete", f"--save-replaced={saved}")
    result = restore(pod, "s3://bucket/x.tar", *flags, variables=variables)
    assert result.code == 0, result
    assert held(pod, trees.small()) == []
    assert saved.exists()


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_several_lanes_read_one_object(
    cluster: Cluster, server: StoreServer, variables: dict[str, str], jobs: str
) -> None:
    archive = trees.of_size(8 * MIB, files=400)
    server.objects["/bucket/x.tar"] = archive
    pod = cluster.pod("debian")
    result = restore(pod, "s3://bucket/x.tar", f"--jobs={jobs}", variables=variables)
    assert result.code == 0, result
    assert held(pod, archive) == []
