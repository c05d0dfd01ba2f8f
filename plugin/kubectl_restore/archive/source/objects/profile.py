"""Whose keys are used for S3, and the region and endpoint of the user's profile.

obstore reads the environment (AWS_ACCESS_KEY_ID, ..., AWS_REGION, AWS_ENDPOINT_URL) and asks what a
pod or a machine has (web identity, container and instance credentials) by itself; it reads no
profile. Static keys, region and endpoint of one are read here, as `aws configure` writes them; what
takes more (SSO, roles, a credential process) is boto3's where it is installed.
"""

from __future__ import annotations

import importlib
import os
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_ENVIRONMENT: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)
"""Variables by which obstore finds credentials without a profile."""
_KEYS: Final = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}
"""What a profile calls its keys, and what obstore does."""
_FURTHER: Final = (
    "sso_session",
    "sso_start_url",
    "role_arn",
    "credential_process",
    "web_identity_token_file",
    "login_session",
)
"""What a profile has whose credentials have to be fetched."""
_REGION: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
_ENDPOINT: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def credentials_for(
    bucket: str, environment: Mapping[str, str]
) -> tuple[dict[str, str], Any | None]:
    """Return what obstore is told beyond the environment, and what gives it credentials.

    Raises:
        UsageError: the profile is not there, cannot be read, or needs what is not installed; or
            nobody has any credentials.
    """
    named = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE")
    profile = _profile(named or "default", environment)
    config: dict[str, str] = {}
    if profile.get("region") and not any(environment.get(one) for one in _REGION):
        config["region"] = profile["region"]
    if profile.get("endpoint_url") and not any(environment.get(one) for one in _ENDPOINT):
        config["endpoint"] = profile["endpoint_url"]
    if any(environment.get(one) for one in _OF_ENVIRONMENT):
        return config, None
    if "aws_access_key_id" in profile:
        return config | {new: profile[old] for old, new in _KEYS.items() if old in profile}, None
    if any(one in profile for one in _FURTHER):
        return config, _by_boto3(named or "default")
    if named is not None and not profile:
        raise UsageError(
            f"there is no profile {shown(os.fsencode(named))} of AWS",
            reason="AWS_PROFILE names it, and neither "
            f"{shown(os.fsencode(_credentials_file(environment)))} nor "
            f"{shown(os.fsencode(_config_file(environment)))} has it",
            fix="aws configure list-profiles",
        )
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise no_credentials(bucket)
    return config, None


def no_credentials(bucket: str, said: str = "") -> UsageError:
    """Return the error for a bucket that nobody has keys to; `said` by who was asked last."""
    return UsageError(
        f"there are no credentials for the bucket {shown(os.fsencode(bucket))}",
        reason="neither the environment (AWS_ACCESS_KEY_ID), nor a profile, nor this machine has "
        "any" + (f"; asked last, it said: {said}" if said else ""),
        fix="aws configure  # or: export AWS_PROFILE=NAME; a bucket that anybody may read: "
        "export AWS_SKIP_SIGNATURE=true",
    )


def _credentials_file(environment: Mapping[str, str]) -> Path:
    return _at(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")


def _config_file(environment: Mapping[str, str]) -> Path:
    return _at(environment.get("AWS_CONFIG_FILE") or "~/.aws/config")


def _at(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        # There is no home directory.
        return Path(text)


def _profile(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a profile, of both files; the credentials' win.

    Raises:
        UsageError: a file cannot be read.
    """
    in_config = name if name == "default" else f"profile {name}"
    found = _section(_config_file(environment), in_config)
    found.update(_section(_credentials_file(environment), name))
    return found


def _section(path: Path, name: str) -> dict[str, str]:
    parser = ConfigParser(interpolation=None, strict=False, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except ConfigError as error:
        # Its words may have a line of the file, and so a key.
        raise _unreadable(path, f"it is no INI file ({type(error).__name__})") from None
    return dict(parser[name]) if parser.has_section(name) else {}


def _unreadable(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"the settings of AWS in {shown(os.fsencode(path))} cannot be read",
        reason=shown_text(reason),
        fix="put them right: aws configure list",
    )


def _by_boto3(name: str) -> Any:  # noqa: ANN401 - obstore's and boto3's own types
    """Return what fetches a profile's credentials, also when the first ones have expired.

    Raises:
        UsageError: boto3 is not installed, or cannot.
    """
    again = f'eval "$(aws configure export-credentials --profile {name} --format env)"'
    try:
        boto3 = importlib.import_module("boto3")
        provider = importlib.import_module("obstore.auth.boto3").Boto3CredentialProvider
    except ImportError as error:
        raise UsageError(
            f"the profile {shown(os.fsencode(name))} of AWS has no keys of its own",
            reason="it says how they are fetched (SSO, a role, a process), which takes Python's "
            "package boto3, and that is not installed here",
            fix=f"{again}  # then run the same command again",
        ) from error
    try:
        return provider(boto3.Session(profile_name=name))
    except Exception as error:
        raise UsageError(
            f"the profile {shown(os.fsencode(name))} of AWS gives no credentials",
            reason=f"boto3 said: {shown_text(str(error))}",
            fix=f"aws sso login --profile {name}  # or see: aws sts get-caller-identity "
            f"--profile {name}",
        ) from error
