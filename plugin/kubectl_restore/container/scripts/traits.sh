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

# Make directory $scratch in directory $1. It goes, too, when we are ended in the middle.
begin_scratch() {
    before=$(stat -c %Y "$1/.")
    scratch=$1/.kubectl-restore.${token%????????}
    (umask 022 && mkdir "$scratch") || return
    trap 'rm -rf "$scratch"; exit 143' TERM
}

end_scratch() {
    rm -rf "$scratch"
    trap - TERM
    [ -z "$before" ] || touch -d "@$before" "$1/."
}

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
