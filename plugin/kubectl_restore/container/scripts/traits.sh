# shellcheck shell=sh
# What a volume keeps.
# Everything is tried once in a directory of ours, which nothing else is in; $sees says what came of
# it.
try_out() {
    number=$first
    for path; do
        if begin_scratch "$path"; then
            say tried "$number"
            (cd "$scratch" && try_here)
            end_scratch "$path"
        fi
        number=$((number + 1))
    done
}

# Make directory $scratch in directory $1. It goes, too, when we are ended in the middle; where it
# could not be taken away again it is not made.
begin_scratch() {
    has rm || return
    before=$(stat -c '%Y %y' "$1/.")
    scratch=$1/.kubectl-restore.${token%????????}
    (umask 022 && mkdir "$scratch") || return
    trap 'rm -rf "$scratch"; exit 143' TERM
}

end_scratch() {
    rm -rf "$scratch"
    trap - TERM
    [ -z "$before" ] || give_time_back "$1/."
}

# Give directory $1 the time that it had, `SECONDS DATE TIME`: with its fraction, where touch takes
# one.
give_time_back() {
    date=${before#* }
    clock=${date#* }
    touch -d "${date%% *}T${clock%% *}" "$1" || touch -d "@${before%% *}" "$1"
} 2>/dev/null

# Which of these names, made in a directory of ours in directory $1, stand there under another's?
apart() {
    begin_scratch "$1" || return
    shift
    for name; do : >"$scratch/${name#./}"; done
    number=$first
    for name; do
        number=$((number + 1))
        [ -e "$scratch/${name#./}" ] && say stands "$number"
    done
    for path in "$scratch"/* "$scratch"/.*; do
        case $path in "$scratch"/. | "$scratch"/..) continue ;; esac
        [ -e "$path" ] && put "$token entry ${path##*/} $token" >&3
    done
    end_scratch "${scratch%/*}"
}

try_here() {
    for name in owner plain run odd early late tarred; do echo >"$name"; done
    mkdir group
    [ "$owner" = - ] || chown "$owner" owner
    chmod 0640 plain
    chmod 4751 run
    chmod 2750 group
    touch -d @1000000001 odd tarred
    touch -d @-5000000000 early
    touch -d @20000000000 late
    ln -s to link
    ln odd hard
    # Not all that touch sets stays when tar has set it (FUSE: the file is closed later).
    tar -cf tar tarred && tar -xf tar
    set -- owner plain run odd early late group link hard tarred
    if [ "$sees" = stat ]; then
        stat -c "$token trait %n $fields $token" "$@" >&3
        return
    fi
    for name; do
        # shellcheck disable=SC2086 # split into options
        said=$(ls -lnisd $listing "$name") && say trait "$name $said"
    done
}
