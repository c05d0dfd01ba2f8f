"""Every scene of the pages that are run."""

from __future__ import annotations

from typing import Final

from tests.pages.scenes import Scene

_SHOP: Final = """
mkdir -p shop/data
echo 'currency: EUR' >shop/settings.yaml
seq 20000 >shop/data/prices.csv
ln -s data/prices.csv shop/prices
touch -h -d '20 seconds ago' shop/* shop/data/*
tar -cf shop.tar --owner=0 --group=0 -C shop settings.yaml prices data
gzip -k shop.tar
"""
"""The tutorial's backup; what is changed in a pod at once has another time."""
_RESTIC: Final = f"""{_SHOP}
rm shop.tar*
export RESTIC_REPOSITORY=$PWD/repository RESTIC_PASSWORD=secret
restic init -q
restic backup -q shop
"""
_POSTGRES: Final = """
place=$(mktemp -d) && chmod 755 "$place"
# Not as root, says PostgreSQL.
as=''
if [ "$(id -u)" = 0 ]; then
    as='setpriv --reuid=postgres --regid=postgres --clear-groups'
    chown postgres "$place"
fi
trap '$as pg_ctl -D "$place/data" -m immediate stop >/dev/null 2>&1; rm -rf "$place"' EXIT
$as initdb -D "$place/data" -A trust -N -U postgres >/dev/null
$as pg_ctl -D "$place/data" -w -l "$place/log" \\
    -o "-c listen_addresses= -c unix_socket_directories=$place -c fsync=off" start >/dev/null
export PGHOST="$place" PGUSER=postgres
"""
_SCRIPT: Final = f"""{_SHOP}
cat >restore.sh <<'END'
code=0
kubectl restore "${{POD:-debian}}" shop.tar.gz -t /data --force -q --log-file restore.log || code=$?
case $code in
    0) echo "restored" ;;
    8 | 130) echo "broken off: run it again (exit code $code)" ;;
    *) echo "somebody has to look: exit code $code; restore.log has all of it" ;;
esac
exit "$code"
END
"""
_MOVING: Final = "docs/moving-over.md"
_RECIPES: Final = "docs/recipes.md"
_PG: Final = ("initdb", "pg_ctl", "pg_basebackup", "pg_dump", "setpriv")

_PRODUCTION: Final = """
mkdir -p app/data shop/etc
printf 'port: 80\\nlog: info\\n' >app/config.yaml
seq 20000 >app/data/table
ln -s data app/current
cp app/data/table shop/etc
find app shop -exec touch -h -d '20 seconds ago' {} +
tar -czf backup.tar.gz --sort=name --owner=0 --group=0 app
tar -cf shop.tar --sort=name --owner=0 --group=0 shop
"""

SCENES: Final = (
    Scene("README.md", "Use", set_up=_PRODUCTION, pods=(), production=True, shows_errors=True),
    Scene("docs/tutorial.md", pods=()),
    Scene(_MOVING, "From kubectl cp", set_up=_SHOP),
    Scene(_MOVING, "From kubectl exec and tar", set_up=_SHOP),
    Scene(_MOVING, "From the older command", set_up=_SHOP),
    Scene(
        _MOVING,
        "JSON and jq",
        needs=("jq",),
        set_up=f"""{_SHOP}
kubectl exec -i debian -- tar xf - -C /data <shop.tar""",
    ),
    Scene(_RECIPES, "restic", needs=("restic",), set_up=_RESTIC),
    Scene(_RECIPES, "pg_basebackup", needs=_PG, set_up=_POSTGRES),
    Scene(_RECIPES, "pg_dump", needs=_PG, set_up=_POSTGRES),
    Scene(_RECIPES, "Object storage", set_up=f"{_SHOP}\nsha256sum shop.tar.gz >shop.tar.gz.sha256"),
    Scene(_RECIPES, "By exit code, from cron or a CronJob", set_up=_SCRIPT),
)
