#!/bin/sh
# Programs whose tar is a part of something else: packages, commits, images, databases.
# shellcheck source=/dev/null
. "$(dirname "$0")/common.sh"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

if has dpkg-deb; then
    mkdir -p "$place/p/DEBIAN"
    printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: n <n@invalid>\nDescription: x\n' >"$place/p/DEBIAN/control"
    tar -C "$PLAIN" -cf - . | tar -C "$place/p" -xpf -
    made dpkg.tar dpkg-deb "$(version dpkg)" sh -c \
        "dpkg-deb -Znone --build '$place/p' '$place/x.deb' && cd '$place' && ar x x.deb && mv data.tar '$OUT/dpkg.tar'"
fi
if has git; then
    (
        cd "$place" && git init -q g && cd g || exit
        tar -C "$PLAIN" --exclude=mode-0 -cf - . | tar -xf - --no-same-owner
        git add -A
        GIT_AUTHOR_DATE=@1600000000 GIT_COMMITTER_DATE=@1600000000 \
            git -c user.name=n -c user.email=n@invalid commit -qm one
    )
    made git.tar "git archive" "$(version git)" git -C "$place/g" archive --format=tar -o {} HEAD
fi
if has umoci; then
    (
        cd "$place" && umoci init --layout i && umoci new --image i:a && umoci unpack --image i:a b || exit
        cp -a "$PLAIN/." b/rootfs/
        umoci repack --image i:a b
    ) >&2
    layer=$(find "$place/i/blobs" -type f -exec sh -c 'gzip -t <"$1" 2>/dev/null' _ {} \; -print | head -n 1)
    made umoci-layer.tar.gz umoci "$(version umoci)" cp "$layer" {}
    made oci-layout.tar "umoci and tar" "$(version umoci)" tar -C "$place/i" -cf {} .
    if has skopeo; then
        made skopeo-docker.tar skopeo "$(version skopeo)" skopeo --insecure-policy copy "oci:$place/i:a" docker-archive:"$OUT/skopeo-docker.tar":x:1
        made skopeo-oci.tar skopeo "$(version skopeo)" skopeo --insecure-policy copy "oci:$place/i:a" oci-archive:"$OUT/skopeo-oci.tar":x
    fi
fi
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort | tail -n 1)
if [ -n "$bin" ]; then
    v=$(version "postgresql-$(basename "$(dirname "$bin")")")
    mkdir "$place/space"
    chown -R postgres "$place"
    as() { (cd "$place" && setpriv --reuid=postgres --regid=postgres --clear-groups env PATH="$bin:$PATH" "$@"); }
    as initdb -D "$place/data" -A trust >/dev/null
    as pg_ctl -s -w -D "$place/data" -l "$place/log" -o "-p 54320 -k $place -c listen_addresses=''" start
    as psql -q -h "$place" -p 54320 -d postgres -c "create tablespace s location '$place/space'" 
    as psql -q -h "$place" -p 54320 -d postgres -c "create table t (a int) tablespace s; insert into t values (1)"
    for target in client server; do
        compress=""
        [ $target = server ] && compress=--compress=server-gzip
        as pg_basebackup -h "$place" -p 54320 -Ft $compress -X none -D "$place/base-$target" 2>/dev/null
        archive=$(find "$place/base-$target" -name '[0-9]*.tar*' | head -n 1)
        archive_name=$(basename "$archive")
        made "pg-tablespace-$target.${archive_name#*.}" pg_basebackup "$v" cp "$archive" {}
    done
    # The base itself, without the files of the catalogs: it is 20 MB otherwise.
    made pg-base.tar pg_basebackup "$v" python3 "$(dirname "$0")/reduce.py" "$place/base-client/base.tar" {}
    as pg_dump -Ft -h "$place" -p 54320 -f "$place/dump.tar" postgres
    made pg-dump.tar pg_dump "$v" cp "$place/dump.tar" {}
    as pg_ctl -s -m fast -D "$place/data" stop
fi
