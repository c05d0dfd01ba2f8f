# shellcheck shell=sh
# What a volume keeps.
# Everything is tried once in a directory of ours, which nothing else is in; $sees says what came of
# it.
try_out() {
    number=$first
    for path; do
        before=$(stat -c %Y "$path")
        scratch=$path/.kubectl-restore.${token%????????}
        if (umask 022 && mkdir "$scratch"); then
            say tried "$number"
            (cd "$scratch" && try_here)
            rm -rf "$scratch"
            [ -z "$before" ] || touch -d "@$before" "$path"
        fi
        number=$((number + 1))
    done
}

try_here() {
    for name in owner plain run odd early late; do echo >"$name"; done
    mkdir group
    [ "$owner" = - ] || chown "$owner" owner
    chmod 0640 plain
    chmod 4751 run
    chmod 2750 group
    touch -d @1000000001 odd
    touch -d @-5000000000 early
    touch -d @20000000000 late
    ln -s to link
    ln odd hard
    # Not all that touch sets stays when tar has set it (FUSE: the file is closed later).
    echo >tarred
    touch -d @1000000001 tarred
    tar -cf tar tarred && rm tarred && tar -xf tar
    for name in owner plain run odd early late group link hard tarred; do
        if [ "$sees" = stat ]; then
            said=$(stat -c "$fields" "$name")
        else
            # shellcheck disable=SC2086 # split into options
            said=$(ls -lnisd $listing "$name")
        fi && say trait "$name $said"
    done
}
