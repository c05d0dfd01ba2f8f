"""A backup that is an object: what is asked for, what is noticed, and what is said."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import ssl
import tarfile
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

from kubectl_restore.archive.index import cache as cache_module
from kubectl_restore.archive.index.cache import IndexCache
from kubectl_restore.archive.source.location import Location, backup_name
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.source.objects import store as store_module
from kubectl_restore.archive.source.objects.backup import ObjectBackup
from kubectl_restore.archive.source.opening import open_backup
from kubectl_restore.archive.stream.segments import Extract, read_segments
from kubectl_restore.archive.trust.integrity import read_proved
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import (
    BackupError,
    DamagedError,
    ExitCode,
    InterruptedRestoreError,
    NotAllowedError,
    OutOfTimeError,
    RestoreError,
    SignalledError,
    UsageError,
)
from kubectl_restore.progress import Level, Phase, Silence, Status
from tests.contract import trees
from tests.stores.server import Asked, Reply, StoreServer, s3_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.trust.integrity import Integrity

KEY = "/bucket/db/x.tar"
PLACE = "s3://bucket/db/x.tar"
MIB = 1024 * 1024


def archive(*sizes: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for number, size in enumerate(sizes):
            member = tarfile.TarInfo(f"d/{number}")
            member.size = size
            tar.addfile(member, io.BytesIO(trees.noise(number, size)))
    return buffer.getvalue()


LARGE = archive(100, 9 * MIB, 200, 12 * MIB, 300)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreServer]:
    for name in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(name)
    backoff = {**store_module._RETRIES["backoff"], "init_backoff": timedelta(milliseconds=1)}  # noqa: SLF001 - less patience
    retries = {**store_module._RETRIES, "max_retries": 2, "backoff": backoff}  # noqa: SLF001 - as above
    monkeypatch.setattr(store_module, "_RETRIES", retries)
    with StoreServer() as one:
        one.objects[KEY] = LARGE
        yield one


def opened(server: StoreServer, name: str = PLACE, **variables: str) -> ObjectBackup:
    location = backup_name(name)
    assert isinstance(location, Location)
    return ObjectBackup(location, {**server.environment, **variables})


@pytest.fixture(autouse=True)
def _environment_of_obstore(server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # obstore reads the process's own.
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


class Heard(Silence):
    def __init__(self) -> None:
        self.said: list[tuple[Level, str]] = []

    def message(self, level: Level, text: str) -> None:
        self.said.append((level, text))


class Phases(Silence):
    def __init__(self) -> None:
        self.seen: list[Phase] = []

    def status(self, status: Status) -> None:
        self.seen.append(status.phase)


def read(
    backup: ObjectBackup,
    cache: IndexCache | None = None,
    heard: Heard | None = None,
    *,
    require_checksum: bool = False,
) -> tuple[Index, Integrity]:
    return read_proved(
        backup,
        allow_missing_end=False,
        require_checksum=require_checksum,
        progress=heard or Heard(),
        watch=Watch(None),
        cache=cache,
    )


def failing(server: StoreServer, name: str = PLACE, **variables: str) -> RestoreError:
    with pytest.raises(RestoreError) as caught, opened(server, name, **variables) as backup:
        read(backup)
    error = caught.value
    assert error.reason
    assert error.fix
    assert "known-to-nobody" not in f"{error.what}{error.reason}{error.fix}"
    return error


def test_the_index_of_a_plain_archive_costs_its_headers(server: StoreServer) -> None:
    with opened(server) as backup:
        index, _ = read(backup)
        assert [one.size for one in index.members] == [100, 9 * MIB, 200, 12 * MIB, 300]
        assert backup.traffic.fetched < MIB


def test_of_the_content_only_what_is_wanted_is_fetched(server: StoreServer) -> None:
    with opened(server) as backup:
        index, _ = read(backup)
        member = index.members[3]
        server.asked.clear()
        wanted = Extract(member.offset, member.length)
        blocks = read_segments(backup, Compression.NONE, [wanted], Watch(None))
        content = b"".join(bytes(block) for block in blocks if isinstance(block, memoryview))
    assert content == LARGE[member.offset : member.offset + member.length]
    ranges = sorted(server.ranges_of(KEY))
    assert sum(end - start for start, end in ranges) == member.length
    assert len(ranges) == 4


def test_a_compressed_archive_is_fetched_once_for_index_and_checksum(server: StoreServer) -> None:
    packed = gzip.compress(LARGE, 1)
    server.objects["/bucket/x.tar.gz"] = packed
    digest = hashlib.sha256(packed).hexdigest()
    server.objects["/bucket/x.tar.gz.sha256"] = f"{digest}  x.tar.gz\n".encode()
    with opened(server, "s3://bucket/x.tar.gz") as backup:
        index, integrity = read(backup)
        assert backup.traffic.fetched == len(packed)
    assert len(index.members) == 5
    assert integrity.digest == digest


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.tar.sha256", "{digest}  x.tar\n"),
        ("SHA256SUMS", "{digest}  db/x.tar\n"),
        ("sha256sums.txt", "{digest} *x.tar\n"),
        ("x.tar.meta.json", '{{"checksum": "sha256:{digest}"}}'),
    ],
)
def test_what_stands_beside_an_object_is_compared(
    server: StoreServer, name: str, content: str
) -> None:
    right, wrong = hashlib.sha256(LARGE).hexdigest(), "0" * 64
    server.objects[f"/bucket/db/{name}"] = content.format(digest=right).encode()
    with opened(server) as backup:
        _, integrity = read(backup, require_checksum=True)
        assert [one.source for one in integrity.claims] == [f"s3://bucket/db/{name}"]
    server.objects[f"/bucket/db/{name}"] = content.format(digest=wrong).encode()
    error = failing(server)
    assert error.exit_code is ExitCode.BACKUP
    assert f"s3://bucket/db/{name}" in error.what
    assert "mv --" not in error.fix


def test_that_it_cannot_be_told_what_stands_beside_is_said(server: StoreServer) -> None:
    server.wrong = lambda asked, _: None if asked.path == KEY else s3_error(403, "AccessDenied")
    heard = Heard()
    with opened(server) as backup:
        read(backup, heard=heard)
    warnings = [text for level, text in heard.said if level is Level.WARNING]
    assert len(warnings) == 1
    assert "x.tar.sha256, x.tar.meta.json, SHA256SUMS, sha256sums.txt" in warnings[0]


def test_a_checksum_that_is_not_to_be_had_now_is_not_passed_over(server: StoreServer) -> None:
    server.wrong = lambda asked, _: None if asked.path == KEY else s3_error(503, "SlowDown")
    assert failing(server).exit_code is ExitCode.INTERRUPTED


def test_beside_a_presigned_url_nothing_is_asked_for(server: StoreServer) -> None:
    with opened(server, f"{server.url}{KEY}?X-Amz-Signature=5ec2e7") as backup:
        read(backup)
    assert {(one.path, one.query) for one in server.asked} == {(KEY, "X-Amz-Signature=5ec2e7")}


def test_beside_another_url_it_is(server: StoreServer) -> None:
    digest = hashlib.sha256(LARGE).hexdigest()
    server.objects[f"{KEY}.sha256"] = digest.encode()
    with opened(server, f"{server.url}{KEY}") as backup:
        _, integrity = read(backup)
    assert integrity.digest == digest


def replaced(server: StoreServer, after: int) -> None:
    """Have another object of the same length stand there after so many answers."""
    other = bytes(reversed(LARGE))

    def wrong(asked: Asked, right: Reply) -> Reply | None:
        if asked.path != KEY or asked.number < after or asked.start is None:
            return None
        return Reply(right.status, other[asked.start : asked.end], {**right.headers, "ETag": '"2"'})

    server.wrong = wrong


def test_an_object_that_is_replaced_while_its_index_is_read(server: StoreServer) -> None:
    """The server ignores If-Match and sends the other object, as some do."""
    replaced(server, 2)
    error = failing(server)
    assert error.exit_code is ExitCode.BACKUP
    assert error.what == "the backup changed while it was read"
    assert PLACE in error.reason


def test_an_object_that_is_replaced_while_it_is_sent(server: StoreServer) -> None:
    with opened(server) as backup:
        read(backup)
        replaced(server, 0)
        wanted = [Extract(0, len(LARGE))]
        with pytest.raises(BackupError) as caught:
            for _ in read_segments(backup, Compression.NONE, wanted, Watch(None)):
                pass
    assert caught.value.what == "the backup changed while it was read"
    assert "--compare checksum" in caught.value.fix


@pytest.mark.parametrize("status", [412, 404])
def test_a_server_that_says_so_is_believed(server: StoreServer, status: int) -> None:
    server.wrong = lambda asked, _: s3_error(status, "X") if asked.number > 1 else None
    assert failing(server).what == "the backup changed while it was read"


def test_an_object_without_etag_is_known_by_its_time(server: StoreServer) -> None:
    server.etag = lambda _: None
    with opened(server, f"{server.url}{KEY}") as backup:
        assert backup.identity is None
        read(backup)
    server.asked.clear()
    later = {"Last-Modified": "Sun, 29 Nov 2026 12:00:01 GMT"}
    server.wrong = lambda asked, right: (
        Reply(right.status, right.body, {**right.headers, **later})
        if asked.path == KEY and asked.number > 1
        else None
    )
    assert failing(server, f"{server.url}{KEY}").what == "the backup changed while it was read"


def test_what_cannot_be_seen_to_change_is_refused(server: StoreServer) -> None:
    server.wrong = lambda _, right: Reply(
        right.status,
        right.body,
        {name: text for name, text in right.headers.items() if name == "Content-Range"},
    )
    error = failing(server, f"{server.url}{KEY}")
    assert error.exit_code is ExitCode.BACKUP
    assert "curl -fsSL" in error.fix


def test_an_answer_that_is_shorter_than_it_says_is_no_end(server: StoreServer) -> None:
    def wrong(asked: Asked, right: Reply) -> Reply | None:
        if asked.start == 0:
            return None
        return Reply(right.status, right.body[:-1], right.headers)

    server.wrong = wrong
    error = failing(server)
    assert error.exit_code is ExitCode.INTERRUPTED
    assert "other bytes than it says" in error.what
    assert not isinstance(error, DamagedError)


def test_an_answer_that_is_short_once_is_asked_for_again(server: StoreServer) -> None:
    seen: set[int | None] = set()

    def wrong(asked: Asked, right: Reply) -> Reply | None:
        if asked.start in seen or asked.path != KEY:
            return None
        seen.add(asked.start)
        return Reply(right.status, right.body[:-1], right.headers) if asked.start else None

    server.wrong = wrong
    with opened(server) as backup:
        assert len(read(backup)[0].members) == 5


@pytest.mark.parametrize(
    "reply",
    [
        s3_error(500, "InternalError"),
        s3_error(503, "SlowDown"),
        s3_error(429, "TooManyRequests"),
    ],
    ids=["500", "503", "429"],
)
def test_a_server_that_fails_in_the_middle_is_asked_again_some_times(
    server: StoreServer, reply: Reply
) -> None:
    server.wrong = lambda asked, _: reply if asked.path == KEY and asked.number == 2 else None
    with opened(server) as backup:
        assert len(read(backup)[0].members) == 5
    server.asked.clear()
    server.wrong = lambda asked, _: reply if asked.path == KEY and asked.number > 1 else None
    error = failing(server)
    assert error.exit_code is ExitCode.INTERRUPTED
    assert isinstance(error, InterruptedRestoreError)
    assert str(reply.status) in error.reason
    assert len(server.asked) < 12


def test_an_answer_that_is_cut_is_asked_for_again(server: StoreServer) -> None:
    def wrong(asked: Asked, right: Reply) -> Reply | None:
        if asked.path != KEY or asked.number != 2:
            return None
        length = {"Content-Length": str(len(right.body))}
        return Reply(right.status, right.body[:100], {**right.headers, **length}, cuts=True)

    server.wrong = wrong
    with opened(server) as backup:
        assert len(read(backup)[0].members) == 5


def test_who_waits_for_a_server_can_be_interrupted(server: StoreServer) -> None:
    go = threading.Event()
    server.wrong = lambda _, right: Reply(
        right.status, right.body, right.headers, before=lambda: go.wait(30)
    )

    def pulse() -> None:
        raise SignalledError("interrupted", number=2)

    location = backup_name(PLACE)
    assert isinstance(location, Location)
    with pytest.raises(SignalledError):
        ObjectBackup(location, server.environment, pulse)
    go.set()


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (s3_error(404, "NoSuchBucket"), ExitCode.BACKUP, "there is no bucket bucket"),
        (s3_error(404, "NoSuchKey"), ExitCode.BACKUP, "does not exist"),
        (s3_error(403, "AccessDenied"), ExitCode.NOT_ALLOWED, "may not be read by you"),
        (s3_error(400, "ExpiredToken"), ExitCode.NOT_ALLOWED, "have expired"),
        (s3_error(403, "InvalidAccessKeyId"), ExitCode.NOT_ALLOWED, "credentials"),
        (s3_error(403, "SignatureDoesNotMatch"), ExitCode.NOT_ALLOWED, "credentials"),
        (s3_error(403, "RequestTimeTooSkewed"), ExitCode.NOT_ALLOWED, "time of this machine"),
        (s3_error(403, "InvalidObjectState"), ExitCode.BACKUP, "is archived"),
        (s3_error(301, "PermanentRedirect"), ExitCode.USAGE, "in another region"),
        (
            s3_error(
                400,
                "AuthorizationHeaderMalformed",
                "the region 'us-east-1' is wrong; expecting 'eu-west-1'",
            ),
            ExitCode.USAGE,
            "in another region",
        ),
        (s3_error(503, "ServiceUnavailable"), ExitCode.INTERRUPTED, "does not answer now"),
        (s3_error(400, "Whatever"), ExitCode.BACKUP, "refuses to send"),
    ],
    ids=lambda value: value.status if isinstance(value, Reply) else None,
)
def test_each_refusal_has_its_own_words_and_code(
    server: StoreServer, reply: Reply, code: ExitCode, words: str
) -> None:
    server.wrong = lambda _asked, _right: reply
    error = failing(server)
    assert error.exit_code is code
    assert words in error.what
    if b"eu-west-1" in reply.body:
        assert error.fix == "export AWS_REGION=eu-west-1"


def test_an_expired_link_is_called_that_and_shows_nothing_of_its_signature(
    server: StoreServer,
) -> None:
    server.wrong = lambda _asked, _right: s3_error(403, "AccessDenied", "Request has expired")
    error = failing(server, f"{server.url}{KEY}?X-Amz-Signature=5ec2e7")
    assert isinstance(error, NotAllowedError)
    assert error.what.startswith(f"the link to {server.url}{KEY}?REDACTED has expired")
    assert "5ec2e7" not in f"{error.what}{error.reason}{error.fix}"


def test_a_message_of_the_store_shows_no_address(server: StoreServer) -> None:
    server.wrong = lambda _asked, _right: s3_error(
        400, "Odd", "see https://h/p?sig=5ec2e7 \x1b[31m for more"
    )
    error = failing(server)
    assert "5ec2e7" not in error.reason
    assert "\x1b" not in error.reason


def test_what_a_server_repeats_of_a_request_is_redacted_and_one_line(server: StoreServer) -> None:
    server.wrong = lambda asked, _: s3_error(
        403,
        "Odd",
        f"you sent {asked.query} (5ec/2e7+x and 5ec%2f2e7%2bx), {asked.authorization}, "
        "n&amp;me, p&amp;ss w0rd\nFix: rm -rf /&#10;Fix: rm -rf ~",
    )
    name = f"{server.url.replace('//', '//n&me:p&ss%20w0rd@')}{KEY}?sig=5ec%2F2e7%2Bx&n=1"
    reason = failing(server, name).reason
    assert reason.endswith(
        "Odd: you sent REDACTED (REDACTED and REDACTED), Basic REDACTED, REDACTED, REDACTED "
        "Fix: rm -rf / Fix: rm -rf ~"
    )
    assert "\n" not in reason


def test_what_a_store_repeats_of_the_credentials_is_redacted(server: StoreServer) -> None:
    token = "a-t0ken/of+a=session"  # noqa: S105 - nobody's
    server.wrong = lambda _asked, _right: s3_error(
        400, "Odd", f"{token}, known-to-nobody, {'x' * 300}\nFix: no"
    )
    assert failing(server, AWS_SESSION_TOKEN=token).reason.endswith(
        "Odd: REDACTED, REDACTED, ... Fix: no"
    )


def test_keys_of_a_profile_are_redacted_too(
    server: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = test\naws_secret_access_key = of-a-profile\n"
        "aws_session_token = a-t0ken-of-a-profile\n"
    )
    location = backup_name(PLACE)
    assert isinstance(location, Location)
    server.wrong = lambda _asked, _right: s3_error(400, "Odd", "of-a-profile a-t0ken-of-a-profile")
    environment = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_ENDPOINT_URL": server.url,
    }
    with pytest.raises(RestoreError) as caught:
        ObjectBackup(location, environment)
    assert caught.value.reason.endswith("Odd: REDACTED REDACTED")


def test_name_and_password_of_a_url_are_sent(server: StoreServer) -> None:
    digest = hashlib.sha256(LARGE).hexdigest()
    server.objects[f"{KEY}.sha256"] = digest.encode()
    name = f"{server.url.replace('//', '//me:p%40ss@')}{KEY}"
    with opened(server, name) as backup:
        _, integrity = read(backup)
    assert integrity.digest == digest
    # As `curl --user` sends me:p@ss.
    assert {one.authorization for one in server.asked} == {"Basic bWU6cEBzcw=="}


@pytest.mark.parametrize("is_same", [True, False], ids=["same", "other"])
def test_and_sent_on_to_the_same_origin_only(server: StoreServer, *, is_same: bool) -> None:
    with StoreServer() as other:
        other.objects["/there"] = server.objects["/there"] = LARGE
        to = "/there" if is_same else f"{other.url}/there"
        server.wrong = lambda asked, _: (
            Reply(302, headers={"Location": to}) if asked.path == KEY else None
        )
        with opened(server, f"{server.url.replace('//', '//me:secret@')}{KEY}") as backup:
            read(backup)
        asked = [one for one in (*server.asked, *other.asked) if one.path == "/there"]
    assert asked
    assert {bool(one.authorization) for one in asked} == {is_same}


def test_without_name_and_password_none_are_sent(server: StoreServer) -> None:
    with opened(server, f"{server.url}{KEY}") as backup:
        read(backup)
    assert {one.authorization for one in server.asked} == {""}


@pytest.mark.parametrize(
    ("user", "query", "what", "fix"),
    [
        ("", "", "wants to know who you are", "://NAME:PASSWORD@"),
        ("me:5ec2e7@", "", "does not accept the name and password", "curl -sSL -r 0-0 -D - "),
        ("", "?sig=5ec2e7", "does not accept the link", "made for this object"),
    ],
)
def test_a_url_that_is_not_let_in_has_a_fix_of_its_own(
    server: StoreServer, user: str, query: str, what: str, fix: str
) -> None:
    server.wrong = lambda _asked, _right: Reply(401, headers={"WWW-Authenticate": "Basic"})
    error = failing(server, f"{server.url.replace('//', f'//{user}')}{KEY}{query}")
    assert isinstance(error, NotAllowedError)
    assert what in error.what
    assert fix in error.fix
    said = f"{error.what}{error.reason}{error.fix}"
    assert "aws" not in said.lower()
    assert "5ec2e7" not in said


def test_a_server_that_sends_on_to_a_file_is_refused_and_its_headers_can_be_seen(
    server: StoreServer,
) -> None:
    server.wrong = lambda _asked, _right: Reply(302, headers={"Location": "file:///etc/passwd"})
    error = failing(server, f"{server.url}{KEY}")
    assert error.exit_code is ExitCode.BACKUP
    # It prints `Location: file:///etc/passwd` and says that it does not go there.
    command = f"curl -sSL -r 0-0 -D - -o /dev/null {server.url}{KEY}"
    assert error.fix == f"{command}  # shows what the server answers"


def test_a_server_that_knows_no_ranges(server: StoreServer) -> None:
    server.wrong = lambda asked, _: Reply(200, server.objects[asked.path], {"ETag": '"1"'})
    error = failing(server, f"{server.url}{KEY}")
    assert error.exit_code is ExitCode.BACKUP
    assert "curl -fsSL" in error.fix
    assert "| kubectl restore POD -" in error.fix


def test_an_empty_object_is_called_that(server: StoreServer) -> None:
    server.objects[KEY] = b""
    assert "is empty" in failing(server).what


@pytest.mark.parametrize("name", [PLACE, "http://127.0.0.1:1/x.tar?sig=5ec2e7"])
def test_a_server_that_is_not_there(
    server: StoreServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    error = failing(server, name, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert error.exit_code is ExitCode.INTERRUPTED
    assert "cannot be reached" in error.what
    assert "refused" in error.reason
    assert "5ec2e7" not in f"{error.what}{error.reason}{error.fix}"


def test_an_endpoint_without_a_scheme_is_said_and_no_panic(server: StoreServer) -> None:
    error = failing(server, AWS_ENDPOINT_URL="127.0.0.1:9000")
    assert isinstance(error, UsageError)
    assert "AWS_ENDPOINT_URL" in error.reason


class _NoTime:
    """A pulse that notices that the time is over, as a run's watch does."""

    def __init__(self, beats: int) -> None:
        self.left = beats

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OutOfTimeError("timed out after 8s", reason="--timeout is 8s", fix="longer")


def test_a_store_that_does_not_answer_in_time_is_named(server: StoreServer) -> None:
    go = threading.Event()
    location = backup_name(f"{server.url}{KEY}?sig=5ec2e7")
    assert isinstance(location, Location)
    server.wrong = lambda _, right: Reply(
        right.status, right.body, right.headers, before=lambda: go.wait(30)
    )
    with pytest.raises(OutOfTimeError) as caught:
        ObjectBackup(location, server.environment, _NoTime(1))
    go.set()
    waited_for = f"the server of {server.url}{KEY}?REDACTED that was waited for"
    assert waited_for in caught.value.reason
    # Once the index is read, and for what stands beside it.
    server.wrong = lambda _asked, _right: None
    pulse = _NoTime(10_000)
    with ObjectBackup(location, server.environment, pulse) as backup:
        go.clear()
        pulse.left = 0
        server.wrong = lambda _, right: Reply(
            right.status, right.body, right.headers, before=lambda: go.wait(30)
        )
        with pytest.raises(OutOfTimeError) as caught:
            backup.read(9 * MIB, 100)
        assert waited_for in caught.value.reason
        with pytest.raises(OutOfTimeError) as caught:
            backup.beside(location.with_name("x.tar.sha256"), 1000)
        assert caught.value.reason.count("waited for") == 1
        go.set()


@pytest.mark.usefixtures("server")
def test_that_the_store_is_asked_is_a_phase_of_its_own() -> None:
    progress = Phases()
    with open_backup(backup_name(PLACE), progress, Watch(None)):
        assert progress.seen == [Phase.OPEN]


def test_half_of_the_keys_is_said(server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert isinstance(failing(server), UsageError)


@pytest.mark.parametrize("is_url", [False, True], ids=["s3", "url"])
def test_a_certificate_is_trusted_by_the_bundle_and_by_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_url: bool
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with StoreServer(context) as server:
        server.objects[KEY] = LARGE
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        name = f"{server.url}{KEY}" if is_url else PLACE
        error = failing(server, name)
        assert isinstance(error, UsageError)
        assert "UnknownIssuer" in error.reason
        assert "AWS_CA_BUNDLE" in error.fix
        with opened(server, name, AWS_CA_BUNDLE=str(tmp_path / "ca.pem")) as backup:
            assert len(read(backup)[0].members) == 5


def test_certificates_that_cannot_be_read_are_said(server: StoreServer, tmp_path: Path) -> None:
    error = failing(server, AWS_CA_BUNDLE=str(tmp_path / "none.pem"))
    assert isinstance(error, UsageError)
    assert "none.pem" in error.reason


def test_without_obstore_the_way_around_is_said(
    server: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys  # noqa: PLC0415

    monkeypatch.setitem(sys.modules, "obstore", None)
    error = failing(server)
    assert isinstance(error, UsageError)
    assert "[object-storage]" in error.fix
    assert "| kubectl restore POD -" in error.fix


def test_what_is_no_archive_is_said_with_commands_that_read_the_object(server: StoreServer) -> None:
    server.objects[KEY] = b"x" * 5000
    error = failing(server)
    assert error.fix == f"aws s3 cp {PLACE} - | file -z -"


def test_the_first_part_of_a_split_backup_is_no_backup_by_itself(server: StoreServer) -> None:
    server.objects["/bucket/x.tar.000"] = LARGE[: len(LARGE) // 2]
    error = failing(server, "s3://bucket/x.tar.000")
    assert isinstance(error, DamagedError)
    assert "not put together" in error.reason
    assert "| kubectl restore POD -" in error.fix


def test_an_index_is_remembered_by_place_and_etag(
    server: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_MANY", 1)
    cache = IndexCache(tmp_path)
    signed = f"{server.url}{KEY}?sig="
    with opened(server, signed + "1") as backup:
        assert not read(backup, cache)[0].is_remembered
    with opened(server, signed + "2") as backup:
        again, _ = read(backup, cache)
        assert again.is_remembered
        assert [one.size for one in again.members] == [100, 9 * MIB, 200, 12 * MIB, 300]
    server.objects[KEY] = archive(100, 9 * MIB, 200, 12 * MIB, 301)
    with opened(server, signed + "3") as backup:
        assert not read(backup, cache)[0].is_remembered
    assert all(b"sig=" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_weak_etag_is_no_reason_to_remember_and_is_not_sent(
    server: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_MANY", 1)
    server.etag = lambda _: 'W/"1"'
    for _ in range(2):
        with opened(server, f"{server.url}{KEY}") as backup:
            assert not read(backup, IndexCache(tmp_path))[0].is_remembered


def test_what_was_fetched_is_told_once(server: StoreServer) -> None:
    said: list[str] = []
    location = backup_name(PLACE)
    assert isinstance(location, Location)
    with ObjectBackup(location, server.environment, tell=said.append) as backup:
        read(backup)
        backup.close()
    assert len(said) == 1
    assert f"of the object's {len(LARGE):,} bytes" in said[0]
