#!/bin/sh
# tar, pax, cpio and their kin.
# shellcheck source=/dev/null
. "$(dirname "$0")/common.sh"

if has tar; then
    v=$(version tar)
    for format in gnu oldgnu posix; do
        made "gnu-$format.tar" "GNU tar" "$v" tar --format=$format --sparse --xattrs --acls -C "$AWKWARD" -cf {} .
    done
    for format in ustar v7; do
        made "gnu-$format.tar" "GNU tar" "$v" tar --format=$format --numeric-owner -C "$PLAIN" -cf {} .
    done
    for sparse in 0.0 0.1 1.0; do
        made "gnu-sparse-$sparse.tar" "GNU tar" "$v" \
            tar --format=posix --sparse --sparse-version=$sparse -C "$AWKWARD" -cf {} sparse empty
    done
    made gnu-atime.tar "GNU tar" "$v" tar --format=gnu --atime-preserve=replace -V label -C "$PLAIN" -cf {} d
    made gnu-update.tar "GNU tar" "$v" sh -c \
        "cd '$PLAIN' && tar -cf '$OUT/gnu-update.tar' d empty && tar -rf '$OUT/gnu-update.tar' d/file link"
fi
if has bsdtar; then
    v=$(version libarchive-tools)
    for format in pax paxr gnutar; do
        made "bsdtar-$format.tar" bsdtar "$v" bsdtar --format=$format --xattrs --acls -C "$AWKWARD" -cf {} .
    done
    for format in ustar v7; do
        made "bsdtar-$format.tar" bsdtar "$v" bsdtar --format=$format -C "$PLAIN" -cf {} .
    done
fi
if has busybox; then
    made busybox.tar "busybox tar" "$(version busybox-static 2>/dev/null || version busybox)" busybox tar -C "$AWKWARD" -cf {} .
fi
if has toybox; then
    made toybox.tar "toybox tar" "$(version toybox)" toybox tar -C "$PLAIN" -cf {} .
fi
if has pax; then
    made pax-ustar.tar pax "$(version pax)" sh -c "cd '$PLAIN' && pax -w -x ustar -f '$OUT/pax-ustar.tar' ."
fi
if has cpio; then
    for format in ustar tar; do
        made "cpio-$format.tar" "GNU cpio" "$(version cpio)" sh -c \
            "cd '$PLAIN' && find . | sort | cpio -o -H $format >'$OUT/cpio-$format.tar'"
    done
fi
if has sqfs2tar && has mksquashfs; then
    made sqfs2tar.tar sqfs2tar "$(version squashfs-tools-ng)" sh -c \
        "mksquashfs '$AWKWARD' '$OUT/image.sqfs' -quiet >/dev/null && sqfs2tar '$OUT/image.sqfs' >'$OUT/sqfs2tar.tar'; rm -f '$OUT/image.sqfs'"
fi
if has 7z; then
    v=$(version p7zip-full)
    for format in gnu posix; do
        made "7z-$format.tar" 7-Zip "$v" sh -c "cd '$PLAIN' && 7z a -ttar -mm=$format -snl -snh '$OUT/7z-$format.tar' ."
    done
fi
if has tarlz; then
    made tarlz.tar tarlz "$(version tarlz)" sh -c "cd '$PLAIN' && tarlz --uncompressed -cf '$OUT/tarlz.tar' ."
fi
if has star; then
    made star.tar star "$(version star)" star -c -f {} -C "$AWKWARD" .
fi
