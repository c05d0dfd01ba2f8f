"""Status objects in the API server's words (apimachinery, pkg/api/errors)."""

from __future__ import annotations

from typing import Any, Final

_REASONS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    410: "Gone",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


def failure(code: int, message: str) -> dict[str, Any]:
    """Return a Status for an HTTP code."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(code, "Unknown"),
        "code": code,
    }


def message_for(code: int, pod: str) -> str:
    """Return what a real server says with a code about a pod."""
    return {
        401: "Unauthorized",
        403: f'pods "{pod}" is forbidden: User "demo" cannot create resource "pods/exec" in API '
        'group "" in the namespace "default"',
        404: f'pods "{pod}" not found',
        410: "The provided continue parameter is too old",
        500: "an error on the server has prevented the request from succeeding",
    }.get(code, "the server is currently unable to handle the request")


def exit_status(code: int) -> dict[str, Any]:
    """Return how a command ended, as the kubelet says it."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def internal_error(message: str) -> dict[str, Any]:
    """Return that a command could not be started."""
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "InternalError",
        "message": f"Internal error occurred: error executing command in container: {message}",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
