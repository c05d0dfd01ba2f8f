# shellcheck shell=sh
# What the container has.
# What there is for the work, and what is done without:
#   always       sh with kill (its own, or a program) and printf (or print), sleep; one of dd, an
#                exact head and toybox's tar; tar or mkdir
#   tar          else the shell writes the members (toolbox.sh)
#   kill, sleep  without them nothing that is left behind could be ended: nothing is begun
#   stat         else ls, if it can be made to tell seconds
#   cat          else dd
#   grep         else the shell reads /proc
#   mkdir mv ln rm rmdir ls
#                else there is no record of what is in flight
#   gzip         else nothing comes packed
#   readlink     else ls
#   id, df, sync else that is not known, or cannot be done
#   chmod chown touch
#                else what tar did not set is said
probe() {
    missing=''
    for tool in kill sleep; do has "$tool" || missing="$missing $tool"; done
    has tar || has mkdir || missing="$missing tar mkdir"
    has printf || has print || missing="$missing printf"
    [ "$sees" ] || missing="$missing stat"
    [ "$framing" ] || missing="$missing dd"
    say missing "$missing"
    without=''
    for tool in cat chmod chown cksum df grep gzip head id ln ls mkdir mv readlink rm rmdir \
        sha256sum stat sync tar touch; do
        has "$tool" || without="$without $tool"
    done
    say without "$without"
    # A shell that takes bytes for characters loses some.
    # shellcheck disable=SC2154 # container/agent.py puts it before this script
    [ "${#sample}" = 254 ] && [ "$(put "$sample"; echo .)" = "$sample." ] && say bytes exact
    say framing "$framing"
    say user "$(id -u 2>/dev/null || echo "$uid")"
    say group "$(id -g 2>/dev/null || echo "$gid")"
    while read -r key value; do
        case $key in
        CapEff:) say capabilities "$value" ;;
        Groups:) say groups "$value" ;;
        esac
    done 2>/dev/null </proc/self/status
    for which in uid gid; do
        ranges=''
        while read -r inside _ count; do
            ranges="$ranges $inside:$count"
        done 2>/dev/null </proc/self/${which}_map
        say "${which}s" "$ranges"
    done
    # Which pod is this? The kubelet's mounts tell, where they can be seen.
    while read -r _ _ _ root where _; do
        case $root in
        */pods/*/etc-hosts | */pods/*/containers/*)
            put "$token mounted $root $where $token" >&3
            ;;
        esac
    done 2>/dev/null </proc/self/mountinfo
    has gzip && say unpacks gzip
    sums=''
    for tool in sha256sum sha1sum md5sum cksum; do
        has "$tool" && sums="$sums $tool"
    done
    say sums "$sums"
    has tar || version=''
    put "$token tar $version $token" >&3
    put "$token target $state $above $token" >&3
    finished 0
}

# Does a tool take three bytes of a stream, and not one more?
takes_exactly() {
    [ "$(echo abcdef | {
        "$@" 2>/dev/null
        echo /
        read -r rest && echo "$rest"
    })" = "abc/
def" ]
}

# toybox's tar reads block by block and stops at an archive's end mark.
# What the loader says of a library that it cannot find comes first.
version=$(tar --version 2>/dev/null </dev/null)
[ "$version" ] || version=$(tar --version 2>&1 </dev/null)
version=${version%%
*}
framing=''
if takes_exactly dd bs=3 count=1 iflag=fullblock; then
    framing='dd'
elif takes_exactly head -c 3; then
    framing='head'
else
    case $version in toybox*) framing='tar' ;; esac
fi
if has cat; then
    copier='cat'
elif has dd; then
    copier='dd bs=65536'
else
    copier='head -c 9223372036854775807'
fi

sees='' listing=''
# shellcheck disable=SC2046 # split into fields
set -- $(stat -c "$fields" / 2>/dev/null)
if [ "$#" = 9 ]; then
    sees='stat'
else
    for listing in '-U --time-style=+%s' '-U --full-time' '--full-time'; do
        # shellcheck disable=SC2046,SC2086 # split into options and fields
        set -- $(ls -lnisd $listing / 2>/dev/null)
        case $# in 9 | 11) sees='ls' && break ;; esac
    done
fi
