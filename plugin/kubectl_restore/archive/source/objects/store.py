"""The one place that knows obstore: ranges of an object, and small objects beside it.

obstore (object_store, in Rust) signs, follows, pools and retries; what it is told and what it lacks
is here. It looks neither at the ETag nor at how many bytes came, so `get` returns both with the
data.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.archive.source.location import PIPED, S3, redacted
from kubectl_restore.archive.source.objects.answers import Answer, NotWantedError, ObjectState
from kubectl_restore.archive.source.objects.profile import credentials_for
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

    from kubectl_restore.archive.source.location import Location

_CHUNK: Final = 1024 * 1024
"""Bytes of an answer between two looks whether it is still wanted."""
_ENDPOINT: Final = re.compile(r"https?://[^\s/@?#]+(?:/\S*)?")
_SOURCE: Final = re.compile(r"source: (\w+)")
_CA_BUNDLE: Final = "AWS_CA_BUNDLE"
_SECRET: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_TOKEN", "AWS_SECURITY_TOKEN")
_SECRET_SETTINGS: Final = ("secret_access_key", "session_token")
_RETRIES: Final[RetryConfig] = {
    # Of one range: what a busy store wants (S3's "503 Slow Down"), and no endless trying.
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=10),
        "base": 2,
    },
}
_CONNECT: Final = timedelta(seconds=10)
_SILENT: Final = timedelta(seconds=30)
"""Without a byte, after which an answer is asked for once more."""
_WHOLE: Final = timedelta(days=1)
"""A slow link is no error: obstore's own limit would be 30 seconds for a range."""


def load() -> ModuleType:
    """Return obstore.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import obstore  # noqa: PLC0415 - 16 MiB that only an object needs
    except ImportError as error:
        raise UsageError(
            "this installation reads no object storage",
            reason=f"Python's package obstore is missing ({shown_text(str(error))})",
            fix="pip install 'kubectl-restore[object-storage]'\n"
            f"or pipe it: aws s3 cp s3://BUCKET/KEY - | {PIPED}",
        ) from error
    return obstore


class Store:
    """Where a location's object is, and those beside it.

    Attributes:
        secrets: what the environment and the profile have of them.
    """

    def __init__(self, location: Location, environment: Mapping[str, str]) -> None:
        """Prepare; nothing is asked yet.

        Raises:
            UsageError: obstore is missing, or the environment's settings cannot be used.
        """
        self._obstore = load()
        self._location = location
        self._environment = environment
        self.secrets = tuple(filter(None, map(environment.get, _SECRET)))
        self._options = _client_options(location, environment)
        self._bucket = self._bucket_of(location) if location.scheme == S3 else None

    def get(
        self,
        start: int,
        length: int,
        *,
        etag: str | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """Ask for a range; fewer bytes come where the object ends before it does.

        Args:
            start: its first byte.
            length: bytes, at least one.
            etag: a strong one that the object must still have; not every store looks at it.
            is_wanted: asked now and then; where not, it ends.

        Raises:
            NotWantedError: it was not wanted any more.
            Exception: obstore's; see refusals.py.
        """
        options: dict[str, Any] = {"range": (start, start + length)}
        if etag is not None:
            options["if_match"] = etag
        return self._get(self._location, options, length, is_wanted)

    def get_whole(self, location: Location, largest: int) -> bytes | None:
        """Return a small object's content; None where it has more than `largest` bytes.

        Raises:
            Exception: as for `get`.
        """
        answer = self._get(location, {}, largest + 1, lambda: True)
        whole = len(answer.data) == answer.state.size
        return bytes(answer.data) if whole and len(answer.data) <= largest else None

    def _get(
        self,
        location: Location,
        options: dict[str, Any],
        most: int,
        is_wanted: Callable[[], bool],
    ) -> Answer:
        store, key = self._at(location)
        found = self._obstore.get(store, key, options=options)
        meta = found.meta
        # Pages of its own: what several threads take from the heap and give back it keeps, half as
        # much again. One byte more shows that there is more.
        data = memoryview(mmap(-1, min(most, meta["size"]) + 1))
        at = 0
        for chunk in found.stream(min_chunk_size=_CHUNK):
            taken = min(len(chunk), len(data) - at)
            data[at : at + taken] = chunk if taken == len(chunk) else chunk[:taken]
            at += taken
            if taken < len(chunk):
                # It has more than was asked for, or than is looked at.
                break
            if not is_wanted():
                raise NotWantedError
        state = ObjectState(meta["size"], meta["e_tag"], meta["last_modified"])
        return Answer(state, found.range[0], data[:at])

    def _at(self, location: Location) -> tuple[ObjectStore, str]:
        if self._bucket is not None:
            return self._bucket, location.key
        # With an empty key the URL is asked for as it is, its query too.
        http = self._obstore.store.HTTPStore(
            replace(location, user="").url, client_options=self._options, retry_config=_RETRIES
        )
        return http, ""

    def _bucket_of(self, location: Location) -> ObjectStore:
        config, provider = credentials_for(location.host, self._environment)
        self.secrets += tuple(config[one] for one in _SECRET_SETTINGS if one in config)
        endpoint = config.get("endpoint") or _endpoint(self._environment)
        if endpoint and not _ENDPOINT.fullmatch(endpoint):
            raise UsageError(
                "the endpoint of S3 is no address",
                reason=f"AWS_ENDPOINT_URL is {shown_text(redacted(endpoint))}",
                fix="export AWS_ENDPOINT_URL=https://HOST",
            )
        options: ClientConfig = {**self._options, "allow_http": endpoint.startswith("http://")}
        settings: S3Config = {**config}  # type: ignore[typeddict-item] # its keys are S3Config's
        try:
            bucket: ObjectStore = self._obstore.store.S3Store(
                location.host,
                config=settings,
                client_options=options,
                retry_config=_RETRIES,
                credential_provider=provider,
            )
        except self._obstore.exceptions.BaseError as error:
            # `MissingAccessKeyId`, `UnknownConfigurationKey`: a name, and no value.
            source = _SOURCE.search(str(error))
            raise UsageError(
                "the settings of S3 in the environment cannot be used",
                reason=f"obstore said: {source[1] if source else type(error).__name__}",
                fix="set them right, both keys together: env | grep -o '^AWS_[A-Z_]*'",
            ) from error
        return bucket


def _endpoint(environment: Mapping[str, str]) -> str:
    """Return where the environment says that S3 is; empty for Amazon's own."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return next((found for name in names if (found := environment.get(name))), "")


def _client_options(location: Location, environment: Mapping[str, str]) -> ClientConfig:
    """Return how connections are made.

    Raises:
        UsageError: the CA bundle cannot be read.
    """
    options: ClientConfig = {
        "connect_timeout": _CONNECT,
        "read_timeout": _SILENT,
        "timeout": _WHOLE,
        "allow_http": location.scheme == "http",
    }
    if location.basic:
        # It is left out where the server sends on to another host or port (reqwest's rule, tested).
        options["default_headers"] = {"authorization": f"Basic {location.basic}"}
    bundle = environment.get(_CA_BUNDLE)
    if bundle:
        try:
            options["root_certificate"] = Path(bundle).read_bytes()
        except OSError as error:
            raise UsageError(
                f"the certificates of {_CA_BUNDLE} cannot be read",
                reason=f"{shown_text(bundle)}: {shown_text(error.strerror or str(error))}",
                fix=f"export {_CA_BUNDLE}=FILE  # PEM certificates; or: unset {_CA_BUNDLE}",
            ) from error
    return options
