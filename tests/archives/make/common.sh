# Read by the scripts beside it, which get three directories: PLAIN AWKWARD OUT.
# shellcheck shell=sh
set -eu
PLAIN=$1 AWKWARD=$2 OUT=$3
export LC_ALL=C.UTF-8 TZ=UTC

# made NAME PROGRAM VERSION COMMAND...: makes OUT/NAME, {} in the command being that file, and
# writes down how. A program that ends with an error and leaves an archive has left something out.
made() {
    name=$1 program=$2 version=$3
    # shellcheck disable=SC2254 # a pattern: ONLY='go-*' makes some
    case $name in ${ONLY:-*}) ;; *) return 0 ;; esac
    shift 3
    for word; do
        shift
        [ "$word" = "{}" ] && word=$OUT/$name
        set -- "$@" "$word"
    done
    code=0
    timeout 120 "$@" >"$OUT/$name.said" 2>&1 </dev/null || code=$?
    if [ ! -s "$OUT/$name" ]; then
        echo "$name: not made ($code): $(tail -n 2 "$OUT/$name.said")" >&2
        rm -f "$OUT/$name" "$OUT/$name.said"
        return 0
    fi
    rm -f "$OUT/$name.said"
    how=$(printf '%s ' "$@" | sed "s|$OUT/$name|ARCHIVE|g; s|${place:-$OUT}/||g; s|${here:-$OUT}/||g; s|$PLAIN|PLAIN|g; s|$AWKWARD|AWKWARD|g; s|$OUT|OUT|g")
    printf '%s\n%s\n%s\n%s\n' "$program" "$version" "${how% }" "$code" >"$OUT/$name.how"
}

has() {
    command -v "$1" >/dev/null || { echo "$1 is not installed" >&2; return 1; }
}

# The version of a Debian package.
version() {
    dpkg-query -W -f '${Version}' "$1"
}
