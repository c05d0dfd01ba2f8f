"""The API server's answers: discovery, pods, exec."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tests.embedded.exec_stream import PROTOCOL, ExecStream
from tests.embedded.pods import NotStartedError
from tests.embedded.status import failure, message_for
from tests.embedded.workloads import KINDS, selects

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tests.embedded.pods import EmbeddedPod
    from tests.embedded.workloads import Workloads

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RESOURCES: Final = [
    {"name": "namespaces", "kind": "Namespace", "namespaced": False, "verbs": ["get", "list"]},
    {
        "name": "pods",
        "singularName": "pod",
        "shortNames": ["po"],
        "kind": "Pod",
        "namespaced": True,
        "verbs": ["get", "list"],
    },
    {
        "name": "services",
        "singularName": "service",
        "shortNames": ["svc"],
        "kind": "Service",
        "namespaced": True,
        "verbs": ["get", "list"],
    },
    {
        "name": "persistentvolumeclaims",
        "singularName": "persistentvolumeclaim",
        "shortNames": ["pvc"],
        "kind": "PersistentVolumeClaim",
        "namespaced": True,
        "verbs": ["get", "list"],
    },
    {"name": "pods/exec", "kind": "PodExecOptions", "namespaced": True, "verbs": ["create", "get"]},
]
_MOST_STARTS: Final = 64
_GROUPS: Final = {
    "apps": ("deployments", "statefulsets", "daemonsets", "replicasets"),
    "batch": ("jobs",),
}
_VERSION: Final = {"major": "1", "minor": "34", "gitVersion": "v1.34.4", "platform": "embedded"}


class Api:
    """One namespace of pods behind Kubernetes' addresses."""

    def __init__(
        self, pods: Mapping[str, EmbeddedPod], workloads: Workloads, namespace: str, token: str
    ) -> None:
        """Serve these pods to the bearer of a token."""
        self.requests: list[str] = []
        self._pods = pods
        self._workloads = workloads
        self._namespace = namespace
        self._token = token
        # Apart from the loop's own few threads: a start that hangs must not hold up the others.
        self._starting = ThreadPoolExecutor(_MOST_STARTS)

    def application(self) -> web.Application:
        """Return the routes."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        application = web.Application(middlewares=[guard])
        base = f"/api/v1/namespaces/{self._namespace}"
        application.router.add_get("/version", _answer(_VERSION))
        application.router.add_get("/api", _answer({"kind": "APIVersions", "versions": ["v1"]}))
        application.router.add_get(
            "/apis",
            _answer(
                {"kind": "APIGroupList", "apiVersion": "v1", "groups": [*map(_group, _GROUPS)]}
            ),
        )
        for group, resources in _GROUPS.items():
            application.router.add_get(f"/apis/{group}/v1", _answer(_resources(group, resources)))
            self._add_workloads(
                application, f"/apis/{group}/v1/namespaces/{self._namespace}", resources
            )
        self._add_workloads(application, base, ("services", "persistentvolumeclaims"))
        application.router.add_get(
            "/api/v1",
            _answer(
                {"kind": "APIResourceList", "groupVersion": "v1", "resources": _RESOURCES},
            ),
        )
        application.router.add_get(f"{base}/pods", self._list)
        application.router.add_get(f"{base}/pods/{{name}}", self._get)
        application.router.add_route("*", f"{base}/pods/{{name}}/exec", self._exec)
        application.router.add_get("/api/v1/namespaces/{other}/pods/{name}", _nowhere)
        return application

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Write the request down; let in whoever has the token; be a real server for the rest."""
        self.requests.append(f"{request.method} {request.path}")
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return _refuse(401, "Unauthorized")
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return _refuse(404, "the server could not find the requested resource")

    def _add_workloads(
        self, application: web.Application, base: str, resources: Sequence[str]
    ) -> None:
        for resource in resources:

            async def get(request: web.Request, resource: str = resource) -> web.StreamResponse:
                name = request.match_info["name"]
                found = self._workloads.named(resource, name)
                if found is None:
                    group = KINDS[resource][0].rpartition("/")[0]
                    named = f"{resource}.{group}" if group else resource
                    return _refuse(404, f'{named} "{name}" not found')
                return web.json_response(found)

            async def every(request: web.Request, resource: str = resource) -> web.StreamResponse:
                selector = request.query.get("labelSelector", "")
                version, kind = KINDS[resource]
                items = self._workloads.listed(resource, selector)
                return web.json_response(_listing(kind, version, items))

            application.router.add_get(f"{base}/{resource}/{{name}}", get)
            application.router.add_get(f"{base}/{resource}", every)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        selector = request.query.get("labelSelector", "")
        items = [
            pod.manifest(self._namespace)
            for pod in self._pods.values()
            if selects(selector, pod.labels)
        ]
        return web.json_response(_listing("Pod", "v1", items))

    async def _get(self, request: web.Request) -> web.StreamResponse:
        pod = self._pods.get(request.match_info["name"])
        if pod is None:
            return _refuse(404, message_for(404, request.match_info["name"]))
        if pod.faults.hang:
            await asyncio.Event().wait()
        if pod.faults.get_answer is not None:
            return _refuse(pod.faults.get_answer, message_for(pod.faults.get_answer, pod.name))
        manifest = pod.manifest(self._namespace)
        if pod.faults.status is not None:
            manifest["status"] = pod.faults.status
        return web.json_response(manifest)

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        pod = self._pods.get(request.match_info["name"])
        if pod is None:
            return _refuse(404, message_for(404, request.match_info["name"]))
        container = request.query.get("container") or pod.kind.containers[0]
        if container not in pod.kind.containers:
            return _refuse(400, f"container {container} is not valid for pod {pod.name}")
        words = pod.faults.words_for_exec(pod.name)
        if words is not None:
            return _refuse(*words)
        if pod.faults.renewed:
            pod.uid, pod.faults.renewed = str(uuid.uuid4()), False
        socket = web.WebSocketResponse(protocols=[PROTOCOL], max_msg_size=0)
        if not socket.can_prepare(request).ok:
            return _refuse(400, "Upgrade request required")
        await socket.prepare(request)
        stream = ExecStream(socket, request.transport, pod.faults)
        try:
            process = await asyncio.get_running_loop().run_in_executor(
                self._starting, pod.start, container, request.query.getall("command", [])
            )
        except NotStartedError as error:
            await stream.refuse(str(error))
            return socket
        await stream.run(process)
        return socket


async def _nowhere(request: web.Request) -> web.StreamResponse:
    """Answer for another namespace, as a real server does, whether there is such a one or not."""
    return _refuse(404, message_for(404, request.match_info["name"]))


def _listing(kind: str, version: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": f"{kind}List",
        "apiVersion": version,
        "metadata": {"resourceVersion": "1"},
        "items": items,
    }


def _group(name: str) -> dict[str, Any]:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resources(group: str, names: Sequence[str]) -> dict[str, Any]:
    listed = [
        {"name": one, "kind": KINDS[one][1], "namespaced": True, "verbs": ["get", "list"]}
        for one in names
    ]
    return {"kind": "APIResourceList", "groupVersion": f"{group}/v1", "resources": listed}


def _refuse(code: int, message: str) -> web.Response:
    return web.json_response(failure(code, message), status=code)


def _answer(body: dict[str, Any]) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response(body)

    return handler
