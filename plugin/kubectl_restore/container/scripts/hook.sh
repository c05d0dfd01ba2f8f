# shellcheck shell=sh
# A command of the user's beside a restore (--before, --after), in an exec of its own: $hook, which
# container/hook.py puts before this script. Argument: MARK.
#
# stdin   a line `run`, then a line `bye`
# stdout  records as the agent's (ground.sh): `hello`, `mounted ROOT WHERE` for each mount that may
#         tell the pod, then `exit CODE` of the command and `done 0`; `bye`
# stderr  what the command says on both of its outputs; `TOKEN beat 1 TOKEN` while it runs,
#         `TOKEN done TOKEN` when it has ended
#
# It has the environment, the working directory and the umask that `kubectl exec` gives it, and not
# the agent's; a process that it leaves behind is not taken for one of ours.
# kubectl exec may lose what is said last: this shell stays until the client has said `bye`.
mark=$1
token=${mark##*.}
exec 3>&1 1>&2

say() { echo "$token $* $token" >&3; }

# Print "$*" as it is.
if command -v printf >/dev/null 2>&1; then
    put() { printf '%s' "$*"; }
else
    put() { print -rn -- "$*"; }
fi

# Tells the client every two seconds that the way is open, however long the command is silent.
# It is ended by KILL: a TERM that comes while it starts is lost in mksh now and then, and whoever
# waits for it then waits for ever. The sleep that it leaves ends by itself.
beat() {
    while :; do
        sleep 2 <&- >/dev/null 2>&1 3>&-
        echo "$token beat 1 $token" >&2 || break
    done
}

say hello 1
while read -r line; do
    case $line in
    run)
        while read -r _ _ _ root where _; do
            case $root in
            */pods/*/etc-hosts | */pods/*/containers/*)
                put "$token mounted $root $where $token" >&3
                ;;
            esac
        done 2>/dev/null </proc/self/mountinfo
        beating=''
        if command -v sleep >/dev/null 2>&1; then
            beat </dev/null 3>&- &
            beating=$!
        fi
        # A blank before it: what begins with a dash is no option.
        # shellcheck disable=SC2154 # container/hook.py puts it before this script
        sh -c " $hook" </dev/null 3>&-
        code=$?
        if [ "$beating" ]; then
            kill -s KILL "$beating" 2>/dev/null
            wait "$beating" 2>/dev/null
        fi
        echo "$token done $token" >&2
        say exit "$code"
        say 'done' 0
        ;;
    bye) break ;;
    esac
done
say bye
