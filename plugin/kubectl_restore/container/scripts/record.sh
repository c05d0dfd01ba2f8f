# shellcheck shell=sh
# The record of the restore: who writes to which target, and what is in flight.
# The record of who writes to which target, and of what is in flight: a directory in the pod's
# memory, which outlives the container. Others in the pod may have made one of this name: only what
# belongs to us, and nobody else may touch, is believed.
uid='' gid=''
while read -r key value _; do
    case $key in Uid:) uid=$value ;; Gid:) gid=$value ;; esac
done 2>/dev/null </proc/self/status
room=''
for place in /dev/shm /tmp; do
    if [ -d "$place" ] && takes "$place"; then
        room=$place
        break
    fi
done
# Without these one could be made and not taken away.
for tool in mkdir mv ln rm rmdir ls; do has "$tool" || room=''; done
if [ "$room" ] && [ "$lease" ]; then lease=$room/$lease; else lease=''; fi
held='' life=gone serial=0

is_ours() {
    [ ! -L "$1" ] || return
    # shellcheck disable=SC2046 # split into fields
    set -- $(ls -ldn "$1" 2>/dev/null)
    # A volume with a group of its own hands that down, with its bit; SELinux makes a dot.
    case ${1-}/${3-} in
    drwx------/"$uid" | drwx------./"$uid" | drwx--S---/"$uid" | drwx--S---./"$uid") ;;
    *) return 1 ;;
    esac
}

# Who is the owner of record $1? Sets its words: token, process, its start, restore, time.
owner_of() {
    owner=''
    [ -f "$1/owner" ] && [ ! -L "$1/owner" ] && { read -r owner <"$1/owner"; } 2>/dev/null
    # shellcheck disable=SC2086 # split into fields
    set -- $owner
    owner_token=${1:--} owner_process=$2 owner_start=$3 owner_restore=${4:--} owner_since=${5:--}
    life=gone
    [ "$owner_process" ] && alive "$owner_process" && began "$owner_process" &&
        [ "$start" = "$owner_start" ] && life=alive
}

# Who holds a lease in this container, and how long nothing has moved there?
leases() {
    if [ "$lease" ]; then
        set +f
        for record in "${lease%.*}".*; do
            is_ours "$record" || continue
            owner_of "$record"
            # Our own token would end the line.
            [ "$owner_token" != "$token" ] || continue
            still='' beats=0 where=''
            # Of several execs of one run the one where something has moved last counts.
            for file in "$record/still.$owner_token" "$record"/lane.*; do
                case $file in
                */lane.*)
                    first=''
                    { read -r first <"$file"; } 2>/dev/null
                    [ "$first" = "$owner_token" ] || continue
                    file=$record/still.${file##*/lane.}
                    ;;
                esac
                { read -r quiet count process <"$file"; } 2>/dev/null || continue
                { [ "$process" ] && alive "$process"; } || continue
                # The guards of all beat at the same pace: to add them up would make one move several.
                [ "$count" -le "$beats" ] || beats=$count
                if [ -z "$still" ] || [ "$quiet" -lt "$still" ]; then still=$quiet; fi
            done
            [ -f "$record/where" ] && { IFS= read -r where <"$record/where"; } 2>/dev/null
            put "$token lease ${record##*/} $life $owner_token $owner_restore $owner_since" \
                "${still:-0} $beats $where $token" >&3
        done
        set -f
    fi
    put "$token here $(pwd -P) $token" >&3
}

# Become the owner of the record, after the one whose token is $1 (`-` for none); $2 is the time.
# Of several that try, a link gets its name but once.
take_record() {
    began "$$" || return
    (umask 077 && mkdir "$lease") 2>/dev/null
    is_ours "$lease" || return
    {
        echo "$token $$ $start ${KUBECTL_RESTORE%.*} $2" >"$lease/owner.$token" &&
            pwd -P >"$lease/where" || return
        if [ "$1" != - ] && mv "$lease/owner" "$lease/was.$token"; then
            read -r was _ <"$lease/was.$token"
            # Somebody was faster: theirs it is.
            [ "$was" = "$1" ] || ln "$lease/was.$token" "$lease/owner"
            rm -f "$lease/was.$token"
        fi
        ln "$lease/owner.$token" "$lease/owner"
    } 2>/dev/null
}

# Take the lease; who cannot have it ends nobody, for somebody may just have taken it.
hold() {
    [ "$lease" ] || {
        say unplaced
        return
    }
    if take_record "$1" "$2"; then
        held=yes
        say held
        return
    fi
    rm -f "$lease/owner.$token" 2>/dev/null
    owner_of "$lease"
    if [ "$life" = alive ]; then
        say taken
    else
        # There is no room for it: what is begun does not stay.
        { [ -e "$lease/owner" ] || { rm -f "$lease/where" && rmdir "$lease"; }; } 2>/dev/null
        say unplaced
    fi
}

# Remove the record, unless somebody else lives in it.
release() {
    if [ "$lease" ] && is_ours "$lease"; then
        [ "$held" ] || owner_of "$lease"
        if [ "$held" ] || [ "$life" = gone ]; then
            # An agent of a run that has ended may just say that it lives; without an owner none does.
            rm -rf "$lease" 2>/dev/null || rm -rf "$lease" 2>/dev/null || rm -rf "$lease"
        fi
    fi
    held=''
}

# Say each line of these files of the record, behind the words $1.
tell() {
    words=$1
    shift
    for file; do
        while read -r line; do say "$words $line"; done <"$file"
    done 2>/dev/null
}
