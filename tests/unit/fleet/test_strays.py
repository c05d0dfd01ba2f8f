"""Which files beside a fleet's backups are backups without a pod."""

from __future__ import annotations

import pytest

from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.fleet.replicas import Replica
from kubectl_restore.fleet.strays import strays

DB = Target("db", kind=Kind.STATEFUL_SET)
REPLICAS = [Replica(f"db-{n}", "prod", f"u{n}", f"data-db-{n}") for n in range(2)]


@pytest.mark.parametrize(
    ("template", "target", "files", "found"),
    [
        (
            "b/{pod}.tar",
            DB,
            ["b/db-0.tar", "b/db-4.tar", "b/crash.tar", "b/db-x.tar"],
            "b/db-4.tar",
        ),
        ("b//{pod}.tar", DB, ["b/db-0.tar", "b/db-4.tar"], "b/db-4.tar"),
        ("./db-{ordinal}.tar", DB, ["./db-1.tar", "./db-7.tar", "./db-old.tar"], "./db-7.tar"),
        ("{claim}.tar", DB, ["data-db-0.tar", "data-db-5.tar", "wal-db-5.tar"], "data-db-5.tar"),
        ("{namespace}/{pod}.tar", DB, ["prod/db-3.tar", "test/db-3.tar"], "prod/db-3.tar"),
        ("{pod}/{pod}.tar", DB, ["db-3/db-3.tar", "db-3/db-2.tar"], "db-3/db-3.tar"),
        (
            "{pod}.tar",
            Target("web", kind=Kind.DEPLOYMENT),
            ["web-7f9c4-x2kqz.tar", "web.tar", "web-old.tar", "website-1-2.tar"],
            "web-7f9c4-x2kqz.tar",
        ),
        (
            "{pod}.tar",
            Target("node", kind=Kind.DAEMON_SET),
            ["node-x2kqz.tar", "x.tar"],
            "node-x2kqz.tar",
        ),
        (
            "{pod}.tar",
            Target("dump", kind=Kind.JOB),
            ["dump-0-x2kqz.tar", "x.tar"],
            "dump-0-x2kqz.tar",
        ),
        # Anybody's pods may have the labels.
        ("{pod}.tar", Target("app=db", kind=Kind.SELECTOR), ["crash.tar", "A b.tar"], "crash.tar"),
    ],
)
def test_a_stray_is_what_a_pod_of_the_workload_could_have(
    template: str, target: Target, files: list[str], found: str
) -> None:
    known = [f"b/{one.pod}.tar" for one in REPLICAS]
    known += [f"db-{one.ordinal}.tar" for one in REPLICAS] + [
        f"{one.claim}.tar" for one in REPLICAS
    ]
    assert strays(template, files, known, target, REPLICAS) == [found]
