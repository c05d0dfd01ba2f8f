# shellcheck shell=sh
# A tar that is none of the four that are known (paxtar, star, a wrapper, one that does not start): it
# is tried with our options on an archive of ours, in a directory of ours. This part is sent only
# there (container/toolbox.py), with `archive`, which writes that archive.
try_tar() {
    place=$room/.kubectl-restore.${token%????????} outcome=unfit
    if [ "$room" ] && (umask 077 && mkdir "$place"); then
        (cd "$place" && unpacks_right) && outcome=fit
        rm -rf "$place"
    fi </dev/null >/dev/null 2>&1
    say tar_is "$outcome"
}

# shellcheck disable=SC2154 # container/agent.py puts $long before this
unpacks_right() {
    umask 0
    archive | tar -x -p --numeric-owner -f - || return
    read -r line <"d/$long" && [ "$line" = content ] && [ -L d/link ] &&
        [ "$(links_of "d/$long")" = 2 ] || return
    # shellcheck disable=SC2046 # split into fields
    set -- $(ls -lnd "d/$long")
    case $1 in -rw-r----x*) ;; *) return 1 ;; esac
    [ "$sees" != stat ] || [ "$(stat -c %Y "d/$long")" = 1000000001 ] || return
    # What is there is replaced, and these options are known too.
    echo other >"d/$long"
    archive | tar -x -p --numeric-owner -o -m -f - && read -r line <"d/$long" &&
        [ "$line" = content ]
}
