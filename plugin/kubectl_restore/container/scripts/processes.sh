# shellcheck shell=sh
# Processes: which are ours, what they have done, how they are ended.
# Which of the files /proc/N/$2, $3 have text $1 in them? (There are no blanks in these paths.)
having() {
    wanted=$1
    shift
    for kind; do
        set -- "$@" /proc/[0-9]*/"$kind"
        shift
    done
    if has grep; then
        grep -ls -e "$wanted" "$@" 2>/dev/null
        return
    fi
    for file; do
        while IFS= read -r words || [ "$words" ]; do
            case $words in *"$wanted"*) echo "$file" && break ;; esac
        done <"$file"
    done 2>/dev/null
}

# End what an earlier exec of restore $1 left running: it could still write (it did not see its
# client go). TERM first, so that its shell can reap what it started; then KILL.
end_earlier() {
    found=''
    set +f
    ours=" $(having "$token" environ cmdline) "
    for file in $(having "KUBECTL_RESTORE=$1." environ cmdline); do
        case $ours in *"${file%/*}/"*) continue ;; esac
        process=${file#/proc/}
        process=${process%%/*}
        case " $found " in *" $process "*) ;; *) found="$found $process" ;; esac
    done
    for signal in TERM KILL; do
        for process in $found; do kill -s "$signal" "$process" 2>/dev/null; done
        for _ in 1 2 3; do
            left=''
            for process in $found; do alive "$process" && left="$left $process"; done
            [ -n "$left" ] || break
            sleep 1
        done
        [ -n "$left" ] || break
    done
    set -f
}

# Everything this exec starts is in one process group, if the runtime made its shell the leader
# (runc and crun do). Only then may the group be signalled.
leader=no
if { read -r stat <"/proc/$$/stat"; } 2>/dev/null; then
    # shellcheck disable=SC2086 # split into fields: state, parent, group
    set -- ${stat##*') '}
    [ "$3" = "$$" ] && leader=yes
fi

# End what this exec started, and reap it: a pod's first process often reaps nobody.
finish() {
    trap '' TERM
    if [ "$guardian" ]; then
        if [ "$leader" = yes ]; then kill -s TERM 0; else kill -s TERM "$guardian"; fi 2>/dev/null
        wait "$guardian" 2>/dev/null
    fi
    [ -z "$opened" ] || close_opened
    # What was in flight is for the next run to know; else nothing of ours stays.
    [ "$held" ] && [ ! -e "$lease/kept" ] && release
}
trap 'finish; exit 143' TERM

# What the processes of this exec have done so far, as text that changes when one does something;
# empty where that cannot be told. Who waits often does something, each time for the next answer: a
# look at each of many files on a slow volume takes no time of the processor. $busy tells whether one
# waits for a disk, or for a mount whose server is gone (state D): which of them nobody can see.
activity() {
    seen='' busy=''
    for file in /proc/[0-9]*/stat; do
        { read -r stat <"$file"; } 2>/dev/null || continue
        process=${stat%% *}
        # shellcheck disable=SC2086 # split into fields, those behind the name
        set -- ${stat##*') '}
        # The guard and its sleep are no sign of life.
        [ "$3" = "$$" ] && [ "$process" != "$self" ] && [ "$2" != "$self" ] || continue
        [ "$1" = D ] && busy=yes
        seen="$seen $process ${12} ${13} ${14} ${15}"
        { while read -r key value; do
            case $key in rchar: | wchar:) seen="$seen $value" ;; esac
        done <"/proc/$process/io"; } 2>/dev/null
        { while read -r key value; do
            case $key in voluntary_ctxt_switches:) seen="$seen $value" ;; esac
        done <"/proc/$process/status"; } 2>/dev/null
    done
}

# Runs beside everything: tells the client every two seconds whether anything moves here: 1, or 0, or
# 2 where nothing does and somebody waits for a disk. When nothing has moved for $idle seconds, not even a
# line from the client was read: it is gone, although the stream was never closed, or what it waits for
# hangs. Then all is ended. A disk is waited for, however long: only the client knows what for.
guard() {
    ended='' pause=''
    trap 'ended=yes; [ -z "$pause" ] || kill "$pause" 2>/dev/null' TERM
    { read -r self _ </proc/self/stat; } 2>/dev/null
    # Only now can a TERM from `finish` not be lost any more; the client says nothing before this.
    say hello 1
    before='' still=0 beats=0
    while [ -z "$ended" ] && alive "$$"; do
        sleep 2 <&- >/dev/null 2>&1 3>&- &
        pause=$!
        wait "$pause" 2>/dev/null
        # Its number may be another's from now on.
        pause=''
        activity
        if [ -n "$seen" ] && [ "$seen" = "$before" ] && [ "$busy" ]; then
            still=0
            echo "$token beat 2 $token" >&2
        elif [ -n "$seen" ] && [ "$seen" = "$before" ]; then
            still=$((still + 2))
            echo "$token beat 0 $token" >&2
            if [ "$still" -ge "$idle" ] && [ -z "$ended" ]; then
                if [ "$leader" = yes ]; then kill -s TERM 0; else kill -s TERM "$$"; fi
            fi
        else
            still=0
            [ -n "$seen" ] && echo "$token beat 1 $token" >&2
        fi
        before=$seen beats=$((beats + 1))
        [ "$lease" ] && {
            [ ! -e "$lease/owner" ] || echo "$still $beats $$" >"$lease/still.$token"
        } 2>/dev/null
    done
    wait
}
