"""An archive whose members are parts of something else, and no tree that a program would read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import Location
from kubectl_restore.progress import Hint, HintKind
from kubectl_restore.text import pasteable

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.archive.source.location import BackupName


@dataclass(frozen=True, slots=True)
class _Form:
    """One such archive.

    Attributes:
        signs: paths that stand in each of them, all of them.
        below: something stands below this in each of them.
        what: it is.
        fix: what is right instead; `{backup}` is the file, quoted for a shell.
    """

    signs: tuple[bytes, ...]
    what: str
    fix: str
    below: bytes = b""


_IMAGE: Final = "to bring it to a node: ctr --namespace k8s.io images import {backup}"
_FORMS: Final = (
    # PostgreSQL's pg_backup_tar.c writes both of them always.
    _Form(
        (b"toc.dat", b"restore.sql"),
        "the parts of a PostgreSQL dump (pg_dump -Ft), which pg_restore reads",
        "to load it: kubectl exec -i POD -- pg_restore -d DATABASE < {backup}",
    ),
    # Docker's and OCI's image specifications.
    _Form((b"oci-layout", b"index.json"), "the layers of a container image", _IMAGE),
    _Form((b"manifest.json", b"repositories"), "the layers of a container image", _IMAGE),
    # resources/ as in exports that people show; metadata/version from memory, no real one at hand.
    _Form(
        (b"metadata/version",),
        "Kubernetes objects that Velero has saved, without the contents of volumes",
        "to restore these: velero restore create --from-backup NAME",
        below=b"resources/",
    ),
)


def no_tree(members: Members, backup: BackupName) -> Hint | None:
    """Return what is to be said of a backup that is restored as it is and helps nobody so.

    Args:
        members: of the whole backup.
        backup: its path, for the command.

    Returns:
        The hint; None where there is no sign of it.
    """
    for form in _FORMS:
        # Of a million members a text is found sooner than a path.
        if not all(members.in_names(text) for text in (*form.signs, form.below)):
            continue
        if all(members.at(sign) for sign in form.signs):
            fetched = f"{backup.reader} > backup.tar\n" if isinstance(backup, Location) else ""
            file = "backup.tar" if fetched else pasteable(backup)
            fix = fetched + form.fix.format(backup=file)
            text = f"the backup has {form.what}: as they are, they go there as files"
            return Hint(HintKind.NO_TREE, text, fix)
    return None
